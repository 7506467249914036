"""Reads how each third party stands: its connection, its newest runs, what it left to do."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    FromClause,
    Select,
    exists,
    func,
    lateral,
    or_,
    select,
    true,
    union,
    union_all,
)

from billingone_api.billing.dashboard.models import Run, SourceFacts
from billingone_api.billing.definitions.adapters.invoices import has_invoices
from billingone_api.billing.definitions.adapters.sources import left_out, of_these_books
from billingone_api.billing.definitions.figures import Source
from billingone_api.billing.integrations.models import PAX8, PROVIDERS
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tables.syncs import quarantined_records, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_RUN: Final = ("status", "finished_at", "detail")


_PAX8: Final = word(PAX8)
_SUCCESSES: Final = [word(status) for status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL)]


def _sources() -> ClauseElement:
    """One row for each source, connected or not."""
    asked = union_all(*(select(word(one).label("source")) for one in PROVIDERS)).subquery("asked")
    source = asked.c.source
    connected = integrations.c
    runs = select(*(sync_runs.c[name] for name in ("id", "source", *_RUN))).where(
        own(sync_runs), sync_runs.c.source == source
    )
    latest = _newest(runs, "latest")
    ended = _newest(runs.where(sync_runs.c.finished_at.is_not(None)), "ended")
    through = runs.with_only_columns(sync_runs.c.finished_at)
    last_success = _newest_first(through.where(sync_runs.c.status.in_(_SUCCESSES)))
    return select(
        source,
        connected.connection_id,
        connected.attention,
        connected.schedule_minutes,
        # asked of the runs only where the connection does not know: it is new, or there is none
        of_these_books(
            source, func.coalesce(connected.last_success_at, last_success.scalar_subquery())
        ).label("last_success_at"),
        *(latest.c[name].label(f"latest_{name}") for name in _RUN),
        *(ended.c[name].label(f"ended_{name}") for name in _RUN),
        left_out(ended.c).label("left_out"),
        _quarantined(source).scalar_subquery().label("quarantined"),
        _unmapped().scalar_subquery().label("unmapped_companies"),
        _has_rows(asked).label("has_rows"),
    ).select_from(
        asked.outerjoin(integrations, own(integrations) & (connected.provider == source))
        .outerjoin(latest, true())
        .outerjoin(ended, true())
    )


def _newest(runs: Select[Any], name: str) -> FromClause:
    return lateral(_newest_first(runs)).alias(name)


def _newest_first(runs: Select[Any]) -> Select[Any]:
    return runs.order_by(sync_runs.c.queued_at.desc()).limit(1)


def _quarantined(source: Any) -> Select[Any]:
    return select(func.count()).where(
        own(quarantined_records), quarantined_records.c.source == source
    )


def _has_rows(asked: FromClause) -> Any:
    of_pax8 = exists().where(own(subscriptions), subscriptions.c.source == asked.c.source)
    return or_(of_pax8, has_invoices(asked))


def _unmapped() -> Select[Any]:
    """As `/v1/clients/unmapped` lists them: those that only a subscription speaks of as well."""
    listed, of, links = pax8_companies.c, subscriptions.c, client_links.c
    known = union(
        select(listed.source_id).where(own(pax8_companies), listed.gone_at.is_(None)),
        select(of.company_id).where(
            own(subscriptions),
            of.source == _PAX8,
            of.client_id.is_(None),
            of.gone_at.is_(None),
            of.company_id.is_not(None),
        ),
    ).subquery("known")
    is_linked = (
        select(links.source_id)
        .where(own(client_links), links.source == _PAX8, links.source_id == known.c.source_id)
        .exists()
    )
    return select(func.count()).select_from(known).where(~is_linked)


_SOURCES: Final = prepare(_sources())


async def sources_of(work: UnitOfWork) -> Mapping[str, SourceFacts]:
    rows = await fetch(work.connection, _SOURCES, organisation_id=work.organisation_id)
    return {row["source"]: _facts(row) for row in rows}


def _facts(row: Row) -> SourceFacts:
    name = row["source"]
    return SourceFacts(
        source=Source(name, row["connection_id"] is not None, row["last_success_at"]),
        attention=row["attention"],
        schedule_minutes=row["schedule_minutes"],
        latest=_run(row, "latest"),
        ended=_run(row, "ended"),
        left_out=bool(row["left_out"]),
        quarantined=row["quarantined"],
        unmapped_companies=row["unmapped_companies"] if name == PAX8 else 0,
        has_rows=row["has_rows"],
    )


def _run(row: Row, name: str) -> Run | None:
    status = row[f"{name}_status"]
    if status is None:
        return None
    return Run(RunStatus(status), row[f"{name}_finished_at"], row[f"{name}_detail"])
