"""Decides what an organisation may choose, and when its next snapshot is due by itself."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from billingone_api.billing.reconciliation.models import ReconciliationSettings
from billingone_api.billing.reconciliation.ports import SettingsRepository
from billingone_api.kit.clock import MONTHS_A_YEAR, next_monthly
from billingone_api.kit.errors import Pointer, ValidationFailed
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Tell, changed


async def change_settings(
    repository: SettingsRepository,
    choices: Mapping[str, Any],
    *,
    expected_version: int | None,
    now: datetime,
    tell: Tell,
) -> ReconciliationSettings:
    """The settings with these choices; raises PreconditionFailed and ValidationFailed."""
    known = await repository.locked()
    if expected_version not in {None, known.version}:
        raise stale()
    _refuse_strangers(choices.get("count_sources", {}), await repository.sources())
    chosen = replace(known, **choices)
    if chosen == known:
        return known
    kept = replace(chosen, version=known.version + 1, updated_at=now)
    await repository.save(kept)
    about = ("reconciliation_settings.updated", "reconciliation_settings", "reconciliation")
    tell(changed(*about, before=known, after=chosen))
    return kept


def _refuse_strangers(chosen: Mapping[str, str], sources: Mapping[str, Sequence[str]]) -> None:
    errors = [
        Pointer(
            "body",
            f"/count_sources/{metric}",
            "source_never_counted",
            f"Has never counted this. Known: {', '.join(sources.get(metric, ())) or 'none yet'}.",
        )
        for metric, source in chosen.items()
        if source not in sources.get(metric, ())
    ]
    if errors:
        raise ValidationFailed("A source that never counted a metric cannot speak.", errors=errors)


def next_slot(
    settings: ReconciliationSettings, *, time_zone: str, after: datetime
) -> datetime | None:
    """When a snapshot is next due by itself; None where it never is."""
    if settings.schedule_day is None:
        return None
    return next_monthly(
        after,
        day=settings.schedule_day,
        minute=settings.schedule_minute,
        time_zone=settings.schedule_time_zone or time_zone,
    )


def months_before(instant: datetime, months: int) -> datetime:
    """So many calendar months ago; a day that month does not have is its last."""
    year, month = divmod(instant.year * MONTHS_A_YEAR + instant.month - 1 - months, MONTHS_A_YEAR)
    last = monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))
