"""Decides when PanelOne is asked for counts, and what is kept of what it says."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from billingone_api.billing.counts.models import (
    Count,
    Found,
    Refresh,
    Refreshed,
    RefreshStatus,
)
from billingone_api.billing.counts.ports import CountRegister, RefreshBook
from billingone_api.billing.counts.service import push
from billingone_api.billing.syncs.models import Failure, Trigger, Unreadable
from billingone_api.kit.errors import ApiError, NotFound
from billingone_api.kit.events import Event, Tell, changed

MAX_ATTEMPTS: Final = 5
"""Times that workers died over one refresh; then it is given up."""
NOT_CONFIGURED: Final = Refreshed(
    RefreshStatus.FAILED,
    "panelone_not_configured",
    "This installation asks PanelOne for nothing; PanelOne pushes its counts. Whoever runs "
    "BillingOne can set PANELONE_API_URL.",
)
INTERRUPTED: Final = Refreshed(
    RefreshStatus.FAILED,
    "internal_error",
    "Something went wrong on our side, several times. Ask again; the counts are as they were.",
)
_NOT_FRESH: Final = "counts_not_fresh"
_NEWEST: Final = "PanelOne did not count anew; these are the newest counts it had."
_BATCH: Final = 5_000


async def request_refresh(
    book: RefreshBook,
    *,
    trigger: Trigger,
    requested_by: str | None,
    tell: Tell,
    at: datetime | None = None,
) -> UUID:
    """The id of a new refresh, or of the one that is running, of which nothing is new."""
    id_, joined = await book.request(trigger=trigger, requested_by=requested_by, at=at)
    if not joined:
        after = {"trigger": trigger, "requested_by": requested_by}
        tell(
            changed("counts.refresh_requested", "count_refresh", str(id_), before=None, after=after)
        )
    return id_


async def found_refresh(book: RefreshBook, refresh_id: UUID) -> Refresh:
    """Raises NotFound."""
    refresh = await book.find(refresh_id)
    if refresh is None:
        raise NotFound
    return refresh


async def end(
    refresh_id: UUID,
    found: Found | Failure | Refreshed,
    book: RefreshBook,
    register: CountRegister,
    *,
    now: datetime,
    tell: Tell,
) -> Refreshed:
    """Keep what was found; where nothing was, counts stay as they are, of their instants.

    Two may share a refresh, such as a person's and that before a snapshot. Whoever ends it says
    what became of it; what the other found is kept all the same, for the first may have found
    nothing, or found it earlier. Gives the better of both.
    """
    if not await book.hold(refresh_id):
        ended = (await found_refresh(book, refresh_id)).ended
        if not isinstance(found, Found):
            return ended
        late = await _kept(refresh_id, found, book, register, now=now, tell=tell)
        return late if late.is_fresh else ended
    if isinstance(found, Found):
        refreshed = await _kept(refresh_id, found, book, register, now=now, tell=_in_one_event)
    elif isinstance(found, Failure):
        refreshed = Refreshed(RefreshStatus.FAILED, found.code, found.sentence)
    else:
        refreshed = found
    await book.end(refresh_id, refreshed)
    is_done = refreshed.status is RefreshStatus.DONE
    action = "counts.refreshed" if is_done else "counts.refresh_failed"
    told = {name: value for name, value in asdict(refreshed).items() if name != "status"}
    tell(changed(action, "count_refresh", str(refresh_id), before=None, after=told))
    return refreshed


async def _kept(
    refresh_id: UUID,
    found: Found,
    book: RefreshBook,
    register: CountRegister,
    *,
    now: datetime,
    tell: Tell,
) -> Refreshed:
    aside, told = list(found.unreadable), Counter[str]()
    for start in range(0, len(found.counts), _BATCH):
        batch = found.counts[start : start + _BATCH]
        statuses = await push(batch, register, now=now, tell=tell)
        for one, status in zip(batch, statuses, strict=True):
            if isinstance(status, ApiError):
                aside.append(_unreadable(one, status.detail))
            else:
                told[status] += 1
    await book.set_aside(refresh_id, aside)
    why = found.not_fresh
    return Refreshed(
        RefreshStatus.DONE,
        None if why is None else _NOT_FRESH,
        None if why is None else f"{_NEWEST} {why}",
        changed=told["created"] + told["updated"],
        unchanged=told["unchanged"],
        quarantined=len(aside),
    )


def _unreadable(count: Count, reason: str) -> Unreadable:
    excerpt = json.dumps(asdict(count), default=str)
    return Unreadable(None, reason, excerpt)


def _in_one_event(_: Event) -> None:
    """A refresh is told of once, with its figures."""
