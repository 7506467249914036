"""The practice ground as one ASGI app: each third party under its name, and an index."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from billingone_api.kit.clock import Clock, SystemClock
from billingone_api.sandbox.catalogue import LICENSED_BY
from billingone_api.sandbox.control import Control
from billingone_api.sandbox.credentials import Credentials, Meter
from billingone_api.sandbox.faults import HEADER, Faults
from billingone_api.sandbox.gate import Gate, ThirdParty
from billingone_api.sandbox.keys import KeyRing
from billingone_api.sandbox.month_end import bill_month_end
from billingone_api.sandbox.panelone import PanelOne
from billingone_api.sandbox.pax8 import Pax8
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.superops.control import SuperopsControl
from billingone_api.sandbox.superops.room import Superops, SuperopsSettings
from billingone_api.sandbox.tokens import ROLES, TokenMint
from billingone_api.sandbox.wire import Record, json_response
from billingone_api.sandbox.xero.control import XeroControl
from billingone_api.sandbox.xero.room import Xero, XeroSettings

_CLIENT_SECRET = "bluegum-pax8-secret"  # noqa: S105 - opens nothing but the practice ground
_PANELONE_SECRET = "bluegum-panelone-secret"  # noqa: S105 - the same


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What the practice ground is made of; everything has a default.

    `base_url` is where it is served: PanelOne's issuer follows from it unless `issuer` is given.
    `now` anchors the portfolio's dates (default: today's first instant, so that two starts on
    one day tell the same story); `clock` times tokens and limits. `rate_limit` is requests a
    minute, None lifts it. The first of `algorithms` signs.
    """

    base_url: str = "http://127.0.0.1:8790"
    seed: int = 7
    clients: int = 60
    subscriptions: int | None = None
    planted_bad: int = 2
    now: datetime | None = None
    client_id: str = "bluegum-pax8"
    client_secret: str = field(default=_CLIENT_SECRET, repr=False)
    token_lifetime: timedelta = timedelta(days=1)
    rate_limit: int | None = 1000
    latency_seconds: float = 0
    panelone_client_id: str = "billingone"
    panelone_client_secret: str = field(default=_PANELONE_SECRET, repr=False)
    issuer: str | None = None
    audience: str = "authenticated"
    algorithms: tuple[str, ...] = ("RS256",)
    keys_folder: Path | None = None
    xero: XeroSettings = field(default_factory=XeroSettings)
    superops: SuperopsSettings = field(default_factory=SuperopsSettings)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def pax8_api_url(self) -> str:
        return f"{self.base_url}/pax8/v1"

    @property
    def pax8_token_url(self) -> str:
        return f"{self.base_url}/pax8/v1/token"

    @property
    def panelone_url(self) -> str:
        return f"{self.base_url}/panelone"

    @property
    def panelone_issuer(self) -> str:
        return self.issuer or f"{self.base_url}/panelone/auth/v1"

    @property
    def jwks_url(self) -> str:
        return f"{self.base_url}/panelone/auth/v1/.well-known/jwks.json"

    @property
    def xero_url(self) -> str:
        """What stands for all of Xero's hosts: login, identity and API."""
        return f"{self.base_url}/xero"

    @property
    def superops_url(self) -> str:
        """Below which `/us/msp` and `/eu/msp` stand for SuperOps' two hosts."""
        return f"{self.base_url}/superops"


