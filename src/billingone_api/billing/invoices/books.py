"""The words of somebody's books: what a sync copies of invoices and the money around them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from billingone_api.billing.definitions.models import InvoiceState
from billingone_api.billing.syncs.models import Unreadable

T = TypeVar("T")


class CreditKind(StrEnum):
    """Why a client has something to its credit."""

    CREDIT_NOTE = "credit_note"
    OVERPAYMENT = "overpayment"
    PREPAYMENT = "prepayment"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose books are read; another `source_id` is other books."""

    source_id: str
    name: str | None
    short_code: str | None
    base_currency: str | None
    country: str | None
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books as they are kept: our id of them, and the currency that rates are told in."""

    id: UUID
    base_currency: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; people may change its code, and bank accounts may have none."""

    source_id: str
    code: str | None
    name: str
    type: str | None
    account_class: str | None
    source_status: str | None
    tax_type: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom documents are for; `people` are those beside the main one, as they are shown."""

    source_id: str
    name: str
    source_status: str | None
    merged_into: str | None
    contact_number: str | None
    account_number: str | None
    tax_number: str | None
    email: str | None
    website: str | None
    is_customer: bool | None
    people: Sequence[dict[str, Any]]
    source_updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document; amounts as received, unit amounts to four places.

    `line_amount` is after the discount, and with tax where the document's amounts are inclusive.
    """

    source_id: str | None
    description: str | None
    quantity: Decimal | None
    unit_amount: Decimal | None
    discount_rate: Decimal | None
    discount_amount: Decimal | None
    line_amount: Decimal | None
    tax_amount: Decimal | None
    tax_type: str | None
    item_code: str | None
    item_name: str | None
    account_id: str | None
    account_code: str | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of a credit is set against which invoice of the same books."""

    source_id: str | None
    invoice_source_id: str | None
    invoice_number: str | None
    amount: Decimal | None
    allocated_on: date | None
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Invoice:
    """A sales invoice; money in its own currency, `currency_rate` as told.

    `lines` None: they did not come along, and those that are kept stay. `seen_digest` is of the
    row of a list that lines do not come with.
    """

    source_id: str
    number: str | None
    reference: str | None
    contact_id: str | None
    contact_name: str | None
    source_status: str | None
    state: InvoiceState
    issued_on: date | None
    due_on: date | None
    fully_paid_on: date | None
    currency: str | None
    currency_rate: Decimal | None
    subtotal: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    amount_due: Decimal | None
    amount_paid: Decimal | None
    amount_credited: Decimal | None
    line_amounts_are: str | None
    sent_to_contact: bool | None
    source_updated_at: datetime | None
    lines: Sequence[Line] | None = field(default=())
    seen_digest: bytes | None = None

    @property
    def lines_digest(self) -> bytes | None:
        """None where they did not come along."""
        if self.lines is None:
            return None
        return hashlib.sha256(_spelt(self.lines, _of_line).encode()).digest()


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note, overpayment or prepayment, and the invoices it is set against."""

    source_id: str
    kind: CreditKind
    number: str | None
    reference: str | None
    contact_id: str | None
    contact_name: str | None
    source_status: str | None
    state: InvoiceState
    issued_on: date | None
    currency: str | None
    currency_rate: Decimal | None
    subtotal: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    remaining: Decimal | None
    line_amounts_are: str | None
    source_updated_at: datetime | None
    lines: Sequence[Line] | None = field(default=())
    allocations: Sequence[Allocation] = ()

    @property
    def lines_digest(self) -> bytes:
        """Of lines and allocations together."""
        lines = "lacking" if self.lines is None else _spelt(self.lines, _of_line)
        allocations = _spelt(self.allocations, _of_allocation)
        return hashlib.sha256(f"{lines}{allocations}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came or, as a refund, went back; in the currency of what was paid.

    What was paid is an invoice or a credit, by its id in the same books.
    """

    source_id: str
    source_status: str | None
    is_deleted: bool
    is_refund: bool
    paid_on: date | None
    currency: str | None
    amount: Decimal | None
    currency_rate: Decimal | None
    reference: str | None
    invoice_source_id: str | None
    credit_source_id: str | None
    contact_id: str | None
    kind: str | None
    document_number: str | None
    batch_id: str | None
    source_updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records of a list that is read by its changes.

    A walk that begins at `since` goes on behind this page. `cursor` is where the next one begins
    once this one has ended, by their clock; None where nothing has changed. `total` is how many
    records there are to read, where they say so.
    """

    records: Sequence[T]
    unreadable: Sequence[Unreadable] = ()
    since: datetime | None = None
    cursor: datetime | None = None
    total: int | None = None


_of_line: Final = attrgetter(*(item.name for item in fields(Line)))
_of_allocation: Final = attrgetter(*(item.name for item in fields(Allocation)))


def _spelt(items: Sequence[Any], values_of: Callable[[Any], tuple[Any, ...]]) -> str:
    return repr([values_of(item) for item in items])
