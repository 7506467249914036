"""Pulls clients and counts from PanelOne for one organisation at a time."""

from dataclasses import dataclass
from typing import Any, Final

import httpx

from billingone_api.kit.cipher import Secret
from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Sleep
from billingone_api.kit.http.limits import Unlimited
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.bearer import BearerApi, Provider, bought
from billingone_api.providers.errors import ProviderUnavailable
from billingone_api.providers.panelone.payloads import (
    ClientPage,
    ClientRecord,
    CountPage,
    CountRecord,
)
from billingone_api.providers.records import LONGEST_ID, RecordReader
from billingone_api.providers.tokens import MemoryTokenStore, StoredToken, TokenKeeper

PANELONE: Final = Provider(
    key="panelone",
    name="PanelOne",
    renew="The operator of BillingOne has to check its client id and secret for PanelOne.",
    permit="The operator of BillingOne has to ask PanelOne for the scope clients:read.",
)

_LONGEST_CURSOR: Final = 2000
_CLIENTS: Final = RecordReader(ClientRecord)
_COUNTS: Final = RecordReader(CountRecord, id_name="client_id")
_REFRESH: Final = "counts:refresh"
_STATES: Final = frozenset({"running", "done", "failed"})
# Half a minute in all: whoever waits for fresh counts goes on with those there are.
_LOOKS: Final = (1, 2, 3, 4, 5, 5, 5, 5)
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
        self._sleep = sleep
        self._api = BearerApi(PANELONE, base_url=endpoints.api_url, calls=calls, tokens=keeper)

    async def clients(
        self, cursor: str | None = None, *, organisation_id: str, limit: int = 200
    ) -> ClientPage:
        """A page of the organisation's clients, from the beginning without a cursor."""
        answer = await self._page("clients", after=cursor, limit=limit, of=organisation_id)
        rows, following = _rows(answer, "clients", after=cursor)
        return ClientPage(*_CLIENTS.read(rows), following)

    async def refresh_counts(self, *, organisation_id: str) -> bool:
        """Have everything counted anew; False where they are still at it after half a minute.

        Raises ProviderUnavailable where they fail at it.
        """
        headers = {"X-Organisation-Id": organisation_id}
        id_, state = _refresh(await self._api.post("clients", _REFRESH, headers=headers))
        for pause in _LOOKS:
            if state != "running":
                break
            await self._sleep(pause)
            answer = await self._api.get("clients", _REFRESH, id_, headers=headers)
            _, state = _refresh(answer)
        if state == "failed":
            raise ProviderUnavailable("PanelOne failed at counting.", provider=PANELONE.key)
        return state == "done"

    async def counts(
        self, cursor: str | None = None, *, organisation_id: str, limit: int = 1000
    ) -> CountPage:
        """A page of the newest counts of the organisation's clients, whenever they were made."""
        answer = await self._page(
            "clients", "counts", after=cursor, limit=limit, of=organisation_id
        )
        rows, following = _rows(answer, "counts", after=cursor)
        return CountPage(*_COUNTS.read(rows), following)

    async def _page(self, *path: str, after: str | None, limit: int, of: str) -> Any:
        query: dict[str, str | int] = {"limit": limit}
        if after is not None:
            query["cursor"] = after
        return await self._api.get(*path, query=query, headers={"X-Organisation-Id": of})


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


def _rows(answer: Any, name: str, *, after: str | None) -> tuple[list[Any], str | None]:
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise PANELONE.malformed(f"there is no list of {name} in it")
    following = answer.get("next_cursor")
    if following is not None and not _is_cursor(following):
        raise PANELONE.malformed("its next_cursor is not one")
    if following is not None and following == after:
        raise PANELONE.malformed("its next_cursor leads nowhere")
    return rows, following


def _refresh(answer: Any) -> tuple[str, str]:
    told = answer if isinstance(answer, dict) else {}
    id_, state = told.get("id"), told.get("status")
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID or state not in _STATES:
        raise PANELONE.malformed("it does not say how the counting stands")
    return id_, state


def _is_cursor(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_CURSOR and value.isascii()
