"""Reads when Pax8 last came through, which says whether anything is known at all."""

from typing import Any, Final

from sqlalchemy import ClauseElement, Select, Text, func, literal_column, select, true

from billingone_api.billing.clients.models import PAX8
from billingone_api.billing.definitions.figures import Source
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_PAX8: Final = literal_column(f"'{PAX8}'", Text)


def _last_success() -> Select[Any]:
    """For a connection that does not know: it is new, or there is none any more."""
    return (
        select(func.max(sync_runs.c.finished_at))
        .where(own(sync_runs), sync_runs.c.source == _PAX8)
        .where(sync_runs.c.status.in_([literal_column("'succeeded'"), literal_column("'partial'")]))
    )


def _source() -> ClauseElement:
    connection = (
        select(integrations.c.provider, integrations.c.last_success_at)
        .where(own(integrations), integrations.c.provider == _PAX8)
        .subquery("connection")
    )
    last = func.coalesce(connection.c.last_success_at, _last_success().scalar_subquery())
    return select(
        connection.c.provider.is_not(None).label("is_connected"), last.label("last_success_at")
    ).select_from(select(_PAX8.label("source")).subquery("asked").outerjoin(connection, true()))


_SOURCE: Final = prepare(_source())


async def pax8(work: UnitOfWork) -> Source:
    (row,) = await fetch(work.connection, _SOURCE, organisation_id=work.organisation_id)
    return Source(PAX8, row["is_connected"], row["last_success_at"])
