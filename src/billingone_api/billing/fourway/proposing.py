"""Which of Pax8's products a description of invoice lines may bill; a person confirms."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz, process

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


class Proposer:
    """Compares descriptions with the products that are sold; of thousands it takes its time."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._products = products
        self._names = [_plain(product.name_key) for product in products]
        self._skus = [_spelt(product.sku or "") for product in products]

    def proposals(self, key: str, refused: Collection[str] = ()) -> list[Proposal]:
        """The likeliest first; whose SKU stands in the description before all that sound alike.

        `refused` are the ids of products that somebody said it does not bill.
        """
        likely = (one for one in self._likely(key) if one.product.product_id not in refused)
        found = sorted(likely, key=lambda one: (-one.score, one.product.product_id))
        return found[:MOST_PROPOSALS]

    def _likely(self, key: str) -> Iterator[Proposal]:
        said, padded = _plain(key), f" {key} "
        named = {
            place
            for place, sku in enumerate(self._skus)
            if len(sku) >= _SHORTEST_SKU and f" {sku} " in padded
        }
        for place in named:
            yield Proposal(self._products[place], _SURE, SKU)
        # In part by all words, in part by those that both have: descriptions say more than names.
        # The second is never the smaller one, so that it tells which need not be asked the first.
        close = process.extract_iter(
            said, self._names, scorer=fuzz.token_set_ratio, score_cutoff=LIKE_ENOUGH
        )
        for name, by_common, place in close:
            alike = (fuzz.token_sort_ratio(said, name) + by_common) / 2
            if alike >= LIKE_ENOUGH and place not in named:
                yield Proposal(self._products[place], min(round(alike), _SURE - 1), SIMILAR)


def proposals_for(
    keys: Sequence[str], products: Sequence[Product], refused: Mapping[str, Collection[str]]
) -> list[list[Proposal]]:
    """For each description, but for what somebody refused for it."""
    proposer = Proposer(products)
    return [proposer.proposals(key, refused.get(key, ())) for key in keys]


def _spelt(sku: str) -> str:
    letters = (letter if letter.isalnum() else " " for letter in sku.lower())
    return " ".join("".join(letters).split())


def _plain(key: str) -> str:
    for short, long in _SAME.items():
        key = key.replace(short, long)
    return key
