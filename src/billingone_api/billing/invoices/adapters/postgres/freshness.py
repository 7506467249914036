"""How far the rows of Xero and SuperOps can be trusted, from the runs that copied them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Select,
    func,
    lateral,
    select,
    true,
    union_all,
)

from billingone_api.billing.definitions.adapters.invoices import has_invoices
from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.definitions.models import INVOICE_SOURCES
from billingone_api.billing.invoices.models import Freshness
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import quarantined_records, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_THROUGH: Final = (RunStatus.SUCCEEDED, RunStatus.PARTIAL)


def _asked() -> Any:
    return union_all(*(select(word(one).label("source")) for one in INVOICE_SOURCES)).subquery(
        "asked"
    )


def _statement() -> ClauseElement:
    asked = _asked()
    last = lateral(
        select(sync_runs.c.status, sync_runs.c.finished_at)
        .where(own(sync_runs), sync_runs.c.source == asked.c.source)
        .where(sync_runs.c.status.in_([word(status) for status in _THROUGH]))
        .order_by(sync_runs.c.queued_at.desc())
        .limit(1)
    ).alias("last")
    connected = integrations.c.provider
    return select(
        asked.c.source,
        connected.is_not(None).label("is_connected"),
        of_these_books(
            asked.c.source, func.coalesce(integrations.c.last_success_at, last.c.finished_at)
        ).label("last_success_at"),
        last.c.status,
        has_invoices(asked).label("has_rows"),
        _quarantined(asked).scalar_subquery().label("quarantined"),
    ).select_from(
        asked.outerjoin(integrations, own(integrations) & (connected == asked.c.source)).outerjoin(
            last, true()
        )
    )


def _quarantined(asked: Any) -> Select[Any]:
    return select(func.count()).where(
        own(quarantined_records), quarantined_records.c.source == asked.c.source
    )


_FRESHNESS: Final = prepare(_statement())


async def freshness_of(work: UnitOfWork) -> Sequence[Freshness]:
    """Of each source in its order, connected or not."""
    rows = await fetch(work.connection, _FRESHNESS, organisation_id=work.organisation_id)
    found = {row["source"]: _freshness(row) for row in rows}
    return [found[source] for source in INVOICE_SOURCES]


def _freshness(row: Row) -> Freshness:
    """Rows without any success are what an unfinished first sync has left."""
    is_unfinished = row["last_success_at"] is None and row["has_rows"]
    return Freshness(
        source=row["source"],
        is_connected=row["is_connected"],
        last_success_at=row["last_success_at"],
        is_partial=row["status"] == RunStatus.PARTIAL or is_unfinished,
        quarantined=row["quarantined"],
    )
