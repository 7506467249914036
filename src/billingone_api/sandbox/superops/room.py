"""SuperOps' room in the practice ground: its two regions, each with an account of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.credentials import Meter
from billingone_api.sandbox.gate import ThirdParty
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.superops import refusals
from billingone_api.sandbox.superops.accounts import (
    ADMINISTRATOR,
    HELPDESK,
    TECHNICIAN,
    Account,
    Tokens,
)
from billingone_api.sandbox.superops.bills import Biller
from billingone_api.sandbox.superops.customers import Customer, bluegums, europeans
from billingone_api.sandbox.superops.documents import read
from billingone_api.sandbox.superops.execution import answer, asked_for
from billingone_api.sandbox.superops.mishaps import Mishaps
from billingone_api.sandbox.superops.operations import Operations
from billingone_api.sandbox.superops.refusals import ClientError
from billingone_api.sandbox.xero.clerk import Clerk

NAME: Final = "superops"
US: Final = "bluegumit"
EU: Final = "bluegum-europe"

_INVOICES_PER_CLIENT: Final = 2
_INVOICES_IN_EUROPE: Final = 9
_LINES: Final = 3

_TOKEN: Final = "bluegum-superops-token"  # noqa: S105 - opens nothing but the practice ground
_TECHNICIANS: Final = "bluegum-superops-technician"
_HELPDESKS: Final = "bluegum-superops-helpdesk"
_EUROPES: Final = "bluegum-superops-europe"


@dataclass(slots=True)
class SuperopsSettings:
    """What SuperOps is made of.

    The `invoices` of the first account (default: two a client) have `lines` lines where Xero does
    not know them, and `planted_bad` of them cannot be read. `limit` is requests a minute and
    token, None lifts it.
    """

    invoices: int | None = None
    lines: int = _LINES
    planted_bad: int = 2
    limit: int | None = 100
    token: str = field(default=_TOKEN, repr=False)


class Superops:
    """The third party's behaviour; its parts can be reached by tests and by the control door."""

    def __init__(
        self,
        settings: SuperopsSettings,
        *,
        clients: int,
        seed: int,
        ids: Identifiers,
        now: datetime,
        clock: Clock,
        seats: Callable[[int, str], int],
        clerk: Callable[[], Clerk],
    ) -> None:
        self.settings = settings
        self.limit = settings.limit
        self.mishaps = Mishaps()
        self.undefined: frozenset[str] = frozenset()
        self.unwritable: frozenset[str] = frozenset()
        self.asked: Counter[str] = Counter()
        self._clock = clock
        self._meters: dict[str, Meter] = {}
        home = _at_home(
            settings, clients=clients, seed=seed, ids=ids, now=now, seats=seats, clerk=clerk
        )
        abroad = _abroad(seed=seed, ids=ids, now=now)
        self.accounts = (home, abroad)
        self.tokens = Tokens(
            {
                settings.token: (home, ADMINISTRATOR),
                _TECHNICIANS: (home, TECHNICIAN),
                _HELPDESKS: (home, HELPDESK),
                _EUROPES: (abroad, ADMINISTRATOR),
            }
        )
        self.app = Starlette(
            routes=[Route("/{region}/msp", self.msp, methods=["POST"])],
            exception_handlers={HTTPException: _plain},
        )

    @property
    def home(self) -> Account:
        """The one with the clients of Bluegum IT."""
        return self.accounts[0]

    def account(self, subdomain: str | None) -> Account:
        """The first one where none is named; KeyError where there is no such account."""
        if subdomain is None:
            return self.home
        return {account.subdomain: account for account in self.accounts}[subdomain]

    def third_party(self) -> ThirdParty:
        return ThirdParty(NAME, self.app, refusal=refusals.refusal, shift=self._shift)

    def lift(self, limit: int | None) -> None:
        """Another limit from now on, with nothing asked yet."""
        self.limit = limit
        self._meters.clear()

    async def msp(self, request: Request) -> Response:
        account = self._at_ingress(request)
        if account is None:
            return refusals.not_at_ingress()
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        belongs_to, role = self.tokens.known.get(token, (None, ADMINISTRATOR))
        if scheme.lower() != "bearer" or belongs_to is not account:
            return refusals.unauthorised()
        self.asked[token] += 1
        if not self._meter(token).admits():
            return self._too_many(account)
        return self._answer(Operations(account, role), await request.body())

    def _shift(self) -> None:
        self.home.invoices.turn()

    def _at_ingress(self, request: Request) -> Account | None:
        wanted = (request.headers.get("CustomerSubDomain"), request.path_params["region"])
        return next((one for one in self.accounts if (one.subdomain, one.region) == wanted), None)

    def _meter(self, token: str) -> Meter:
        if token not in self._meters:
            self._meters[token] = Meter(self.limit, clock=self._clock)
        return self._meters[token]

    def _too_many(self, account: Account) -> Response:
        error = ClientError("rate_limit_exceeded")
        match account.manners.limit:
            case "wrapped":
                return refusals.wrapped(error)
            case "classified":
                return refusals.classified("RATE_LIMITED")
            case "status":
                return Response(status_code=429)
            case _:
                return refusals.documented(error)

    def _answer(self, operations: Operations, body: bytes) -> Response:
        asked = asked_for(body)
        if asked is None:
            return Response(status_code=400)
        document = read(asked["query"], self.undefined)
        broken = self.mishaps.due(document.operations)
        if broken is not None:
            return broken
        if operations.account.state != "active":
            return refusals.documented(ClientError(f"subscription_{operations.account.state}"))
        return answer(operations, document, asked, unwritable=self.unwritable)


def _at_home(
    settings: SuperopsSettings,
    *,
    clients: int,
    seed: int,
    ids: Identifiers,
    now: datetime,
    seats: Callable[[int, str], int],
    clerk: Callable[[], Clerk],
) -> Account:
    def biller(known: Sequence[Customer]) -> Biller:
        usual = len(known) * _INVOICES_PER_CLIENT
        return Biller(
            known,
            count=usual if settings.invoices is None else settings.invoices,
            bad=settings.planted_bad,
            lines=settings.lines,
            today=now.date(),
            clerk=clerk(),
        )

    return Account(
        US,
        "us",
        customers=lambda: bluegums(clients=clients, seed=seed, ids=ids, seats=seats),
        biller=biller,
        now=now,
    )


def _abroad(*, seed: int, ids: Identifiers, now: datetime) -> Account:
    def biller(known: Sequence[Customer]) -> Biller:
        return Biller(known, count=_INVOICES_IN_EUROPE, bad=0, lines=_LINES, today=now.date())

    return Account(
        EU, "eu", customers=lambda: europeans(seed=seed, ids=ids), biller=biller, now=now
    )


async def _plain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusals.refusal(status, request.url.path)
