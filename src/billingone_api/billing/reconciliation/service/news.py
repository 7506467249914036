"""Says what a snapshot has found: that it is ready, and who has become under-licensed by it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billingone_api.billing.definitions.models import monthly
from billingone_api.billing.reconciliation.models import (
    Doubt,
    LineStatus,
    Moment,
    Outcome,
    UnderLicensed,
)
from billingone_api.kit.events import Event, changed
from billingone_api.kit.money import rounded


def told(
    snapshot_id: str,
    outcome: Outcome,
    doubts: Sequence[Doubt],
    *,
    moment: Moment,
    summary: Mapping[str, Any],
    news: Sequence[UnderLicensed],
) -> list[Event]:
    """The snapshot, then each client; every event says how sure the snapshot is."""
    sure = {"outcome": outcome, "doubts": list(doubts)}
    ready = {
        **sure,
        "day": moment.day.isoformat(),
        "is_past": moment.is_past,
        "clients": {status: summary[status] for status in LineStatus},
        "units_under": summary["units_under"],
        "units_over": summary["units_over"],
        "at_stake": _under(summary["stakes"]),
        "became_under_licensed": len(news),
    }
    return [
        changed("snapshot.ready", "snapshot", snapshot_id, before=None, after=ready),
        *(_became(one, {"snapshot_id": snapshot_id, **sure}) for one in news),
    ]


def _became(one: UnderLicensed, where: Mapping[str, Any]) -> Event:
    after = {
        "status": LineStatus.UNDER_LICENSED,
        "client_name": one.client_name,
        "variance": f"{one.variance:f}",
        "lines": one.lines,
        "at_stake": _under(one.stakes),
        **where,
    }
    before = None if one.was is None else {"status": one.was}
    about = ("client.under_licensed", "client", str(one.client_id))
    return changed(*about, before=before, after=after)


def _under(stakes: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """What is used and not paid for a month, for each currency where that is something."""
    money = (rounded(monthly(Decimal(one["under"])), currency=one["currency"]) for one in stakes)
    return [
        {"amount": f"{each.amount:f}", "currency": each.currency} for each in money if each.amount
    ]
