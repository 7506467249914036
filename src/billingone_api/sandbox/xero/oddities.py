"""What invoices on the wire have and documents do not: odd dates, missing and unknown fields."""

from collections.abc import Callable
from typing import Final

from billingone_api.sandbox.wire import Record

# .NET's first instant, which stands where somebody forgot to set a date.
_YEAR_ONE: Final = "/Date(-62135596800000+0000)/"


def _without_text(row: Record) -> None:
    """Dates in milliseconds alone, as older records have them."""
    row.pop("DateString")
    row.pop("DueDateString", None)


def _without_zone(row: Record) -> None:
    row["UpdatedDateUTC"] = row["UpdatedDateUTC"].replace("+0000", "")


def _without_new_field(row: Record) -> None:
    del row["UpdatedDateUTCString"]


def _beginning_of_time(row: Record) -> None:
    """A voided invoice whose date was lost: zero, and no text beside it."""
    if row["Status"] == "VOIDED":
        for name in ("DateString", "DueDateString", "DueDate"):
            row.pop(name, None)
        row["Date"] = "/Date(0+0000)/"


def _planned_in_year_one(row: Record) -> None:
    row["PlannedPaymentDate"] = _YEAR_ONE


def _unknown_fields(row: Record) -> None:
    row["PaymentProcessor"] = {"Kind": "NONE", "Steps": [None]}
    row["TaxNumberType"] = None


def _without_reference(row: Record) -> None:
    row["Reference"] = None


# Every so many invoices, beginning with which, what happens to it.
ODDITIES: Final[tuple[tuple[int, int, Callable[[Record], None]], ...]] = (
    (31, 7, _without_text),
    (37, 5, _without_zone),
    (29, 4, _without_new_field),
    (94, 14, _beginning_of_time),
    (173, 60, _planned_in_year_one),
    (41, 12, _unknown_fields),
    (53, 16, _without_reference),
)


def disturb(row: Record, ordinal: int) -> Record:
    for step, first, change in ODDITIES:
        if ordinal % step == first:
            change(row)
    return row


def _without_id(row: Record) -> None:
    del row["InvoiceID"]


def _wordy_total(row: Record) -> None:
    row["Total"] = "to be agreed"


def _wordy_date(row: Record) -> None:
    row.pop("DateString", None)
    row["Date"] = "/Date(soon)/"


def _nested_amount(row: Record) -> None:
    row["AmountDue"] = {"Value": 12.5}


_SPOILERS: Final = (_without_id, _wordy_total, _wordy_date, _nested_amount)


def spoil(row: Record, turn: int) -> Record:
    """A record that cannot be read: it belongs into a quarantine, not away."""
    _SPOILERS[turn % len(_SPOILERS)](row)
    return row
