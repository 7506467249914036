"""Pax8's partner API, v1: its token, companies, products, subscriptions, usage and invoices."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.sandbox.catalogue import BY_SKU, price_list
from billingone_api.sandbox.charges import Charges
from billingone_api.sandbox.companies import contact_records
from billingone_api.sandbox.credentials import Credentials, Meter
from billingone_api.sandbox.gate import ThirdParty
from billingone_api.sandbox.history import history_of
from billingone_api.sandbox.listing import (
    COMPANIES,
    CONTACTS,
    INVOICES,
    ITEMS,
    PRODUCTS,
    SUBSCRIPTIONS,
    USAGE_SUMMARIES,
    BadQuery,
    Listing,
)
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.shelf import Shelf
from billingone_api.sandbox.usage import usage_summaries
from billingone_api.sandbox.wire import Record, decode, encode, json_response, page_response

NAME: Final = "pax8"

_AUDIENCES: Final = frozenset({"https://api.pax8.com", "api://p8p.client"})
_TOKEN_FIELDS: Final = ("client_id", "client_secret", "audience", "grant_type")
_TYPES: Final[Mapping[int, str]] = {400: "BAD_REQUEST", 422: "UNPROCESSABLE_ENTITY"}

_MONTH_OFFSETS: Final = frozenset({"0", "1"})

Handler = Callable[[Request], Awaitable[Response]]


class Pax8:
    """The third party's behaviour over one portfolio; `app` is its ASGI app."""

    def __init__(self, portfolio: Portfolio, *, credentials: Credentials, meter: Meter) -> None:
        self._portfolio = portfolio
        self._credentials = credentials
        self._meter = meter
        self._charges = Charges(portfolio)
        self.app = Starlette(
            routes=[
                Route("/v1/token", self.token, methods=["POST"]),
                self._guarded("/v1/companies", self.companies),
                self._guarded("/v1/companies/{id}", self.company),
                self._guarded("/v1/companies/{id}/contacts", self.contacts),
                self._guarded("/v1/products", self.products),
                self._guarded("/v1/products/{id}", self.product),
                self._guarded("/v1/products/{id}/pricing", self.pricing),
                self._guarded("/v1/subscriptions", self.subscriptions),
                self._guarded("/v1/subscriptions/{id}", self.subscription),
                self._guarded("/v1/subscriptions/{id}/history", self.history),
                self._guarded("/v1/subscriptions/{id}/usage-summaries", self.usage),
                self._guarded("/v1/invoices", self.invoices),
                self._guarded("/v1/invoices/draftItems", self.drafts),
                self._guarded("/v1/invoices/{id}", self.invoice),
                self._guarded("/v1/invoices/{id}/items", self.items),
            ],
            exception_handlers={HTTPException: _envelope, BadQuery: _bad_query},
        )

    def third_party(self) -> ThirdParty:
        return ThirdParty(NAME, self.app, refusal=refusal, shift=self._portfolio.shift)

    async def token(self, request: Request) -> Response:
        """JSON in, Auth0-shaped answers out: not the envelope of the rest of the API."""
        asked = _token_request(await request.body())
        if asked is None or asked["grant_type"] != "client_credentials":
            return _auth_error(400, "invalid_request", "Missing or invalid parameter")
        if asked["audience"] not in _AUDIENCES:
            return _auth_error(403, "access_denied", f"Service not found: {asked['audience']}")
        token = self._credentials.token_for(asked["client_id"], asked["client_secret"])
        if token is None:
            return _auth_error(401, "access_denied", "Unauthorized")
        lifetime = int(self._credentials.token_lifetime.total_seconds())
        return json_response(
            {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
        )

    async def companies(self, request: Request) -> Response:
        return _page(self._portfolio.companies, COMPANIES, request)

    async def company(self, request: Request) -> Response:
        return json_response(_found(self._portfolio.companies, request, "Company"))

    async def contacts(self, request: Request) -> Response:
        company = _found(self._portfolio.companies, request, "Company")
        rows = contact_records(company, ids=self._portfolio.ids, now=self._portfolio.now)
        return _page(_shelf_of(rows), CONTACTS, request)

    async def products(self, request: Request) -> Response:
        """Without `description`, which only a product on its own shows."""
        words = request.query_params.get("search", "").casefold()
        found = [row for row in self._portfolio.products.rows() if words in _searchable(row)]
        for row in found:
            row.pop("description", None)
        return _page(_shelf_of(found), PRODUCTS, request)

    async def product(self, request: Request) -> Response:
        return json_response(_found(self._portfolio.products, request, "Product"))

    async def pricing(self, request: Request) -> Response:
        product = _found(self._portfolio.products, request, "Product")
        entries = price_list(BY_SKU[product["sku"]], self._portfolio.ids)
        return json_response({"content": entries})

    async def subscriptions(self, request: Request) -> Response:
        company = request.query_params.get("companyId")
        if company is not None and company not in self._portfolio.companies:
            raise HTTPException(403, f"Invalid companyId: {company}")
        return _page(self._portfolio.subscriptions, SUBSCRIPTIONS, request)

    async def subscription(self, request: Request) -> Response:
        return json_response(_found(self._portfolio.subscriptions, request, "Subscription"))

    async def history(self, request: Request) -> Response:
        """Whole snapshots, newest first, without a page block."""
        current = _found(self._portfolio.subscriptions, request, "Subscription")
        past = self._portfolio.past_of(request.path_params["id"])
        return json_response({"content": history_of(current, past, ids=self._portfolio.ids)})

    async def usage(self, request: Request) -> Response:
        subscription = _found(self._portfolio.subscriptions, request, "Subscription")
        product = self._portfolio.products.get(str(subscription.get("productId")))
        rows = usage_summaries(
            subscription, product, ids=self._portfolio.ids, now=self._portfolio.now
        )
        return _page(_shelf_of(rows), USAGE_SUMMARIES, request)

    async def invoices(self, request: Request) -> Response:
        since = request.query_params.get("invoiceDateRangeStart", "")
        until = request.query_params.get("invoiceDateRangeEnd", "9999")
        rows = [row for row in self._charges.invoices() if since <= row["invoiceDate"] <= until]
        return _page(_shelf_of(rows), INVOICES, request)

    async def invoice(self, request: Request) -> Response:
        shelf = _shelf_of(self._charges.invoices())
        return json_response(_found(shelf, request, "Invoice"))

    async def items(self, request: Request) -> Response:
        rows = self._charges.items(request.path_params["id"])
        if rows is None:
            raise HTTPException(404, f"Invoice Not Found: {request.path_params['id']}")
        return _slice(rows, request)

    async def drafts(self, request: Request) -> Response:
        """Of the next month unless this one is asked for; of one company where it is named."""
        asked = request.query_params.get("monthOffset", "1")
        if asked not in _MONTH_OFFSETS:
            raise HTTPException(422, f"Invalid monthOffset: {asked}")
        company = request.query_params.get("companyId")
        if company is not None and company not in self._portfolio.companies:
            raise HTTPException(404, f"Company Not Found: {company}")
        rows = self._charges.drafts(int(asked))
        chosen = [row for row in rows if company in {None, row["companyId"]}]
        return _slice(chosen, request)

    def _guarded(self, path: str, handler: Handler) -> Route:
        async def guarded(request: Request) -> Response:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._credentials.accepts(token):
                raise HTTPException(401, "Unauthorized")
            if not self._meter.admits():
                raise HTTPException(429, "Too many requests")
            return await handler(request)

        return Route(path, guarded, methods=["GET"])


def refusal(status: int, path: str, message: str | None = None) -> Response:
    """Pax8's error envelope; `instance` shows its internal path, `type` is free text."""
    phrase = HTTPStatus(status)
    return json_response(
        {
            "type": _TYPES.get(status, phrase.name),
            "message": message or phrase.phrase,
            "instance": f"/public{path}",
            "status": status,
            "details": [],
        },
        status=status,
    )


async def _envelope(request: Request, error: Exception) -> Response:
    status, detail = (
        (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, None)
    )
    return refusal(status, _own_path(request), detail)


async def _bad_query(request: Request, error: Exception) -> Response:
    return refusal(400, _own_path(request), str(error))


def _own_path(request: Request) -> str:
    return str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))


