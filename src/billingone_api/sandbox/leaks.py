"""What goes wrong at the month's end: of each kind, one client is billed otherwise than it holds.

Any client whom Xero and Pax8 know for certain, and that has such a charge; the answer tells whom.

- `seats_not_billed`: two seats fewer than are charged;
- `old_price`: at a price that is five per cent lower;
- `product_not_billed`: a product is left out;
- `other_currency`: a product stands on an invoice in another currency;
- `instalment`: a year's licence that is charged at once is billed by the month;
- `proration_not_billed`: seats that came in the midst of the month before are left out;
- `unknown_words`: neither an item code nor words in which a product can be recognised;
- `words_only`: no item code, but the name of the product: somebody has to confirm it;
- `seats_too_many`: three more than are held, for which the client pays too much.

Pax8's own mistakes stand in `charges`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billingone_api.sandbox.wire import Record

BUNDLE: Final = "Cyber security bundle"
_FEWER: Final = 2
_MORE: Final = 3
_LEAST_SEATS: Final = 4
_OLD: Final = Decimal("0.95")
_DOLLARS: Final = Decimal("0.655")
_PLACES: Final = Decimal("0.0001")
_MONTHS: Final = 12

Items = Sequence[Record]


@dataclass(frozen=True, slots=True)
class Leak:
    """A kind of mistake: which charge it can befall, and what is billed instead of that."""

    name: str
    befalls: Callable[[Record], bool]
    billed: Callable[[Record], list[Record]]


@dataclass(frozen=True, slots=True)
class Planted:
    """Where one was made: the client's place, and the product."""

    kind: str
    client: int
    sku: str


def _is_plain(item: Record) -> bool:
    return bool(item["type"] == "subscription" and item["term"] == "Monthly")


def _has_seats(item: Record) -> bool:
    return _is_plain(item) and bool(item["quantity"] >= _LEAST_SEATS)


def _at(price: Decimal, item: Record) -> list[Record]:
    return [item | {"price": price.quantize(_PLACES)}]


# The rarest charges first, while every client is free to lose one.
LEAKS: Final = (
    Leak(
        "instalment",
        lambda item: item["term"] == "Annual",
        lambda item: _at(Decimal(item["price"]) / _MONTHS, item),
    ),
    Leak("proration_not_billed", lambda item: item["type"] == "prorate", lambda _: []),
    Leak(
        "seats_not_billed",
        _has_seats,
        lambda item: [item | {"quantity": item["quantity"] - _FEWER}],
    ),
    Leak("old_price", _has_seats, lambda item: _at(Decimal(item["price"]) * _OLD, item)),
    Leak("product_not_billed", _has_seats, lambda _: []),
    Leak(
        "other_currency",
        _has_seats,
        lambda item: _at(Decimal(item["price"]) * _DOLLARS, item | {"currencyCode": "USD"}),
    ),
    Leak("unknown_words", _has_seats, lambda item: [item | {"sku": None, "productName": BUNDLE}]),
    Leak("words_only", _has_seats, lambda item: [item | {"sku": None}]),
    Leak(
        "seats_too_many",
        _has_seats,
        lambda item: [item | {"quantity": item["quantity"] + _MORE}],
    ),
)


def plant(due: Mapping[int, Items]) -> tuple[dict[int, list[Record]], list[Planted]]:
    """What each client is billed, with one leak of each kind, each at another client."""
    billed = {client: list(items) for client, items in due.items()}
    planted: list[Planted] = []
    free = list(due)
    for leak in LEAKS:
        for client, place in _befallen(leak, billed, free):
            item = billed[client][place]
            billed[client][place : place + 1] = leak.billed(item)
            planted.append(Planted(leak.name, client, item["sku"]))
            free.remove(client)
            break
    return billed, planted


def _befallen(
    leak: Leak, due: Mapping[int, Items], free: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Charges in AUD of a product that the client holds but once, so that nothing hides it."""
    for client in free:
        skus = [one["sku"] for one in due[client] if one["type"] == "subscription"]
        for place, item in enumerate(due[client]):
            is_only = skus.count(item["sku"]) == 1 and item["currencyCode"] == "AUD"
            if is_only and leak.befalls(item):
                yield client, place
