"""Keeps the due time of each organisation's next snapshot in line with what it chose."""

from typing import Final

from billingone_api.billing.reconciliation import service
from billingone_api.billing.reconciliation.wiring import (
    SCHEDULE_KIND,
    due,
    no_longer_due,
    organisation_of,
    settings_in,
)
from billingone_api.process import Process
from billingone_api.request import Work

# Facts of an organisation by which its schedule is reckoned.
_MOVING: Final = {
    "organisation.created": None,
    "organisation.updated": "time_zone",
    "settings.updated": "time_zone",
}


async def schedule(process: Process, work: Work) -> bool:
    """Set when the next snapshot is due by itself; whether there is one."""
    organisation = await organisation_of(work)
    settings = await (await settings_in(work)).read()
    at = None
    if organisation is not None:
        zone, now = organisation.time_zone, process.clock.now()
        at = service.next_slot(settings, time_zone=zone, after=now)
    if at is None:
        await no_longer_due(work, SCHEDULE_KIND)
        return False
    await due(work, SCHEDULE_KIND, at=at)
    return True


async def keep_schedule(process: Process, work: Work) -> None:
    """A subscriber: an organisation that is new, or whose days have moved, is scheduled anew."""
    for event in work.events:
        if event.action in _MOVING and _MOVING[event.action] in {None, *event.after}:
            await schedule(process, work)
            return