class Sandbox:
    """The running practice ground: an ASGI app whose parts a test can reach."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.portfolio = Portfolio.generate(
            seed=settings.seed,
            clients=settings.clients,
            subscriptions=settings.subscriptions,
            now=settings.now or _first_instant_of(settings.clock.now()),
            planted_bad=settings.planted_bad,
        )
        self.faults = Faults()
        self.credentials = _credentials(settings, self.portfolio)
        self.mint = _mint(settings, self.portfolio)
        self.xero = _xero(settings, self.portfolio)
        self.superops = _superops(settings, self.portfolio, self.xero)
        control = Control(self.portfolio, faults=self.faults, credentials=self.credentials)
        self.app = Starlette(
            routes=[
                Route("/", self.index, methods=["GET"]),
                Route("/_sandbox/month-end", self.month_end, methods=["POST"]),
                Mount("/_sandbox/xero", XeroControl(self.xero).app),
                Mount("/_sandbox/superops", SuperopsControl(self.superops).app),
                Mount("/_sandbox", control.app),
                *(self._room(party) for party in self._third_parties()),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    async def index(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        return json_response(self.guide())

    async def month_end(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """Clients are invoiced in Xero for what they hold; tells what goes wrong with it."""
        return json_response(bill_month_end(self.portfolio, self.xero), status=201)

    def guide(self) -> Record:
        """What is here and how to use it, for a person who opens the address."""
        settings = self.settings
        return {
            "what": "BillingOne's practice ground: third parties that exist only here",
            "organisation": self.portfolio.organisation,
            "pax8": {
                "api_url": settings.pax8_api_url,
                "token_url": settings.pax8_token_url,
                "client_id": settings.client_id,
                "client_secret": settings.client_secret,
                "companies": len(self.portfolio.companies),
                "subscriptions": len(self.portfolio.subscriptions),
            },
            "panelone": {
                "url": settings.panelone_url,
                "issuer": settings.panelone_issuer,
                "audience": settings.audience,
                "jwks_url": settings.jwks_url,
                "client_id": settings.panelone_client_id,
                "client_secret": settings.panelone_client_secret,
                "clients": len(self.portfolio.clients),
                "roles": list(ROLES),
                "token": f"curl -d role=Finance {settings.panelone_url}/token",
            },
            "xero": self._xero_guide(),
            "superops": self._superops_guide(),
            "faults": {
                "one_request": f"{HEADER}: 429",
                "script": f"POST {settings.base_url}/_sandbox/faults "
                '[{"fault": "429", "provider": "pax8", "path": "/v1/subscriptions", "times": 2}]',
                "credentials": f"POST {settings.base_url}/_sandbox/pax8/revoke and …/restore",
                "changes": f"POST {settings.base_url}/_sandbox/pax8/mutate "
                '[{"do": "remove", "kind": "subscription", "id": "…"}]',
                "month_end": f"POST {settings.base_url}/_sandbox/month-end: invoices in Xero for "
                "what each client holds, and a leak of each kind, which the answer tells",
            },
        }

    def _xero_guide(self) -> Record:
        url = self.settings.xero_url
        [app, *_] = self.settings.xero.apps
        return {
            "authorize_url": f"{url}/identity/connect/authorize",
            "token_url": f"{url}/connect/token",
            "revocation_url": f"{url}/connect/revocation",
            "connections_url": f"{url}/connections",
            "api_url": f"{url}/api.xro/2.0",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uris": list(app.redirect_uris),
            "webhook_key": self.settings.xero.webhook_key,
            "tenants": [tenant.name for tenant in self.xero.tenants],
            "invoices": len(self.xero.organisation.ledger.invoices),
            "state": f"GET {self.settings.base_url}/_sandbox/xero, which lists what can be done",
        }

    def _superops_guide(self) -> Record:
        """The account of Bluegum IT; the other tokens and accounts stand in the state."""
        home, url = self.superops.home, self.settings.base_url
        return {
            "us_url": f"{self.settings.superops_url}/us/msp",
            "eu_url": f"{self.settings.superops_url}/eu/msp",
            "region": home.region,
            "subdomain": home.subdomain,
            "token": self.settings.superops.token,
            "currency": "AUD",
            **{f"{kind}s": len(rows) for kind, rows in home.collections.items()},
            "state": f"GET {url}/_sandbox/superops, which lists what can be done",
        }

    def _third_parties(self) -> list[ThirdParty]:
        settings = self.settings
        meter = Meter(settings.rate_limit, clock=settings.clock)
        pax8 = Pax8(self.portfolio, credentials=self.credentials, meter=meter)
        panelone = PanelOne(
            self.portfolio,
            mint=self.mint,
            clock=settings.clock,
            client_id=settings.panelone_client_id,
            client_secret=settings.panelone_client_secret,
        )
        return [
            pax8.third_party(),
            panelone.third_party(),
            self.xero.third_party(),
            self.superops.third_party(),
        ]

    def _room(self, party: ThirdParty) -> Mount:
        gate = Gate(party, faults=self.faults, latency_seconds=self.settings.latency_seconds)
        return Mount(f"/{party.name}", party.around(gate))


def create_sandbox(settings: SandboxSettings | None = None) -> Sandbox:
    return Sandbox(settings or SandboxSettings())


def _credentials(settings: SandboxSettings, portfolio: Portfolio) -> Credentials:
    return Credentials(
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        token_lifetime=settings.token_lifetime,
        ids=portfolio.ids,
        clock=settings.clock,
    )


def _xero(settings: SandboxSettings, portfolio: Portfolio) -> Xero:
    return Xero(
        settings.xero,
        clients=settings.clients,
        seed=settings.seed,
        ids=portfolio.ids,
        now=portfolio.now,
        clock=settings.clock,
    )


def _superops(settings: SandboxSettings, portfolio: Portfolio, xero: Xero) -> Superops:
    def seats(n: int, metric: str) -> int:
        company = portfolio.ids("company", n)
        counted = (portfolio.licensed(company, skus) for skus in LICENSED_BY[metric])
        return next(filter(None, counted), 0)

    return Superops(
        settings.superops,
        clients=settings.clients,
        seed=settings.seed,
        ids=portfolio.ids,
        now=portfolio.now,
        clock=settings.clock,
        seats=seats,
        clerk=lambda: xero.organisation.clerk,
    )


def _mint(settings: SandboxSettings, portfolio: Portfolio) -> TokenMint:
    return TokenMint(
        issuer=settings.panelone_issuer,
        audience=settings.audience,
        organisation_id=portfolio.organisation["id"],
        ids=portfolio.ids,
        keys=KeyRing(settings.algorithms, folder=settings.keys_folder),
        clock=settings.clock,
    )


def _first_instant_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
