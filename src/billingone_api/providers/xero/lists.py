"""The lists of Xero's accounting API: how each is asked for, and how its pages are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from billingone_api.kit.http.calls import Query
from billingone_api.providers.records import RecordReader, Reject, whole
from billingone_api.providers.xero.dates import parse_instant
from billingone_api.providers.xero.pages import RawPage, Wanted
from billingone_api.providers.xero.payloads.contacts import Contact
from billingone_api.providers.xero.payloads.documents import (
    CreditNote,
    Invoice,
    Overpayment,
    Prepayment,
)
from billingone_api.providers.xero.payloads.organisation import Account, Organisation
from billingone_api.providers.xero.payloads.payments import Payment
from billingone_api.providers.xero.payloads.wire import XeroPayload
from billingone_api.providers.xero.provider import XERO

PAGE_SIZE: Final = 500
OVERLAP: Final = timedelta(seconds=120)
"""What is written late is found by the next delta: it begins so long before the newest change."""
_OLDEST_CHANGE_FIRST: Final = "UpdatedDateUTC ASC"
# Without them unit prices come rounded to two places.
_FOUR_PLACES: Final[Query] = {"unitdp": 4}
_ARCHIVED_TOO: Final[Query] = {"includeArchived": "true"}

T = TypeVar("T", bound=XeroPayload)


@dataclass(frozen=True, slots=True)
class Readable(Generic[T]):
    """Records that could be read, and those that could not, each in the order they came."""

    records: tuple[T, ...]
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, slots=True)
class Batch(Readable[T]):
    """One page of a list, without what the same walk brought before.

    A walk that begins at `since` goes on behind this page. `newest` is the newest change read
    so far; `total` how many records there were when the walk began, where Xero said so.
    """

    since: datetime | None
    newest: datetime | None
    total: int | None

    @property
    def cursor(self) -> datetime | None:
        """Where the next delta begins once this walk has ended well; None: where this one did.

        By Xero's clock, never ours.
        """
        return None if self.newest is None else self.newest - OVERLAP


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A list: its name in the path and in the answer, and what is always asked of it.

    `where` only spares us records of suppliers: they are passed over in any case.
    """

    name: str
    model: type[T]
    id_name: str
    always: Query = field(default_factory=dict)
    where: str | None = None

    def query(self, wanted: Wanted, *, filtered: bool) -> dict[str, str | int]:
        query: dict[str, str | int] = {
            "page": wanted.page,
            "pageSize": wanted.size,
            "order": _OLDEST_CHANGE_FIRST,
        }
        where = {"where": self.where} if self.where is not None and filtered else {}
        return query | dict(self.always) | where

    def rows(self, answer: Any) -> list[Any]:
        rows = answer.get(self.name) if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise XERO.malformed(f"there is no list of {self.name} in it")
        return rows

    def page(self, answer: Any) -> RawPage:
        rows = self.rows(answer)
        block = answer.get("pagination")
        counts = block if isinstance(block, dict) else {}
        return RawPage(
            rows,
            page_count=whole(counts.get("pageCount")),
            item_count=whole(counts.get("itemCount")),
            answered_at=_instant(answer.get("DateTimeUTC")),
        )

    def readable(self, rows: list[Any]) -> Readable[T]:
        """Without what belongs to suppliers: they share the lists with clients."""
        records, rejects = RecordReader(self.model, id_name=self.id_name).read(rows)
        return Readable(tuple(one for one in records if not _is_of_supplier(one)), rejects)


INVOICES: Final = Kind(
    "Invoices",
    Invoice,
    "InvoiceID",
    always={**_FOUR_PLACES, **_ARCHIVED_TOO},
    where='Type=="ACCREC"',
)
CREDIT_NOTES: Final = Kind(
    "CreditNotes", CreditNote, "CreditNoteID", always=_FOUR_PLACES, where='Type=="ACCRECCREDIT"'
)
OVERPAYMENTS: Final = Kind("Overpayments", Overpayment, "OverpaymentID", always=_FOUR_PLACES)
PREPAYMENTS: Final = Kind("Prepayments", Prepayment, "PrepaymentID", always=_FOUR_PLACES)
PAYMENTS: Final = Kind("Payments", Payment, "PaymentID")
CONTACTS: Final = Kind("Contacts", Contact, "ContactID", always=_ARCHIVED_TOO)
ACCOUNTS: Final = Kind("Accounts", Account, "AccountID")
ORGANISATIONS: Final = Kind("Organisations", Organisation, "OrganisationID")


def modified_since(since: datetime | None) -> Mapping[str, str]:
    """A filter, no condition: to the second and in UTC, or Xero reads it in its own way."""
    if since is None:
        return {}
    return {"If-Modified-Since": since.strftime("%Y-%m-%dT%H:%M:%S")}


def _is_of_supplier(record: XeroPayload) -> bool:
    return bool(getattr(record, "is_of_supplier", False))


def _instant(value: Any) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None
