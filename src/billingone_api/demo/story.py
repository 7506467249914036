"""What the demo does, as PanelOne and a finance person would: over HTTP, with tokens."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from billingone_api.demo.errors import DemoError
from billingone_api.demo.stack import Stack

ROLES: Final = ("Owner", "Admin", "Finance", "Engineer", "Viewer")
_SCOPES: Final = "organisations:write clients:read clients:write"
_RECONCILIATION: Final = "/v1/reconciliation"
_A_LOOK: Final = 0.1
"""Seconds between two looks at a snapshot."""
_TERMINAL: Final = frozenset({"succeeded", "partial", "failed", "cancelled"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part: the organisation, how third parties are reached, a token for each role."""

    organisation: Json
    pax8: Json
    xero: Json
    superops: Json
    tokens: Mapping[str, str]
    service_token: str


class Story:
    """The chapters of the demo, each a few calls of the API."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self._stack = stack
        self._http = http
        self.cast = self._introduce()

    @classmethod
    @contextmanager
    def begin(cls, stack: Stack) -> Iterator[Self]:
        with httpx.Client(trust_env=False, timeout=60) as http:
            yield cls(stack, http)

    def push_organisation(self) -> None:
        organisation = dict(self.cast.organisation)
        path = f"/v1/panelone/organisations/{organisation.pop('id')}"
        self._service("PUT", path, organisation)

    def push_clients(self) -> int:
        """PanelOne's master record, a page at a time; how many clients it has."""
        pushed, cursor = 0, None
        while True:
            page = self._clients(cursor)
            self._service("POST", "/v1/panelone/clients:batch", {"clients": page["clients"]})
            pushed += len(page["clients"])
            cursor = page["next_cursor"]
            if cursor is None:
                return pushed

    def bill_month_end(self) -> Json:
        """As an MSP does, in Xero: invoices, the leaks among them, and words for its own work."""
        return self._called("POST", f"{self._stack.sandbox_url}/_sandbox/month-end")

    def set_services_aside(self, services: Sequence[str]) -> int:
        """The MSP's own work is none of Pax8's products; how many descriptions say so."""
        path = f"{_RECONCILIATION}/four-way"
        listed = self._finance("GET", f"{path}/descriptions?limit=200")["items"]
        found = [one["description"] for one in listed if one["description"] in services]
        for description in found:
            verdict = {"description": description, "product_id": None, "verdict": "confirmed"}
            self._finance("POST", f"{path}/mappings", verdict)
        return len(found)

    def connect_pax8(self) -> None:
        wanted = ("client_id", "client_secret")
        self._connect("pax8", "client_credentials", self.cast.pax8, wanted)

    def connect_superops(self) -> None:
        wanted = ("subdomain", "region", "token", "currency")
        self._connect("superops", "api_token", self.cast.superops, wanted)

    def connect_xero(self) -> str:
        """The whole consent, with this program for a browser. Gives the name of the books."""
        begun = self._finance("POST", "/v1/integrations/xero/authorise")
        back = self._sent_back(begun["url"])
        consent = self._finance("POST", "/v1/integrations/xero/callback", back)
        books = str(self.cast.xero["tenants"][0])
        [wanted] = [one for one in consent["organisations"] if one["name"] == books]
        if not wanted["is_chosen"]:
            self._choose(wanted["tenant_id"])
        return books

    def sync_all(self, watch: Callable[[Json], None]) -> Json:
        """Start a sync of everything and show each of its events until it has ended."""
        sync = self._finance("POST", "/v1/syncs", {})
        while True:
            # A stream that is cut is taken up again, as a browser would.
            for state in self._events(sync["id"]):
                watch(state)
                sync = state
            if all(run["status"] in _TERMINAL for run in sync["runs"]):
                return sync
            self._stack.check()
            sync = self._finance("GET", f"/v1/syncs/{sync['id']}")

    def confirm_presets(self) -> int:
        """Each preset that recognises products becomes a rule; how many rules there are then.

        A product that two presets of a metric recognise is the first one's: no seat counts twice.
        """
        presets = self._finance("GET", f"{_RECONCILIATION}/presets")["presets"]
        confirmed: int = sum(preset["rules"] for preset in presets)
        taken: set[tuple[str, str]] = set()
        for preset in presets:
            metric = preset["metric"]
            found = [product["source_id"] for product in preset["products"]]
            mine = [product for product in found if (metric, product) not in taken]
            if mine and not preset["rules"]:
                rule = {name: preset[name] for name in ("name", "metric", "patterns", "ratio")}
                rule |= {"preset": preset["key"], "products": mine}
                self._finance("POST", f"{_RECONCILIATION}/rules", rule)
                taken |= {(metric, product) for product in mine}
                confirmed += 1
        return confirmed

    def snapshot(self) -> Json:
        """One that is done; where one had begun before the rules were there, the one after it."""
        while True:
            asked = self._finance("POST", f"{_RECONCILIATION}/snapshots")
            is_ours = asked["started_at"] is None
            while asked["status"] in {"queued", "running"}:
                self._stack.check()
                time.sleep(_A_LOOK)
                asked = self._finance("GET", f"{_RECONCILIATION}/snapshots/{asked['id']}")
            if asked["status"] == "failed":
                raise DemoError(f"The snapshot failed: {asked['detail']}")
            if is_ours:
                return asked

    def dashboard(self) -> Json:
        return self._finance("GET", "/v1/dashboard")

    def top_clients(self, limit: int = 10) -> list[Json]:
        answer = self._finance("GET", f"/v1/clients?sort=-mrr&limit={limit}")
        items: list[Json] = answer["items"]
        return items

    def _connect(self, provider: str, mode: str, guide: Json, wanted: Sequence[str]) -> None:
        """Tested before it is saved, as the settings page does."""
        credentials = {"auth_mode": mode} | {name: guide[name] for name in wanted}
        path, body = f"/v1/integrations/{provider}", {"credentials": credentials}
        tested = self._finance("POST", f"{path}/test", body)
        if not tested["ok"]:
            raise DemoError(f"The sandbox of {provider} refuses us: {tested['detail']}")
        self._finance("PUT", path, body)

    def _sent_back(self, url: str) -> Json:
        """What Xero's page puts into the address where a browser would go next."""
        try:
            answer = self._http.get(url)
        except httpx.HTTPError as error:
            self._stack.check()
            raise DemoError(f"Xero's page was not shown: {error}") from error
        if not answer.has_redirect_location:
            raise DemoError(f"Xero's page sends nobody back: {answer.text[:500]}")
        query = httpx.URL(answer.headers["Location"]).params
        return {name: query[name] for name in ("state", "code", "error") if name in query}

    def _choose(self, tenant_id: str) -> None:
        url = f"{self._stack.api_url}/v1/integrations/xero"
        bearer = _bearer(self.cast.tokens["Finance"])
        shown = self._http.get(url, headers=bearer)
        _read(shown)
        match = {"If-Match": shown.headers["ETag"]}
        _read(self._http.put(url, json={"tenant_id": tenant_id}, headers=bearer | match))

    def _introduce(self) -> Cast:
        guide = self._called("GET", f"{self._stack.sandbox_url}/")
        return Cast(
            organisation=guide["organisation"],
            pax8=guide["pax8"],
            xero=guide["xero"],
            superops=guide["superops"],
            tokens={role: self._token(role=role) for role in ROLES},
            service_token=self._token(
                grant_type="client_credentials",
                client_id=guide["panelone"]["client_id"],
                client_secret=guide["panelone"]["client_secret"],
                scope=_SCOPES,
            ),
        )

    def _token(self, **form: str) -> str:
        answer = self._http.post(f"{self._stack.sandbox_url}/panelone/token", data=form)
        token: str = _read(answer)["access_token"]
        return token

    def _clients(self, cursor: str | None) -> Json:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        url = f"{self._stack.sandbox_url}/panelone/clients?{httpx.QueryParams(query)}"
        return self._called("GET", url, token=self.cast.service_token)

    def _events(self, sync_id: str) -> Iterator[Json]:
        url = f"{self._stack.api_url}/v1/syncs/{sync_id}/events"
        try:
            with self._http.stream("GET", url, headers=_bearer(self.cast.tokens["Finance"])) as got:
                for line in got.iter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line.removeprefix("data:"))
        except httpx.HTTPError:
            return

    def _finance(self, method: str, path: str, body: Json | None = None) -> Json:
        token = self.cast.tokens["Finance"]
        return self._called(method, self._stack.api_url + path, body, token=token)

    def _service(self, method: str, path: str, body: Json) -> Json:
        token = self.cast.service_token
        return self._called(method, self._stack.api_url + path, body, token=token)

    def _called(
        self, method: str, url: str, body: Json | None = None, *, token: str | None = None
    ) -> Json:
        try:
            answer = self._http.request(
                method, url, json=body, headers=_bearer(token) if token else {}
            )
        except httpx.HTTPError as error:
            self._stack.check()
            raise DemoError(f"{method} {url} was not answered: {error}") from error
        return _read(answer)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _read(answer: httpx.Response) -> Json:
    if not answer.is_success:
        said = answer.text[:500]
        raise DemoError(
            f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {said}"
        )
    read: Json = answer.json() if answer.content else {}
    return read
