"""Usage summaries: what a subscription billed by usage has cost in the month so far."""

from datetime import datetime
from decimal import Decimal
from random import Random

from billingone_api.sandbox.catalogue import BY_SKU
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record

_GROUPS = ("rg-production", "rg-backup", "rg-test")


def usage_summaries(
    subscription: Record, product: Record | None, *, ids: Identifiers, now: datetime
) -> list[Record]:
    """Month to date per resource group; empty for what is not billed by usage."""
    known = BY_SKU.get(product["sku"]) if product else None
    if product is None or known is None or not known.usage_billed:
        return []
    rng = Random(ids("usage", subscription["id"], now.year, now.month))
    groups = _GROUPS[: rng.randrange(1, len(_GROUPS) + 1)]
    return [_summary(group, subscription, product, ids=ids, now=now, rng=rng) for group in groups]


def _summary(
    group: str,
    subscription: Record,
    product: Record,
    *,
    ids: Identifiers,
    now: datetime,
    rng: Random,
) -> Record:
    # Listed from a subscription, the live API leaves `companyId` out (contract, 4.5).
    charges = Decimal(rng.randrange(20_000, 9_000_000)) * now.day / Decimal(300_000)
    return {
        "id": ids("usage", subscription["id"], group, now.year, now.month),
        "subscriptionId": subscription["id"],
        "productId": product["id"],
        "resourceGroup": group,
        "vendorName": product["vendorName"],
        "currentCharges": charges.quantize(Decimal("0.0001")),
        "currencyCode": subscription.get("currencyCode") or "AUD",
        "partnerTotal": (charges * Decimal("0.87")).quantize(Decimal("0.001")),
        "isTrial": False,
    }
