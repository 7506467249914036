"""What real lists have and documents do not: missing fields, new words, records beyond reading."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.sandbox.wire import Record


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something done to every `step`-th row, beginning with row `first`."""

    step: int
    first: int
    apply: Callable[[Record, int], None]

    def due(self, ordinal: int) -> bool:
        return ordinal % self.step == self.first


def _missing(field: str) -> Callable[[Record, int], None]:
    def take_away(row: Record, turn: int) -> None:
        """Absent the one time, null the next: both happen."""
        if turn % 2:
            row[field] = None
        else:
            row.pop(field, None)

    return take_away


def _unknown_fields(row: Record, turn: int) -> None:
    row["provisioningState"] = "complete"
    row["customAttributes"] = {"costCentre": f"CC-{turn:03d}", "tags": ["managed", None]}


def _unknown_term(row: Record, turn: int) -> None:  # noqa: ARG001 - one signature for all
    if row["billingTerm"] == "Monthly":
        row["billingTerm"] = "Quarterly"


def _two_years(row: Record, turn: int) -> None:  # noqa: ARG001 - one signature for all
    if row["billingTerm"] == "Annual":
        row["billingTerm"] = "2-Year"
        row["price"] = row["price"] * 2


ODDITIES: Final = (
    Oddity(5, 3, _two_years),  # before prices go missing
    Oddity(89, 31, _missing("price")),
    Oddity(97, 41, _missing("currencyCode")),
    Oddity(53, 16, _missing("productName")),
    Oddity(61, 29, _missing("partnerCost")),
    Oddity(113, 61, _missing("vendorSubscriptionId")),
    Oddity(43, 11, _missing("updatedDate")),
    Oddity(47, 5, _unknown_fields),
    Oddity(151, 20, _unknown_term),
)


def disturb(row: Record, ordinal: int) -> Record:
    for oddity in ODDITIES:
        if oddity.due(ordinal):
            oddity.apply(row, ordinal // oddity.step)
    return row


def _without_id(row: Record) -> None:
    del row["id"]


def _wordy_quantity(row: Record) -> None:
    row["quantity"] = "many"


def _wordy_price(row: Record) -> None:
    row["price"] = "on request"


def _nested_quantity(row: Record) -> None:
    row["quantity"] = {"seats": 5}


_SPOILERS: Final = (_without_id, _wordy_quantity, _wordy_price, _nested_quantity)


def spoil(row: Record, turn: int) -> Record:
    """A record that cannot be read: it belongs into a quarantine, not away."""
    _SPOILERS[turn % len(_SPOILERS)](row)
    return row
