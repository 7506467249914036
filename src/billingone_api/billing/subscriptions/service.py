"""Decides which products Pax8 is asked for, and of which it is asked whether usage is billed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from billingone_api.billing.subscriptions.models import (
    FRESH_FOR,
    Company,
    Product,
    ProductNews,
    Subscription,
)
from billingone_api.billing.subscriptions.ports import Catalogue, Portfolio, ProductRows, Rows
from billingone_api.billing.subscriptions.sweeps import Save, few_at_a_time
from billingone_api.billing.syncs.models import Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Tell, changed
from billingone_api.request import Work

PRODUCTS_A_BATCH: Final = 20
_BY_HAND: Final = "usage_billed_by_hand"
MOST_ASKED: Final = 3
"""Usage is looked for on this many subscriptions to a product: it is the product's nature."""


def companies_alone(rows: Rows[Company]) -> Callable[[Sequence[Company]], Awaitable[Save]]:
    """Companies need nothing else to be fetched."""

    async def saving(companies: Sequence[Company]) -> Save:
        return partial(rows.write, records=companies)

    return saving


class Acquaintance:
    """Gets to know the products that subscriptions name, each once, before they are written."""

    def __init__(
        self, portfolio: Portfolio, *, products: ProductRows, rows: Rows[Subscription]
    ) -> None:
        self._portfolio = portfolio
        self._products = products
        self._rows = rows
        # Product by id, and whether we know enough of its usage; filled when first needed.
        self._known: dict[str, bool] | None = None

    async def saving(self, subscriptions: Sequence[Subscription]) -> Save:
        news = await self._news(subscriptions)

        async def save(work: Work) -> Tally:
            learnt = await self._products.write(work, news)
            written = await self._rows.write(work, subscriptions)
            return written + Tally(quarantined=learnt.quarantined)

        return save

    async def _news(self, subscriptions: Sequence[Subscription]) -> ProductNews:
        if self._known is None:
            self._known = await self._products.known()
        known = self._known
        unknown = sorted({one.product_id for one in subscriptions if one.product_id} - known.keys())
        found = await few_at_a_time(self._portfolio.product, unknown)
        # One that cannot be read has no row yet to which usage could be noted.
        readable = [isinstance(one, Product) for one in found]
        known |= {one: not read for one, read in zip(unknown, readable, strict=True)}
        suspects = _suspects(subscriptions, known)
        known |= dict.fromkeys(suspects, True)
        answers = dict(
            zip(suspects, await few_at_a_time(self._used, list(suspects.values())), strict=True)
        )
        return ProductNews(
            products=[one for one in found if isinstance(one, Product)],
            unreadable=[one for one in found if isinstance(one, Unreadable)],
            asked=[product for product, used in answers.items() if used is not None],
            used=[product for product, used in answers.items() if used],
        )

    async def _used(self, subscription_ids: Sequence[str]) -> bool | None:
        used = None
        for subscription_id in subscription_ids:
            used = await self._portfolio.has_usage(subscription_id)
            if used is not False:
                break
        return used


def _suspects(
    subscriptions: Iterable[Subscription], known: dict[str, bool]
) -> dict[str, list[str]]:
    """Of which subscriptions usage is looked for, by product."""
    found: dict[str, list[str]] = {}
    for one in subscriptions:
        if one.product_id and not known[one.product_id] and one.may_be_billed_by_usage:
            found.setdefault(one.product_id, []).append(one.source_id)
    return {product: ids[:MOST_ASKED] for product, ids in found.items()}


@dataclass(slots=True)
class ProductBatch:
    """Some products, read again."""

    news: ProductNews
    checkpoint: Checkpoint
    total: int | None
    products: ProductRows
    notice: str | None = None

    async def write(self, work: Work) -> Tally:
        return await self.products.write(work, self.news)


@dataclass(frozen=True, slots=True)
class Refresh:
    """The step that reads again what is known of products for too long.

    It comes before the subscriptions, which take their labels from products.
    """

    portfolio: Portfolio
    products: ProductRows
    clock: Clock
    name: str = "products"

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator[ProductBatch]:
        after = str((checkpoint or {}).get("after", ""))
        done = int((checkpoint or {}).get("done", 0))
        stale = await self.products.stale(before=self.clock.now() - FRESH_FOR, after=after)
        for start in range(0, len(stale), PRODUCTS_A_BATCH):
            ids = stale[start : start + PRODUCTS_A_BATCH]
            found = await few_at_a_time(self.portfolio.product, ids)
            yield ProductBatch(
                news=ProductNews(
                    products=[one for one in found if isinstance(one, Product)],
                    unreadable=[one for one in found if isinstance(one, Unreadable)],
                ),
                checkpoint={"after": ids[-1], "done": done + start + len(ids)},
                total=done + len(stale),
                products=self.products,
            )


async def found_product(catalogue: Catalogue, source_id: str) -> Mapping[str, Any]:
    """Raises NotFound."""
    product = await catalogue.find(source_id)
    if product is None:
        raise NotFound
    return product


async def mark_product(
    catalogue: Catalogue,
    source_id: str,
    *,
    usage_billed: bool | None,
    expected: int | None,
    at: datetime,
    tell: Tell,
) -> Mapping[str, Any]:
    """What a person says stands against the evidence; None leaves it to that again.

    Raises NotFound, and PreconditionFailed where the product is another by now.
    """
    before = await catalogue.mark(source_id, usage_billed=usage_billed, expected=expected, at=at)
    product = await found_product(catalogue, source_id)
    if before is None:
        raise stale()
    old, new = ({_BY_HAND: one[_BY_HAND]} for one in (before, product))
    if old != new:
        tell(changed("product.usage_marked", "product", source_id, before=old, after=new))
    return product
