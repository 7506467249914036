"""SuperOps with an organisation's token, and the test of such a token."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from billingone_api.billing.integrations.models import (
    ApiToken,
    Credentials,
    Failure,
    FailureCode,
    Missing,
)
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
from billingone_api.providers.superops.account import (
    Region,
    SuperOpsAccount,
    SuperOpsEndpoints,
    subdomain_of,
)
from billingone_api.providers.superops.client import Capability, SuperOpsClient
from billingone_api.providers.superops.errors import SubdomainUnknown, SubscriptionEnded
from billingone_api.providers.superops.provider import SUPEROPS

__all__ = ["SuperOpsTrial", "subdomain_of", "superops_client"]

LONGEST_TEST: Final = 9.5
"""Seconds; a person waits, and is to have the answer within ten."""

_CODES: Final = (
    (SubdomainUnknown, FailureCode.SUBDOMAIN_UNKNOWN),
    (SubscriptionEnded, FailureCode.SUBSCRIPTION_ENDED),
    (CredentialsRejected, FailureCode.CREDENTIALS_REJECTED),
    (PermissionDenied, FailureCode.PERMISSION_DENIED),
    (ProviderRateLimited, FailureCode.PROVIDER_RATE_LIMITED),
    (ProviderUnavailable, FailureCode.PROVIDER_UNAVAILABLE),
)
"""The first that fits: the particular ones before those they are kinds of."""
_WITHOUT: Final = {
    Capability.CLIENTS: "clients, so that nothing can be copied",
    Capability.INVOICES: "invoices, so that none can be copied",
    Capability.ASSETS: "assets, so that no devices are counted; all else is copied",
}
_NEEDED: Final = frozenset({Capability.CLIENTS, Capability.INVOICES})


def superops_client(
    process: Process, token: ApiToken, *, limiter: Limiter, policy: RetryPolicy
) -> SuperOpsClient:
    settings = process.settings
    return SuperOpsClient(
        SuperOpsAccount(token.subdomain, Region(token.region), token.token),
        http=process.http,
        endpoints=SuperOpsEndpoints(settings.superops_us_url, settings.superops_eu_url),
        limiter=limiter,
        clock=process.clock,
        sleep=process.sleep,
        policy=policy,
    )


ClientOf = Callable[[ApiToken], SuperOpsClient]


class SuperOpsTrial:
    """Asks SuperOps for a client, an invoice and a device, each by itself.

    What the token may not read is `missing` afterwards, one by one; without devices it passes.
    """

    def __init__(self, client_of: ClientOf, *, seconds: float = LONGEST_TEST) -> None:
        self._client_of = client_of
        self._seconds = seconds
        self.missing: Sequence[Missing] = ()

    async def failure(self, credentials: Credentials) -> Failure | None:
        if not isinstance(credentials, ApiToken):
            raise TypeError("SuperOps is read with a token.")
        try:
            async with asyncio.timeout(self._seconds):
                return self._judged(await self._client_of(credentials).check())
        except ProviderError as error:
            return _told(error)
        except TimeoutError:
            return Failure(
                FailureCode.PROVIDER_UNAVAILABLE,
                "SuperOps took too long to answer. Test again in a few minutes.",
            )

    def _judged(self, denied: frozenset[Capability]) -> Failure | None:
        self.missing = [
            Missing(one, f"SuperOps does not let us read {_WITHOUT[one]}. {SUPEROPS.permit}")
            for one in Capability
            if one in denied
        ]
        if not denied & _NEEDED:
            return None
        words = " ".join(
            f"SuperOps does not let us read {_WITHOUT[one]}." for one in Capability if one in denied
        )
        return Failure(FailureCode.PERMISSION_DENIED, f"{words} {SUPEROPS.permit}")


def _told(error: ProviderError) -> Failure:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    if code is FailureCode.PROVIDER_RATE_LIMITED:
        sentence = "SuperOps allows no more calls for now, so that this could not be tested."
        return Failure(code, f"{sentence} Test again in a few minutes.")
    if code is None:
        again = f"{error.sentence} Test again in a few minutes."
        return Failure(FailureCode.PROVIDER_MALFORMED, again)
    return Failure(code, error.sentence)
