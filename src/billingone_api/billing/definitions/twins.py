"""Which invoice of SuperOps is one of Xero once more, going by what both say of themselves."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from billingone_api.billing.definitions.models import MatchedBy


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice as it is compared; `number_key` is its number's letters and digits."""

    id: UUID
    is_xeros: bool
    number_key: str
    client_id: UUID | None
    currency: str | None
    total: Decimal | None
    is_void: bool
    issued_on: date | None


Twins = Mapping[UUID, tuple[UUID, MatchedBy]]
"""SuperOps's invoices by their ids, each with Xero's."""


def paired(candidates: Iterable[Candidate]) -> Twins:
    """Each invoice has one twin at most; the surer reason is asked first.

    Where one of the two has no client yet, number, currency and total must do: counting the same
    money twice until somebody maps it would be the greater mistake.
    """
    left = sorted(candidates, key=_order)
    twins: dict[UUID, tuple[UUID, MatchedBy]] = {}
    for reason, alike, is_asked in _ROUNDS:
        found = _pairs(filter(is_asked, left), alike)
        twins |= {mine: (xeros, reason) for mine, xeros in found}
        taken = {id_ for pair in found for id_ in pair}
        left = [one for one in left if one.id not in taken]
    return twins


def _pairs(
    candidates: Iterable[Candidate], alike: Callable[[Candidate], Hashable]
) -> list[tuple[UUID, UUID]]:
    groups: dict[Hashable, tuple[list[UUID], list[UUID]]] = defaultdict(lambda: ([], []))
    for one in candidates:
        groups[alike(one)][one.is_xeros].append(one.id)
    return [pair for mine, xeros in groups.values() for pair in zip(mine, xeros, strict=False)]


def _order(one: Candidate) -> tuple[bool, date, UUID]:
    """A voided invoice whose number was given again is not the first to be meant."""
    return one.is_void, one.issued_on or date.min, one.id


def _by_client(one: Candidate) -> Hashable:
    return one.client_id, one.number_key


def _by_money(one: Candidate) -> Hashable:
    return one.number_key, one.currency, one.total


def _by_both(one: Candidate) -> Hashable:
    return one.client_id, _by_money(one)


def _has_client(one: Candidate) -> bool:
    return one.client_id is not None


def _has_money(one: Candidate) -> bool:
    return one.currency is not None and one.total is not None


_ROUNDS: Final = (
    (MatchedBy.EXACT, _by_both, lambda one: _has_client(one) and _has_money(one)),
    (MatchedBy.OTHER_TOTAL, _by_client, _has_client),
    # SuperOps's without a client with any of Xero's, then the other way round
    (
        MatchedBy.UNMAPPED,
        _by_money,
        lambda one: _has_money(one) and (one.is_xeros or not _has_client(one)),
    ),
    (
        MatchedBy.UNMAPPED,
        _by_money,
        lambda one: _has_money(one) and not (one.is_xeros and _has_client(one)),
    ),
)
