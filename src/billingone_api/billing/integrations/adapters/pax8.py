"""Pax8 with an organisation's credentials, and the test of such credentials."""

import asyncio
from typing import Final

from billingone_api.billing.integrations import models
from billingone_api.billing.integrations.models import Credentials, Failure, FailureCode
from billingone_api.kit.http.limits import Limiter
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.process import Process
from billingone_api.providers.errors import (
    CredentialsRejected,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.tokens import (
    PAX8,
    ClientCredentials,
    Pax8Credentials,
    Pax8Endpoints,
)
from billingone_api.providers.tokens import MemoryTokenStore, TokenStore

LONGEST_TEST: Final = 9.5
"""Seconds; a person waits, and is to have the answer within ten."""


def pax8_client(
    process: Process,
    *,
    credentials: Credentials,
    tokens: TokenStore,
    limiter: Limiter,
    policy: RetryPolicy,
) -> Pax8Client:
    settings = process.settings
    return Pax8Client(
        http=process.http,
        endpoints=Pax8Endpoints(
            api_url=settings.pax8_api_url,
            token_url=settings.pax8_token_url,
            audience=settings.pax8_audience,
        ),
        credentials=_pax8s(credentials),
        tokens=tokens,
        limiter=limiter,
        clock=process.clock,
        sleep=process.sleep,
        policy=policy,
    )


class Pax8Trial:
    """Asks Pax8 for a token and one company: credentials and permission, from scratch.

    A token kept from before would outlive the secret that bought it, by a day.
    """

    def __init__(
        self, process: Process, *, limiter: Limiter, seconds: float = LONGEST_TEST
    ) -> None:
        self._process = process
        self._limiter = limiter
        self._seconds = seconds

    async def failure(self, credentials: Credentials) -> Failure | None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._client(credentials).check()
        except ProviderError as error:
            return _told(error)
        except TimeoutError:
            return Failure(
                FailureCode.PROVIDER_UNAVAILABLE,
                "Pax8 took too long to answer. Test again in a few minutes.",
            )
        return None

    def _client(self, credentials: Credentials) -> Pax8Client:
        return pax8_client(
            self._process,
            credentials=credentials,
            tokens=MemoryTokenStore(),
            limiter=self._limiter,
            policy=RetryPolicy(
                attempts=2, first_wait_when_limited=1, patience=2, jitter=self._process.jitter
            ),
        )


def _told(error: ProviderError) -> Failure:
    match error:
        case CredentialsRejected():
            return Failure(FailureCode.CREDENTIALS_REJECTED, error.sentence)
        case PermissionDenied():
            return Failure(FailureCode.PERMISSION_DENIED, error.sentence)
        case ProviderRateLimited():
            return Failure(
                FailureCode.PROVIDER_RATE_LIMITED,
                "Pax8 asks us to slow down, so that this could not be tested. "
                "Test again in a few minutes.",
            )
        case ProviderUnavailable():
            return Failure(FailureCode.PROVIDER_UNAVAILABLE, error.sentence)
        case _:
            return Failure(
                FailureCode.PROVIDER_MALFORMED, f"{error.sentence} Test again in a few minutes."
            )


def _pax8s(credentials: Credentials) -> Pax8Credentials:
    if not isinstance(credentials, models.ClientCredentials):
        raise PAX8.rejected()
    return ClientCredentials(credentials.client_id, credentials.client_secret)
