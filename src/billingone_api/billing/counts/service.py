"""Decides which counts are kept: of clients that are known, and of instants that have been."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from billingone_api.billing.clients.errors import ClientNotFound
from billingone_api.billing.clients.models import PushStatus
from billingone_api.billing.counts.models import SKEW, Count, CountKey
from billingone_api.billing.counts.ports import CountRegister
from billingone_api.kit.errors import ApiError, InvalidRequest
from billingone_api.kit.events import Tell, changed


class CountedInFuture(InvalidRequest):
    """Nobody has counted what is still to come: the clock of whoever sent it is wrong."""

    code = "counted_in_future"


async def push(
    counts: Sequence[Count], register: CountRegister, *, now: datetime, tell: Tell
) -> list[PushStatus | ApiError]:
    """As though they came one by one, in their order; what was not kept says why."""
    clients = await register.clients({one.key.client_id for one in counts})
    wrong = [_flaw(one.key, clients, now) for one in counts]
    good = [one for one, flaw in zip(counts, wrong, strict=True) if flaw is None]
    before = await register.known({one.key for one in good})
    statuses, after = _replayed(good, before)
    news = [one for key, one in after.items() if before.get(key) != one]
    if news:
        await register.save(news)
        told = Counter(one.key.metric for one in news)
        tell(changed("counts.pushed", "counts", None, before=None, after=told))
    coming = iter(statuses)
    return [flaw or next(coming) for flaw in wrong]


def _flaw(key: CountKey, clients: set[UUID], now: datetime) -> ApiError | None:
    if key.client_id not in clients:
        return ClientNotFound("There is no such client in this organisation; push it first.")
    if key.counted_at > now + SKEW:
        return CountedInFuture("`counted_at` lies in the future; set the clock of the source.")
    return None


def _replayed(
    counts: Sequence[Count], before: Mapping[CountKey, Count]
) -> tuple[list[PushStatus], dict[CountKey, Count]]:
    now = dict(before)
    statuses = []
    for one in counts:
        known = now.get(one.key)
        if known is None:
            statuses.append(PushStatus.CREATED)
        else:
            statuses.append(PushStatus.UNCHANGED if known == one else PushStatus.UPDATED)
        now[one.key] = one
    return statuses, now
