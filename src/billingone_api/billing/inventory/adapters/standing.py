"""How far what SuperOps lists is known, and by which rule it is counted."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ClauseElement, exists, func, literal_column, or_, select

from billingone_api.billing.counts.adapters.devices import bound_by, is_read
from billingone_api.billing.counts.adapters.superops import THROUGH, last_walk
from billingone_api.billing.counts.models import SUPEROPS, DeviceRule
from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.inventory.models import Standing
from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.reconciliation import reconciliation_settings
from billingone_api.database.tables.superops import superops_assets, superops_users
from billingone_api.database.tables.syncs import quarantined_records, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_KINDS: Final = ("assets", "users", "clients")
_CHOSEN: Final = ("idle_device_days", "ignored_device_names")


def _statement() -> ClauseElement:
    connected, run, chosen = integrations.c, sync_runs.c, reconciliation_settings.c
    newest = (
        select(run.finished_at)
        .where(own(sync_runs), run.source == word(SUPEROPS))
        .where(run.status.in_([word(status) for status in THROUGH]))
        .order_by(run.queued_at.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    success = func.coalesce(connected.last_success_at, newest)
    has_rows = or_(*(exists().where(is_read(of)) for of in (superops_assets, superops_users)))
    aside = quarantined_records.c
    quarantined = (
        select(func.count())
        .where(own(quarantined_records), aside.source == word(SUPEROPS))
        .where(aside.kind.in_([word(kind) for kind in _KINDS]))
    )
    is_its = own(integrations) & (connected.provider == word(SUPEROPS))
    return select(
        connected.provider.is_not(None).label("is_connected"),
        of_these_books(word(SUPEROPS), success).label("last_success_at"),
        last_walk().scalar_subquery().label("counted_at"),
        newest.label("newest"),
        has_rows.label("has_rows"),
        quarantined.scalar_subquery().label("quarantined"),
        chosen.organisation_id.is_not(None).label("has_chosen"),
        *(chosen[name] for name in _CHOSEN),
    ).select_from(
        select(literal_column("1"))
        .subquery("one")
        .outerjoin(integrations, is_its)
        .outerjoin(reconciliation_settings, own(reconciliation_settings))
    )


_STANDING: Final = prepare(_statement())


async def standing_of(work: UnitOfWork, *, now: datetime) -> tuple[Standing, dict[str, Any]]:
    """With what a statement binds that goes by the rule.

    Until the lists were read to the end nothing is counted, and days are those before `now`.
    """
    row = await fetch_one(work.connection, _STANDING, organisation_id=work.organisation_id)
    if row is None:
        raise RuntimeError("A row without a table always is one.")
    rule = DeviceRule()
    if row["has_chosen"]:
        rule = DeviceRule(row["idle_device_days"], tuple(row["ignored_device_names"]))
    bound = bound_by(rule, row["counted_at"] or now)
    never = row["last_success_at"] is None
    standing = Standing(
        is_connected=row["is_connected"],
        last_success_at=row["last_success_at"],
        is_partial=row["has_rows"] if never else row["counted_at"] != row["newest"],
        quarantined=row["quarantined"],
        counted_at=row["counted_at"],
        idle_device_days=rule.idle_days,
        idle_since=bound["idle_since"],
        ignored_device_names=rule.ignored_names,
    )
    return standing, bound
