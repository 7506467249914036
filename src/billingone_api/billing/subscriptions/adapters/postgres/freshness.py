"""How far a source's rows can be trusted, from the runs that copied them."""

from typing import Final

from sqlalchemy import exists, literal_column, select

from billingone_api.billing.definitions.adapters.sources import left_out
from billingone_api.billing.subscriptions.adapters.postgres.origin import FROM_PAX8
from billingone_api.billing.subscriptions.models import PAX8, Freshness
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tables.syncs import sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_THROUGH: Final = (RunStatus.SUCCEEDED, RunStatus.PARTIAL)
_last = (
    select(left_out(sync_runs.c).label("is_partial"), sync_runs.c.finished_at)
    .where(
        own(sync_runs),
        sync_runs.c.source == FROM_PAX8,
        sync_runs.c.status.in_([word(status) for status in _THROUGH]),
    )
    .order_by(sync_runs.c.queued_at.desc())
    .limit(1)
    .subquery("last")
)
_FRESHNESS: Final = prepare(
    select(
        exists().where(own(subscriptions)).label("has_rows"),
        _last.c.is_partial,
        _last.c.finished_at,
    ).select_from(
        select(literal_column("1")).subquery("one").outerjoin(_last, literal_column("true"))
    )
)


async def freshness_of(work: UnitOfWork) -> Freshness:
    row = await fetch_one(work.connection, _FRESHNESS, organisation_id=work.organisation_id)
    finished_at = None if row is None else row["finished_at"]
    never = finished_at is None
    return Freshness(
        source=PAX8,
        last_success_at=finished_at,
        never_synced=never,
        is_partial=row is not None and bool(row["has_rows"] if never else row["is_partial"]),
    )
