"""What a request asks a list for: pages, filters, order, and since when (contract, 3.1 to 3.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from billingone_api.sandbox.xero.book import UPDATED, Kind, Selection
from billingone_api.sandbox.xero.tenants import Manners
from billingone_api.sandbox.xero.where import BadWhere, Where, parse
from billingone_api.sandbox.xero.wire import milliseconds

_DEFAULT_SIZE: Final = 100
_LARGEST_SIZE: Final = 1000
_LISTS: Final = {
    "Invoices": {
        "IDs": "InvoiceID",
        "InvoiceNumbers": "InvoiceNumber",
        "ContactIDs": "Contact.ContactID",
        "Statuses": "Status",
    },
    "Contacts": {"IDs": "ContactID"},
    "Overpayments": {"References": "Reference"},
    "Prepayments": {"InvoiceNumbers": "InvoiceNumber"},
}
_BY_MONTH_FIRST: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class BadRequest(Exception):
    """A 400, with Xero's number and word for it."""

    def __init__(
        self, message: str, *, number: int = 10, kind: str = "ValidationException"
    ) -> None:
        super().__init__(message)
        self.number = number
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as asked for; without a page everything comes at once, and nothing in full."""

    selection: Selection
    since: int | None
    page: int | None
    size: int
    four_places: bool
    summary: bool


def asked(kind: Kind, query: Mapping[str, str], since: str | None, manners: Manners) -> Asked:
    return Asked(
        _selection(kind, query, manners),
        instant(since),
        _page(kind, query),
        _whole(query, "pageSize", _DEFAULT_SIZE, most=_LARGEST_SIZE),
        query.get("unitdp") == "4",
        query.get("summaryOnly", "").lower() == "true",
    )


def instant(text: str | None) -> int | None:
    """`If-Modified-Since` in ms, cut to the second.

    A day and month are swapped where they come with slashes, and what cannot be read asks for
    everything: neither is an error (contract, trap 3).
    """
    if text is None:
        return None
    swapped = _BY_MONTH_FIRST.match(text)
    if swapped:
        month, day, year = swapped.groups()
        text = f"{year}-{month:0>2}-{day:0>2}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return milliseconds(moment.replace(microsecond=0))


def _selection(kind: Kind, query: Mapping[str, str], manners: Manners) -> Selection:
    among = frozenset(
        (path, frozenset(_parts(query[name])))
        for name, path in _LISTS.get(kind.collection, {}).items()
        if query.get(name)
    )
    order = _order(kind, query.get("order"))
    where = _where(kind, query.get("where"))
    _refuse_what_costs_too_much(kind, where, order, manners)
    return Selection(
        where, among, _without(kind, query, where, manners), query.get("searchTerm", ""), order
    )


def _without(
    kind: Kind, query: Mapping[str, str], where: Where | None, manners: Manners
) -> frozenset[tuple[str, str]]:
    """What a list leaves out unless it is asked for."""
    archived = query.get("includeArchived", "").lower() == "true" or "IDs" in query
    if kind.collection == "Contacts" and not archived:
        return frozenset({("ContactStatus", "ARCHIVED")})
    by_status = "Statuses" in query or (where is not None and "Status" in where.fields)
    if manners.deleted_hidden and "Status" in kind.indexed and not by_status:
        return frozenset({("Status", "DELETED")})
    return frozenset()


def _where(kind: Kind, text: str | None) -> Where | None:
    if not text:
        return None
    try:
        where = parse(text)
    except BadWhere as error:
        raise BadRequest(str(error), number=16, kind="QueryParseException") from error
    for path in sorted(where.fields):
        _check_known(kind, path)
    return where


def _order(kind: Kind, text: str | None) -> tuple[str, bool]:
    path, _, direction = (text or UPDATED).strip().partition(" ")
    _check_known(kind, path)
    if direction.upper() not in {"", "ASC", "DESC"}:
        raise BadRequest(f"Syntax error in '{text}'", number=16, kind="QueryParseException")
    return path, direction.upper() == "DESC"


def _check_known(kind: Kind, path: str) -> None:
    if not kind.knows(path):
        raise BadRequest(
            f"No property or field '{path}' exists in type '{kind.name}'",
            number=16,
            kind="QueryParseException",
        )


def _refuse_what_costs_too_much(
    kind: Kind, where: Where | None, order: tuple[str, bool], manners: Manners
) -> None:
    fields = {order[0], *(where.fields if where else ())}
    slow = fields & kind.others or (where is not None and where.either)
    if manners.high_volume and slow:
        raise BadRequest(
            "Your request is not filtering the organisation's records efficiently",
            number=17,
            kind="HighVolumeException",
        )


def _page(kind: Kind, query: Mapping[str, str]) -> int | None:
    if not kind.paged or "page" not in query:
        return None
    return _whole(query, "page", 1, most=10**9)


def _whole(query: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:12]) <= most:
        raise BadRequest(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def _parts(text: str) -> list[str]:
    return [part.strip().strip('"') for part in text.split(",")]
