"""How we come by Pax8's tokens."""

from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from billingone_api.kit.cipher import Secret
from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls
from billingone_api.providers.bearer import Provider, bought
from billingone_api.providers.tokens import StoredToken, TokenSource

PAX8: Final = Provider(
    key="pax8",
    name="Pax8",
    renew="Check the client id and the client secret in Pax8 and save them here again.",
    permit="Give the API credentials access to companies, products and subscriptions in Pax8.",
)


@dataclass(frozen=True, slots=True)
class Pax8Endpoints:
    """Where Pax8 is; the operator's configuration, never a tenant's."""

    api_url: str
    token_url: str
    audience: str


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A partner's own API key: a client id and a secret, which buy a token for a day."""

    auth_mode: ClassVar[str] = "client_credentials"

    client_id: str
    client_secret: Secret


# Pax8's terms ask hosted products for delegated OAuth: its grant joins this union, with a
# TokenSource of its own, and nothing else in this folder changes.
Pax8Credentials: TypeAlias = ClientCredentials


class ClientCredentialsSource:
    """Buys a token with the client id and secret; there is no refresh token to keep."""

    def __init__(
        self,
        credentials: ClientCredentials,
        *,
        endpoints: Pax8Endpoints,
        calls: JsonCalls,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._endpoints = endpoints
        self._calls = calls
        self._clock = clock

    async def fetch(self) -> StoredToken:
        asking = self._calls.post_json(self._endpoints.token_url, body=self._request())
        return await bought(PAX8, asking, clock=self._clock)

    def _request(self) -> dict[str, str]:
        return {
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret.reveal(),
            "audience": self._endpoints.audience,
            "grant_type": "client_credentials",
        }


def source_for(
    credentials: Pax8Credentials, *, endpoints: Pax8Endpoints, calls: JsonCalls, clock: Clock
) -> TokenSource:
    return ClientCredentialsSource(credentials, endpoints=endpoints, calls=calls, clock=clock)
