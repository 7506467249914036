"""Xero with an organisation's consent, the apps it may be given to, and the test of both."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.billing.integrations.models import (
    ConnectionReplaced,
    Consented,
    Credentials,
    Failure,
    FailureCode,
)
from billingone_api.config import Settings
from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.errors import HttpError, HttpRateLimited
from billingone_api.kit.http.limits import Limiter, Slots
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.process import Process
from billingone_api.providers.errors import (
    CredentialsRejected,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.errors import (
    InvalidGrant,
    ScopeMissing,
    TenantLost,
)
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.provider import XeroEndpoints
from billingone_api.providers.xero.scopes import BROAD, GRANULAR

LONGEST_TEST: Final = 9.5
"""Seconds; a person waits, and is to have the answer within ten."""
DAY_RESERVE: Final = 50
"""Calls of a day that syncs leave to people: tests, and the first sync of a new consent."""
LOOK_AGAIN: Final = 3600.0
"""Seconds; the day is one of 24 rolling hours, so that after one of them there may be calls."""

_CODES: Final = (
    (InvalidGrant, FailureCode.RECONNECT),
    (ScopeMissing, FailureCode.SCOPE_MISSING),
    (TenantLost, FailureCode.ORGANISATION_LOST),
    (CredentialsRejected, FailureCode.CREDENTIALS_REJECTED),
    (PermissionDenied, FailureCode.PERMISSION_DENIED),
    (ProviderRateLimited, FailureCode.PROVIDER_RATE_LIMITED),
    (ProviderUnavailable, FailureCode.PROVIDER_UNAVAILABLE),
)
"""The first that fits: the particular ones before those they are kinds of."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client of Xero's keeps to: whose turn it is, how many at a time, how often again."""

    limiter: Limiter
    slots: Slots
    policy: RetryPolicy


def endpoints(settings: Settings) -> XeroEndpoints:
    return XeroEndpoints(
        authorise_url=settings.xero_authorise_url,
        token_url=settings.xero_token_url,
        connections_url=settings.xero_connections_url,
        api_url=settings.xero_api_url,
    )


def app_with(settings: Settings, client_id: str, client_secret: Secret) -> XeroApp:
    scopes = GRANULAR if settings.xero_scopes == "granular" else BROAD
    return XeroApp(client_id, client_secret, settings.xero_redirect_uri, scopes)


def platform_app(settings: Settings) -> XeroApp | None:
    """The operator's, where there is one."""
    if settings.xero_client_id is None or settings.xero_client_secret is None:
        return None
    secret = Secret(settings.xero_client_secret.get_secret_value())
    return app_with(settings, settings.xero_client_id, secret)


def identity_of(process: Process, app: XeroApp) -> XeroIdentity:
    return XeroIdentity(
        app,
        http=process.http,
        endpoints=endpoints(process.settings),
        clock=process.clock,
        sleep=process.sleep,
        policy=RetryPolicy(attempts=2, patience=2, jitter=process.jitter),
    )


def xero_client(process: Process, tenant: XeroTenant, terms: Terms) -> XeroClient:
    return XeroClient(
        tenant,
        http=process.http,
        endpoints=endpoints(process.settings),
        limiter=terms.limiter,
        slots=terms.slots,
        clock=process.clock,
        sleep=process.sleep,
        policy=terms.policy,
    )


ClientOf = Callable[[Consented], XeroClient]


class DayReserve:
    """A limiter that gives no turn once Xero says that the day is nearly used up.

    What it refuses looks like a limit that was hit, so that a run is parked and says so.
    """

    def __init__(self, limiter: Limiter, limits: XeroLimits) -> None:
        self._limiter = limiter
        self._limits = limits

    async def wait_turn(self) -> None:
        left = self._limits.left_today
        if left is not None and left < DAY_RESERVE:
            raise HttpRateLimited("xero has few calls left today", retry_after=LOOK_AGAIN)
        await self._limiter.wait_turn()

    async def heed(self, error: HttpError | None) -> None:
        await self._limiter.heed(error)


class XeroTrial:
    """Asks Xero for the organisation: one call that proves consent, scope and connection."""

    def __init__(self, client_of: ClientOf, *, seconds: float = LONGEST_TEST) -> None:
        self._client_of = client_of
        self._seconds = seconds

    async def failure(self, credentials: Credentials) -> Failure | None:
        if not isinstance(credentials, Consented):
            raise TypeError("Xero is read with a consent.")
        try:
            async with asyncio.timeout(self._seconds):
                await self._client_of(credentials).organisation()
        except ProviderError as error:
            return told(error)
        except ConnectionReplaced:
            return Failure(
                FailureCode.RECONNECT, "The consent is not kept here any more. Reconnect Xero."
            )
        except TimeoutError:
            return Failure(
                FailureCode.PROVIDER_UNAVAILABLE,
                "Xero took too long to answer. Test again in a few minutes.",
            )
        return None


def told(error: ProviderError) -> Failure:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    if code is FailureCode.PROVIDER_RATE_LIMITED:
        sentence = "Xero allows no more calls for now, so that this could not be tested."
        return Failure(code, f"{sentence} Test again later.")
    if code is None:
        again = f"{error.sentence} Test again in a few minutes."
        return Failure(FailureCode.PROVIDER_MALFORMED, again)
    return Failure(code, error.sentence)
