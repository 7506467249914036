"""What is asked of SuperOps, and where the answer stands.

One field that an account does not answer fails the whole query. So each is made of what was seen
to be answered by a real account (contract page, 5 to 8); what is documented only is asked for in
a fuller query, which may be refused. JSON is a leaf, an object must be opened.
"""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from billingone_api.providers.records import RecordReader, whole
from billingone_api.providers.superops.listing import RawPage
from billingone_api.providers.superops.payloads import (
    Asset,
    Association,
    Client,
    Invoice,
    InvoiceSummary,
    SuperOpsPayload,
)
from billingone_api.providers.superops.provider import SUPEROPS

T = TypeVar("T", bound=SuperOpsPayload)


@dataclass(frozen=True, slots=True)
class Query:
    """One operation; `what` is a word for people, `fuller` may be refused."""

    operation: str
    what: str
    plain: str
    fuller: str | None = None


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A list: how it is asked for, what the answer calls it, and how its records are read."""

    query: Query
    name: str
    model: type[T]
    id_name: str

    @property
    def reader(self) -> RecordReader[T]:
        return RecordReader(self.model, id_name=self.id_name)

    def page(self, found: Any) -> RawPage:
        block = found if isinstance(found, dict) else {}
        info = block.get("listInfo")
        counts = info if isinstance(info, dict) else {}
        rows, total = block.get(self.name), _count(counts.get("totalCount"))
        if rows is None and total == 0:
            rows = []
        if not isinstance(rows, list):
            raise SUPEROPS.malformed(f"there is no list of {self.query.what} in it")
        return RawPage(rows, has_more=counts.get("hasMore") is True, total=total)


def _list(operation: str, what: str, name: str, fields: str) -> Query:
    document = (
        f"query {operation}($input: ListInfoInput!) {{ {operation}(input: $input) "
        f"{{ {name} {{ {fields} }} listInfo {{ hasMore totalCount }} }} }}"
    )
    return Query(operation, what, document)


def _invoice(line: str) -> str:
    return (
        "query getInvoice($input: InvoiceIdentifierInput!) { getInvoice(input: $input) { "
        "invoiceId displayId client invoiceDate dueDate statusEnum sentToClient discountAmount "
        "additionalDiscount additionalDiscountRate totalAmount paymentDate paymentReference "
        f"taxes {{ taxRate taxableAmount taxAmount }} items {{ {line} }} }} }}"
    )


_LINE: Final = "itemId details quantity unitPrice discountRate amount taxable"

CLIENTS: Final = Kind(
    _list("getClientList", "clients", "clients", "accountId name stage status emailDomains"),
    "clients",
    Client,
    "accountId",
)
INVOICES: Final = Kind(
    _list(
        "getInvoiceList",
        "invoices",
        "invoices",
        "invoiceId displayId client invoiceDate dueDate statusEnum sentToClient totalAmount "
        "paymentDate",
    ),
    "invoices",
    InvoiceSummary,
    "invoiceId",
)
ASSETS: Final = Kind(
    _list(
        "getAssetList",
        "assets",
        "assets",
        "assetId name assetClass client status platform lastCommunicatedTime deviceCategory "
        "hostName serialNumber",
    ),
    "assets",
    Asset,
    "assetId",
)
USERS: Final = Kind(
    _list(
        "getClientUserAssociationList",
        "client users",
        "associations",
        "id client { accountId name } user { userId name }",
    ),
    "associations",
    Association,
    "id",
)
INVOICE: Final = Query(
    "getInvoice", "invoices", _invoice(_LINE), _invoice(f"{_LINE} taxAmount serviceItem")
)
INVOICE_READER: Final = RecordReader(Invoice, id_name="invoiceId")


def _count(value: Any) -> int | None:
    """Their schema says a number, their examples say text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:12])
    return whole(value)
