"""Pulls clients from PanelOne for one organisation at a time."""

from dataclasses import dataclass
from typing import Any, Final

import httpx

from billingone_api.kit.cipher import Secret
from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Sleep
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.bearer import BearerApi, Provider, bought
from billingone_api.providers.panelone.payloads import ClientPage, ClientRecord
from billingone_api.providers.records import RecordReader
from billingone_api.providers.tokens import MemoryTokenStore, StoredToken, TokenKeeper

PANELONE: Final = Provider(
    key="panelone",
    name="PanelOne",
    renew="The operator of BillingOne has to check its client id and secret for PanelOne.",
    permit="The operator of BillingOne has to ask PanelOne for the scope clients:read.",
)

_LONGEST_CURSOR: Final = 2000
_CLIENTS: Final = RecordReader(ClientRecord)
# A page that waits for us: two more tries, and somebody else's minute is not ours to wait out.
_POLICY: Final = RetryPolicy(attempts=3, first_wait=0.2, first_wait_when_limited=1, patience=5)
_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class PanelOneEndpoints:
    """Where PanelOne is and who we are to it; the operator's configuration."""

    api_url: str
    token_url: str
    client_id: str
    client_secret: Secret
    scope: str = "clients:read"


class PanelOneClient:
    """PanelOne as one process sees it; its token serves every organisation.

    Every method raises ProviderErrors and nothing else.
    """

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        endpoints: PanelOneEndpoints,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        calls = JsonCalls(
            http,
            limiter=Unlimited(),
            clock=clock,
            sleep=sleep,
            policy=_POLICY,
            seconds=_SECONDS,
        )
        source = _ServiceTokens(endpoints, calls=calls, clock=clock)
        keeper = TokenKeeper(source=source, store=MemoryTokenStore(), clock=clock)
        self._api = BearerApi(PANELONE, base_url=endpoints.api_url, calls=calls, tokens=keeper)

    async def clients(
        self, cursor: str | None = None, *, organisation_id: str, limit: int = 200
    ) -> ClientPage:
        """A page of the organisation's clients, from the beginning without a cursor."""
        query: dict[str, str | int] = {"limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        answer = await self._api.get(
            "clients", query=query, headers={"X-Organisation-Id": organisation_id}
        )
        return _page(answer, after=cursor)


class _ServiceTokens:
    """Buys a service token with the operator's client id and secret (RFC 6749, 4.4)."""

    def __init__(self, endpoints: PanelOneEndpoints, *, calls: JsonCalls, clock: Clock) -> None:
        self._endpoints = endpoints
        self._calls = calls
        self._clock = clock

    async def fetch(self) -> StoredToken:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._endpoints.client_id,
            "client_secret": self._endpoints.client_secret.reveal(),
            "scope": self._endpoints.scope,
        }
        asking = self._calls.post_form(self._endpoints.token_url, form=form)
        return await bought(PANELONE, asking, clock=self._clock)


def _page(answer: Any, *, after: str | None) -> ClientPage:
    rows = answer.get("clients") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise PANELONE.malformed("there is no list of clients in it")
    following = answer.get("next_cursor")
    if following is not None and not _is_cursor(following):
        raise PANELONE.malformed("its next_cursor is not one")
    if following is not None and following == after:
        raise PANELONE.malformed("its next_cursor leads nowhere")
    records, rejects = _CLIENTS.read(rows)
    return ClientPage(records, rejects, following)


def _is_cursor(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_CURSOR and value.isascii()
