"""Xero's accounting API: whoever has a token, a connection, a scope and a request left."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero import kinds
from billingone_api.sandbox.xero.asking import Asked, BadRequest, asked
from billingone_api.sandbox.xero.book import Book, Kind
from billingone_api.sandbox.xero.entrance import Entrance, Visit
from billingone_api.sandbox.xero.where import BadWhere
from billingone_api.sandbox.xero.wire import CENT, enveloped, exactly, xero_json

_ROOT: Final = "/api.xro/2.0"
_KINDS: Final = (
    kinds.ACCOUNTS, kinds.CONTACTS, kinds.INVOICES, kinds.CREDIT_NOTES, kinds.PAYMENTS,
    kinds.OVERPAYMENTS, kinds.PREPAYMENTS,
)  # fmt: skip

Handler = Callable[[Visit, Request], Awaitable[Response]]


class Accounting:
    """Reads of one room's tenants; there are no writes here, as nobody makes any."""

    def __init__(self, entrance: Entrance, *, clock: Clock) -> None:
        self._entrance = entrance
        self._clock = clock
        self._answers = 0
        self.routes = [
            self._guarded("/Organisation", kinds.SETTINGS_SCOPES, self.organisation),
            self._guarded(
                "/Invoices/{id}/OnlineInvoice", kinds.INVOICES.scopes, self.online_invoice
            ),
            *(self._guarded(f"/{one.collection}", one.scopes, self._list(one)) for one in _KINDS),
            *(
                self._guarded(f"/{one.collection}/{{id}}", one.scopes, self._get(one))
                for one in _KINDS
            ),
        ]

    async def organisation(self, visit: Visit, request: Request) -> Response:  # noqa: ARG002 - one signature
        return self._answer("Organisations", xero_json([visit.tenant.facts]))

    async def online_invoice(self, visit: Visit, request: Request) -> Response:
        """Where the customer sees it; drafts are seen by nobody."""
        record = _found(visit.tenant.ledger.invoices, request.path_params["id"])
        if record["Status"] in {"DRAFT", "SUBMITTED"}:
            raise HTTPException(404)
        url = f"https://in.xero.com/{record['InvoiceID'].replace('-', '')}"
        return self._answer("OnlineInvoices", xero_json([{"OnlineInvoiceUrl": url}]))

    def _list(self, kind: Kind) -> Handler:
        async def listed(visit: Visit, request: Request) -> Response:
            since = request.headers.get("If-Modified-Since")
            wanted = asked(kind, request.query_params, since, visit.tenant.manners)
            book = visit.tenant.ledger.books[kind.collection]
            try:
                keys = book.select(wanted.selection, since=wanted.since)
            except BadWhere as error:
                raise BadRequest(str(error), number=16, kind="QueryParseException") from error
            pagination, chosen = _paged(wanted, keys)
            return self._answer(kind.collection, _rows(book, chosen, wanted), pagination)

        return listed

    def _get(self, kind: Kind) -> Handler:
        async def got(visit: Visit, request: Request) -> Response:
            ledger = visit.tenant.ledger
            record = _found(ledger.books[kind.collection], request.path_params["id"])
            contact = record.get("Contact", {}).get("ContactID")
            if contact in ledger.contacts:
                record = record | {"Contact": ledger.contacts.record(contact)}
            if request.query_params.get("unitdp") != "4":
                record = _rounded(record)
            return self._answer(kind.collection, xero_json([record]))

        return got

    def _answer(self, collection: str, rows: bytes, pagination: Record | None = None) -> Response:
        self._answers += 1
        return enveloped(
            collection,
            rows,
            now=self._clock.now(),
            answer_id=self._entrance.ids("xero-answer", self._answers),
            pagination=pagination or {},
        )

    def _guarded(self, path: str, scopes: frozenset[str], handler: Handler) -> Route:
        async def guarded(request: Request) -> Response:
            return await self._entrance.let_in(request, scopes, handler)

        return Route(f"{_ROOT}{path}", guarded, methods=["GET"])


def _found(book: Book, name: str) -> Record:
    """By id, or by number."""
    key = name.lower() if name.lower() in book else book.numbered(name)
    if key is None:
        raise HTTPException(404)
    return book.record(key)


def _paged(wanted: Asked, keys: Sequence[str]) -> tuple[Record, Sequence[str]]:
    if wanted.page is None:
        return {}, keys
    start = (wanted.page - 1) * wanted.size
    pagination = {
        "page": wanted.page,
        "pageSize": wanted.size,
        "pageCount": -(-len(keys) // wanted.size),
        "itemCount": len(keys),
    }
    return {"pagination": pagination}, keys[start : start + wanted.size]


def _rows(book: Book, keys: Sequence[str], wanted: Asked) -> bytes:
    in_full = not book.kind.lines or (wanted.page is not None and wanted.four_places)
    if in_full and not wanted.summary:
        return b"[" + b",".join(map(book.raw, keys)) + b"]"
    return xero_json([_listed(book.record(key), book.kind, wanted) for key in keys])


def _listed(record: Record, kind: Kind, wanted: Asked) -> Record:
    """As much of a record as a list shows (contract, traps 2 and 13)."""
    if wanted.summary:
        return {
            name: value for name, value in record.items() if name not in kind.summary_leaves_out
        }
    return record | {"LineItems": []} if wanted.page is None else _rounded(record)


def _rounded(record: Record) -> Record:
    """Unit amounts to the cent; the line's amount was computed before that."""
    lines = record.get("LineItems")
    if not isinstance(lines, list):
        return record
    return record | {"LineItems": [_rounded_line(line) for line in lines]}


def _rounded_line(line: Record) -> Record:
    if "UnitAmount" not in line:
        return line
    unit: Decimal = exactly(line["UnitAmount"]).quantize(CENT, ROUND_HALF_UP)
    return line | {"UnitAmount": float(unit)}
