"""How alike two names of companies are, 0 to 100: words that few have count for more."""

import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from billingone_api.billing.clients.matching.names import Name

SAME: Final = 100
SIMILAR: Final = 80
"""Below this, two names have nothing to do with each other."""
_ACRONYM: Final = 84
_ABBREVIATED: Final = 0.9
_SHORTEST_ABBREVIATION: Final = 3
_A_TYPO: Final = 75
_HOPELESS: Final = 62
"""Letter by letter, which is quick: it spares most pairs the comparison word by word."""
_JOINED: Final = 93


_NONE: Final = (0.0, "")


class Likeness:
    """Weighs words by how many of the names that are known have them."""

    def __init__(self, names: Iterable[Name]) -> None:
        having, known = Counter[str](), 1
        for name in names:
            known += 1
            having.update(set(name.words))
        self._rare = 1 + math.log(known)
        self._weights = {word: self._rare - math.log(1 + of) for word, of in having.items()}

    def of(self, one: Name, other: Name) -> float:
        if one.joined == other.joined or one.sorted_text == other.sorted_text:
            return SAME
        if one.joined == other.initials or other.joined == one.initials:
            return _ACRONYM
        if not fuzz.ratio(one.sorted_text, other.sorted_text, score_cutoff=_HOPELESS):
            return 0
        joined = fuzz.ratio(one.joined, other.joined, score_cutoff=_JOINED)
        return min(99, max(joined, self._by_words(one, other)))

    def _by_words(self, one: Name, other: Name) -> float:
        """What both have of what either has; a word that is close or cut short counts in part."""
        left = list(other.words)
        total = sum(map(self._weight, one.words)) + sum(map(self._weight, other.words))
        shared = 0.0
        for word in one.words:
            if word in left:
                close, best = 1.0, word
            else:
                close, best = max([(_closeness(word, each), each) for each in left], default=_NONE)
            if close:
                left.remove(best)
                shared += close * (self._weight(word) + self._weight(best))
        return 100 * shared / total if total else 0

    def _weight(self, word: str) -> float:
        return self._weights.get(word, self._rare)


@lru_cache(500_000)
def _closeness(one: str, other: str) -> float:
    if one == other:
        return 1
    short, long = sorted((one, other), key=len)
    if len(short) >= _SHORTEST_ABBREVIATION and _is_short_for(short, long):
        return _ABBREVIATED
    return fuzz.ratio(one, other, score_cutoff=_A_TYPO) / 100


def _is_short_for(short: str, long: str) -> bool:
    """Its letters in their order, such as `mgmt` of management and `tech` of technologies."""
    letters = iter(long)
    return short[0] == long[0] and all(letter in letters for letter in short)
