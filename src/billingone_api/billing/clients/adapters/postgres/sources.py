"""Reads when each third party last came through, and what else says whether anything is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ClauseElement, Select, Text, column, func, literal_column, select, values

from billingone_api.billing.clients.adapters.postgres.using import HAS_RULES, IS_COUNTED
from billingone_api.billing.clients.models import PAX8, SUPEROPS, XERO
from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.definitions.figures import Source
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_SOURCES: Final = (PAX8, XERO, SUPEROPS)


def _last_success(source: Any) -> Select[Any]:
    """For a connection that does not know: it is new, or there is none any more."""
    return (
        select(func.max(sync_runs.c.finished_at))
        .where(own(sync_runs), sync_runs.c.source == source)
        .where(sync_runs.c.status.in_([literal_column("'succeeded'"), literal_column("'partial'")]))
    )


def _sources() -> ClauseElement:
    words = [(word(source),) for source in _SOURCES]
    asked = values(column("source", Text), name="asked").data(words).alias("asked")
    of = integrations.c
    is_its = own(integrations) & (of.provider == asked.c.source)
    last = func.coalesce(of.last_success_at, _last_success(asked.c.source).scalar_subquery())
    return select(
        asked.c.source,
        of.provider.is_not(None).label("is_connected"),
        of_these_books(asked.c.source, last).label("last_success_at"),
        IS_COUNTED.label("has_counts"),
        HAS_RULES.label("has_rules"),
    ).select_from(asked.outerjoin(integrations, is_its))


_READ: Final = prepare(_sources())


@dataclass(frozen=True, slots=True)
class Told:
    """Each third party whose records may be a client's, and what else there is to go by."""

    sources: Mapping[str, Source]
    has_counts: bool
    has_rules: bool


async def what_there_is(work: UnitOfWork) -> Told:
    """One message, whichever of it is needed."""
    rows = await fetch(work.connection, _READ, organisation_id=work.organisation_id)
    sources = {
        row["source"]: Source(row["source"], row["is_connected"], row["last_success_at"])
        for row in rows
    }
    return Told(sources, has_counts=rows[0]["has_counts"], has_rules=rows[0]["has_rules"])
