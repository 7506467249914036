"""What has happened to an invoice: paid at once or in parts, credited, overpaid, voided."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

WHOLE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note, overpayment or prepayment, as shares of the invoice's total.

    `refunded` says that what was not applied went back in money; `dead` is the status of one that
    counts for nothing: not approved yet, or voided.
    """

    collection: str
    size: Decimal
    applied: Decimal
    refunded: bool = False
    dead: str | None = None

    @property
    def status(self) -> str:
        spent = self.refunded or self.applied == self.size
        return self.dead or ("PAID" if spent else "AUTHORISED")


@dataclass(frozen=True, slots=True)
class Story:
    """What became of an invoice; `status` is Xero's word for it.

    `shares` are payments as parts of the total, None is what is left; `undone` says that they
    were deleted afterwards.
    """

    status: str
    shares: tuple[Decimal | None, ...] = ()
    credit: Credit | None = None
    undone: bool = False


PAID: Final = Story("PAID", (None,))
OPEN: Final = Story("AUTHORISED")
DRAFT: Final = Story("DRAFT")
SUBMITTED: Final = Story("SUBMITTED")
VOIDED: Final = Story("VOIDED")
DELETED: Final = Story("DELETED")
ARCHIVED: Final = Story("ARCHIVED")  # a word that no list of Xero's statuses has
IN_PARTS: Final = Story("PAID", (Decimal("0.4"), None))
PART_PAID: Final = Story("AUTHORISED", (Decimal("0.6"),))
UNDONE: Final = Story("AUTHORISED", (None,), undone=True)
CREDITED: Final = Story("PAID", (None,), Credit("CreditNotes", Decimal("0.25"), Decimal("0.25")))
PART_CREDITED: Final = Story(
    "AUTHORISED", (), Credit("CreditNotes", Decimal("0.3"), Decimal("0.3"))
)
WRITTEN_OFF: Final = Story("PAID", (), Credit("CreditNotes", WHOLE, WHOLE))
CREDIT_LARGER: Final = Story("PAID", (), Credit("CreditNotes", Decimal("1.25"), WHOLE))
REFUNDED: Final = Story(
    "PAID", (None,), Credit("CreditNotes", Decimal("0.2"), Decimal(0), refunded=True)
)
CREDIT_DRAFTED: Final = Story(
    "PAID", (None,), Credit("CreditNotes", Decimal("0.2"), Decimal(0), dead="DRAFT")
)
CREDIT_VOIDED: Final = Story(
    "PAID", (None,), Credit("CreditNotes", Decimal("0.2"), Decimal(0), dead="VOIDED")
)
OVERPAID: Final = Story("PAID", (None,), Credit("Overpayments", Decimal("0.3"), Decimal("0.1")))
PREPAID: Final = Story("PAID", (), Credit("Prepayments", WHOLE, WHOLE))
OVERPAID_AND_BACK: Final = Story(
    "PAID", (None,), Credit("Overpayments", Decimal("0.3"), Decimal("0.1"), refunded=True)
)
PREPAID_AND_BACK: Final = Story(
    "PAID", (), Credit("Prepayments", Decimal("1.2"), WHOLE, refunded=True)
)
PREPAID_MORE: Final = Story("PAID", (), Credit("Prepayments", Decimal("1.5"), WHOLE))

# Turns of 47, which is coprime to any usual number of clients: each meets every story in time.
_TURNS: Final = 47
_UNUSUAL: Final[Mapping[int, Story]] = {
    2: CREDITED, 5: PART_PAID, 7: CREDIT_DRAFTED, 8: IN_PARTS, 10: CREDIT_VOIDED, 11: OPEN,
    14: VOIDED, 17: DELETED, 20: CREDIT_LARGER, 23: OVERPAID, 26: PREPAID, 29: UNDONE,
    32: WRITTEN_OFF, 35: REFUNDED, 37: OVERPAID_AND_BACK, 38: OPEN, 41: PART_CREDITED,
    43: PREPAID_AND_BACK, 44: PREPAID_MORE,
}  # fmt: skip
_BILLS: Final = (PAID, PAID, CREDITED, PAID, OVERPAID, PAID, PREPAID, PAID)
_RECENT: Final = (DRAFT, SUBMITTED, OPEN, OPEN)
SETTLED_AFTER_DAYS: Final = 24
_PAID_AFTER_DAYS: Final = 40
_NEW_WORD_EVERY: Final = 499


def story_of(ordinal: int, *, age_in_days: int, bill: bool) -> Story:
    """Young invoices wait; older ones are paid, except for those that have a story."""
    if age_in_days < SETTLED_AFTER_DAYS:
        return OPEN if bill else _RECENT[ordinal % len(_RECENT)]
    if bill:
        return _BILLS[ordinal % len(_BILLS)]
    if ordinal % _NEW_WORD_EVERY == 123:  # noqa: PLR2004 - any of them would do
        return ARCHIVED
    usual = PAID if age_in_days > _PAID_AFTER_DAYS else OPEN
    return _UNUSUAL.get(ordinal % _TURNS, usual)
