"""Keeps the due time of each organisation's next snapshot in line with what it chose."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from billingone_api.billing.reconciliation.service.settings import next_slot
from billingone_api.billing.reconciliation.wiring import (
    SCHEDULE_KIND,
    due,
    no_longer_due,
    organisation_of,
    settings_in,
)
from billingone_api.kit.events import Event
from billingone_api.process import Process
from billingone_api.request import Work

# Facts by which a schedule is reckoned. Whatever else changes leaves a slot that is overdue alone.
_MOVING: Final[Mapping[str, AbstractSet[str] | None]] = {
    "organisation.created": None,
    "organisation.updated": {"time_zone"},
    "settings.updated": {"time_zone"},
    "reconciliation_settings.updated": {"schedule_day", "schedule_minute", "schedule_time_zone"},
}


async def schedule(process: Process, work: Work) -> bool:
    """Set when the next snapshot is due by itself; whether there is one."""
    organisation = await organisation_of(work)
    settings = await (await settings_in(work)).read()
    at = None
    if organisation is not None:
        zone, now = organisation.time_zone, process.clock.now()
        at = next_slot(settings, time_zone=zone, after=now)
    if at is None:
        await no_longer_due(work, SCHEDULE_KIND)
        return False
    await due(work, SCHEDULE_KIND, at=at)
    return True


async def keep_schedule(process: Process, work: Work) -> None:
    """A subscriber: an organisation that is new, or whose days have moved, is scheduled anew."""
    if any(_moves(event) for event in work.events):
        await schedule(process, work)


def _moves(event: Event) -> bool:
    if event.action not in _MOVING:
        return False
    facts = _MOVING[event.action]
    return facts is None or not facts.isdisjoint(event.after)
