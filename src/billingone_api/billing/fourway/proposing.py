"""Which of Pax8's products a description of invoice lines may bill; a person confirms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz

from billingone_api.billing.fourway.models import LIKE_ENOUGH, MOST_PROPOSALS, Product, Proposal

_SURE: Final = 100
_SAME: Final[Mapping[str, str]] = {
    "m365": "microsoft 365",
    "o365": "microsoft 365",
    "office 365": "microsoft 365",
}
_SHORTEST_SKU: Final = 4
SKU: Final = "sku_in_description"
SIMILAR: Final = "similar_name"


def proposals(key: str, products: Sequence[Product]) -> list[Proposal]:
    """The likeliest first; one whose SKU stands in the description before all that sound alike."""
    found = sorted(_likely(key, products), key=lambda one: (-one.score, one.product.product_id))
    return found[:MOST_PROPOSALS]


def _likely(key: str, products: Sequence[Product]) -> Iterator[Proposal]:
    said = _plain(key)
    for product in products:
        if _has_sku(key, product):
            yield Proposal(product, _SURE, SKU)
            continue
        name = _plain(product.name_key)
        # In part by all words, in part by those that both have: descriptions say more than names.
        alike = (fuzz.token_sort_ratio(said, name) + fuzz.token_set_ratio(said, name)) / 2
        if alike >= LIKE_ENOUGH:
            yield Proposal(product, min(round(alike), _SURE - 1), SIMILAR)


def _has_sku(key: str, product: Product) -> bool:
    letters = (letter if letter.isalnum() else " " for letter in (product.sku or "").lower())
    sku = " ".join("".join(letters).split())
    return len(sku) >= _SHORTEST_SKU and f" {sku} " in f" {key} "


def _plain(key: str) -> str:
    for short, long in _SAME.items():
        key = key.replace(short, long)
    return key
