"""What each list of Pax8 may be asked: its sort strings, its filters, and its pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_DEFAULT_SIZE: Final = 10
_LARGEST_SIZE: Final = 200
_LONGEST_NUMBER: Final = 9

DOCUMENTED_STATUSES: Final = frozenset(
    {
        "Active", "Cancelled", "PendingManual", "PendingAutomated", "PendingCancel",
        "WaitingForDetails", "Trial", "Converted", "PendingActivation", "Activated",
    }
)  # fmt: skip
DOCUMENTED_TERMS: Final = frozenset(
    {"Monthly", "Annual", "2-Year", "3-Year", "One-Time", "Trial", "Activation"}
)
_BOOLEANS: Final = frozenset({"true", "false"})


class BadQuery(Exception):
    """A query parameter that Pax8 does not take."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page, counted from 0, and how many rows each has."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: sort names and filters, each with the field it reads.

    `directed` lists take `field,asc` and `field,desc` only; others take a bare field too.
    """

    sorts: Mapping[str, str] = field(default_factory=dict)
    equals: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    directed: bool = False

    def paging(self, query: Mapping[str, str]) -> Paging:
        number = _whole(query, "page", default=0)
        size = _whole(query, "size", default=_DEFAULT_SIZE)
        if not 1 <= size <= _LARGEST_SIZE:
            raise BadQuery(f"size must be between 1 and {_LARGEST_SIZE}")
        return Paging(number, size)

    def sort(self, query: Mapping[str, str]) -> tuple[str, bool] | None:
        if "sort" not in query:
            return None
        name, comma, direction = query["sort"].partition(",")
        known = name in self.sorts and direction in ({"asc", "desc"} if comma else {""})
        if not known or (self.directed and not comma):
            raise BadQuery(f"Invalid sort: {query['sort']}")
        return self.sorts[name], direction == "desc"

    def filters(self, query: Mapping[str, str]) -> dict[str, str | bool]:
        wanted: dict[str, str | bool] = {}
        for name, path in self.equals.items():
            if name in query:
                wanted[path] = self._value(name, query[name])
        return wanted

    def _value(self, name: str, text: str) -> str | bool:
        allowed = self.allowed.get(name)
        if allowed is not None and text not in allowed:
            raise BadQuery(f"Invalid {name}: {text}")
        return text == "true" if allowed is _BOOLEANS else text


def _whole(query: Mapping[str, str], name: str, *, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
        raise BadQuery(f"{name} must be a whole number")
    return int(text)


_ADDRESS: Final = {
    name: f"address.{name}" for name in ("city", "country", "stateOrProvince", "postalCode")
}
_SWITCHES: Final = ("selfServiceAllowed", "billOnBehalfOfEnabled", "orderApprovalRequired")

COMPANIES: Final = Listing(
    sorts={"name": "name"} | _ADDRESS,
    equals={"status": "status"} | _ADDRESS | {name: name for name in _SWITCHES},
    allowed={"status": frozenset({"Active", "Inactive", "Deleted"})}
    | dict.fromkeys(_SWITCHES, _BOOLEANS),
)
CONTACTS: Final = Listing()
PRODUCTS: Final = Listing(
    sorts={"name": "name", "vendor": "vendorName"}, equals={"vendorName": "vendorName"}
)
SUBSCRIPTIONS: Final = Listing(
    sorts={
        name: name
        for name in ("quantity", "startDate", "endDate", "createdDate", "billingStart", "price")
    },
    equals={name: name for name in ("status", "billingTerm", "companyId", "productId")},
    allowed={"status": DOCUMENTED_STATUSES, "billingTerm": DOCUMENTED_TERMS},
    directed=True,
)
USAGE_SUMMARIES: Final = Listing(
    sorts={name: name for name in ("resourceGroup", "currentCharges", "partnerTotal")},
    equals={"resourceGroup": "resourceGroup"},
)
INVOICES: Final = Listing(
    sorts={
        name: name
        for name in (
            "invoiceDate", "dueDate", "status", "partnerName", "total", "balance", "carriedBalance",
        )
    },
    equals={name: name for name in ("status", "invoiceDate", "dueDate")},
    allowed={
        "status": frozenset({"Unpaid", "Paid", "Void", "Carried", "Nothing Due", "Credited"})
    },
)  # fmt: skip
ITEMS: Final = Listing()