def _token_request(body: bytes) -> Mapping[str, str] | None:
    try:
        asked = decode(body)
    except ValueError:
        return None
    if not isinstance(asked, dict):
        return None
    complete = all(isinstance(asked.get(field), str) for field in _TOKEN_FIELDS)
    return asked if complete else None


def _auth_error(status: int, error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, status=status)


def _found(shelf: Shelf, request: Request, kind: str) -> Record:
    key = request.path_params["id"]
    row = shelf.get(key)
    if row is None:
        raise HTTPException(404, f"{kind} Not Found: {key}")
    return row


def _page(shelf: Shelf, listing: Listing, request: Request) -> Response:
    paging = listing.paging(request.query_params)
    keys = shelf.select(
        sort=listing.sort(request.query_params), where=listing.filters(request.query_params)
    )
    chosen = keys[paging.number * paging.size : (paging.number + 1) * paging.size]
    return page_response(shelf.raw(chosen), number=paging.number, size=paging.size, total=len(keys))


def _slice(rows: Sequence[Record], request: Request) -> Response:
    """A page of rows that have no ids to be found by."""
    paging = ITEMS.paging(request.query_params)
    chosen = rows[paging.number * paging.size : (paging.number + 1) * paging.size]
    raw = [encode(row) for row in chosen]
    return page_response(raw, number=paging.number, size=paging.size, total=len(rows))


def _shelf_of(rows: Sequence[Record]) -> Shelf:
    shelf = Shelf()
    for row in rows:
        shelf.put(row["id"], row)
    return shelf


def _searchable(product: Record) -> str:
    fields: list[Any] = [product[name] for name in ("name", "vendorName", "sku", "id")]
    return " ".join(fields).casefold()
