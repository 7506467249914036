"""A process with known secrets that meets with every misfortune, and shows all that it says.

`python planted.py` prints JSON on stdout: its answers, spans and metrics, and the secrets it met on
the way. Its log is on stderr.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from tests.support.api import Api, running_app
from tests.support.people import Mint
from tests.support.waiting import PATIENCE

from billingone_api.billing.sources import SOURCES
from billingone_api.config import Settings
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit import logging, tracing
from billingone_api.kit.clock import SystemClock
from billingone_api.kit.ids import new_id
from billingone_api.process import Process, running_process
from billingone_api.sandbox.app import SandboxSettings, create_sandbox
from billingone_api.worker import Worker

BASE = "https://sandbox.test"
GOOD, BAD, OTHER = "planted-good-Zk3vB9q/+w7=", "planted-bad-7Yt2Lm&x%1", 'planted-other-"q\\0Rr5'
PAX8, XERO = "/v1/integrations/pax8", "/v1/integrations/xero"
SUPEROPS = "/v1/integrations/superops"
OWN_APP = "planted-own-app-Hs5+/Tq8="
TOKEN, OTHER_TOKEN = "planted-token-Vn4+/Ew2=", "planted-token-Jb6%&Ry9"
TOKENS = ("access_token", "refresh_token")
MOODS = ("401", "400", "403", "429", "500", "away", "broken", "garbled")


@dataclass
class Ground(httpx.AsyncBaseTransport):
    """The sandbox, or a third party that says back everything it was told."""

    sandbox: httpx.ASGITransport
    mood: str = "well"
    tokens: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.mood == "well":
            return await self._well(request)
        told = f"{request.url} {dict(request.headers)} {(await request.aread()).decode()}"
        match self.mood:
            case "broken":
                raise RuntimeError(f"planted: {told}")
            case "away":
                raise httpx.ConnectError(f"planted: {told}", request=request)
            case "garbled":
                return httpx.Response(200, text=told)
            case status:
                return httpx.Response(int(status), json={"message": told, "error": told})

    async def _well(self, request: httpx.Request) -> httpx.Response:
        answer = await self.sandbox.handle_async_request(request)
        body = await answer.aread()
        if request.url.path.endswith("/token") and answer.status_code == 200:
            given = json.loads(body)
            self.tokens += [given[name] for name in TOKENS if name in given]
        headers = [(k, v) for k, v in answer.headers.items() if k != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=body)


@dataclass
class Story:
    """What is done, and what came back."""

    api: Api
    ground: Ground
    worker: Worker
    answers: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    passed_on: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        caller: httpx.AsyncClient,
        method: str,
        url: str,
        *,
        is_shown: bool = True,
        **more: Any,
    ) -> Any:
        answer = await caller.request(method, url, **more)
        if is_shown:
            self.answers.append(f"{answer.status_code} {dict(answer.headers)} {answer.text}")
        is_json = answer.headers.get("content-type", "").endswith("json")
        return answer.json() if is_json and answer.content else None

    async def finance(self, method: str, url: str, **more: Any) -> Any:
        return await self.ask(self.api.finance, method, url, **more)

    async def connect(self, secret: Any) -> None:
        body = {"auth_mode": "client_credentials", "client_id": "bluegum-pax8"}
        await self.finance("PUT", PAX8, json={"credentials": body | {"client_secret": secret}})

    async def sync(self) -> str:
        """Until it has ended or waits for a third party."""
        sync_id = (await self.finance("POST", "/v1/syncs", json={}))["id"]
        self.worker.wake()
        async with asyncio.timeout(PATIENCE):
            while True:
                (run,) = (await self.finance("GET", f"/v1/syncs/{sync_id}"))["runs"]
                if run["finished_at"] or run["problem"]:
                    return str(sync_id)
                await asyncio.sleep(0.1)

    async def introduce(self) -> None:
        organisation = {"name": "Bluegum IT", "slug": "bluegum-it"}
        zone = {"time_zone": "Australia/Sydney", "reporting_currency": "AUD"}
        service = self.api.service("organisations:write", "clients:write")
        self.secrets["a service's token"] = service.headers["authorization"].split()[1]
        self.secrets["a person's token"] = self.api.finance.headers["authorization"].split()[1]
        path = f"/v1/panelone/organisations/{self.api.organisation_id}"
        await self.ask(service, "PUT", path, json=organisation | zone)

    async def wander_through_xero(self) -> None:
        """Connected, met with every mood, and disconnected; twice with an app of one's own."""
        app = {"client_id": "bluegum-own-xero", "client_secret": OWN_APP}
        for mood in MOODS:
            self.ground.mood = "well"
            brought = await self.consent()
            self.ground.mood = mood
            await self.finance("POST", f"{XERO}/callback", json=brought)
            self.ground.mood = "well"
            await self.finance("POST", f"{XERO}/callback", json=await self.consent())
            self.ground.mood = mood
            await self.finance("POST", f"{XERO}/test")
            await self.finance("DELETE", XERO)
            await self.finance("PUT", f"{XERO}/app", json=app)
            await self.finance("DELETE", f"{XERO}/app")
        self.ground.mood = "well"

    async def wander_through_superops(self) -> None:
        """Connected, met with every mood as it is tested and synced, and disconnected."""
        place = {"auth_mode": "api_token", "subdomain": "bluegumit", "region": "us"}
        given, other = ({**place, "token": one, "currency": "AUD"} for one in (TOKEN, OTHER_TOKEN))
        for mood in MOODS:
            await self.finance("PUT", SUPEROPS, json={"credentials": given})
            self.ground.mood = mood
            await self.finance("POST", f"{SUPEROPS}/test", json={"credentials": other})
            await self.finance("POST", f"{SUPEROPS}/test", json={})
            spoilt = given | {"token": f"{TOKEN} {TOKEN}"}
            await self.finance("PUT", SUPEROPS, json={"credentials": spoilt})
            self.ground.mood = "well"
            await self.finance("DELETE", SUPEROPS)

    async def consent(self) -> dict[str, str]:
        """What a browser brings back; it is the one thing that is shown to be sent elsewhere."""
        begun = await self.ask(self.api.finance, "POST", f"{XERO}/authorise", is_shown=False)
        sandbox = httpx.AsyncClient(transport=self.ground, base_url=BASE)
        answer = await sandbox.get(begun["url"])
        back = httpx.URL(answer.headers["Location"]).params
        brought = {name: back[name] for name in ("state", "code")}
        self.passed_on.update({f"a {name} of Xero's": text for name, text in brought.items()})
        return brought

    async def go_wrong(self) -> None:
        unsaved = {"auth_mode": "client_credentials", "client_id": "x", "client_secret": BAD}
        for mood in MOODS:
            self.ground.mood = mood
            await self.finance("POST", f"{PAX8}/test", json={"credentials": unsaved})
            await self.finance("POST", f"{PAX8}/test", json={})
        for mood in ("401", "broken", "garbled"):
            self.ground.mood = mood
            await self.connect(OTHER if mood == "broken" else GOOD)
            sync_id = await self.sync()
            await self.finance("POST", f"/v1/syncs/{sync_id}/cancel")
        self.ground.mood = "well"
        for body in ([BAD], {"s": BAD}, f"{BAD} {BAD}", "é" + BAD, "x" * 600 + BAD):
            await self.connect(body)
        await self.finance("PUT", PAX8, content=json.dumps({"credentials": BAD})[:-1])

    async def make_key(self) -> None:
        admin = self.api.as_role("Admin")
        body = {"name": "Script", "scopes": ["settings:write"]}
        for _ in range(2):
            made = await self.ask(
                admin,
                "POST",
                "/v1/api-keys",
                is_shown=False,
                json=body,
                headers={"Idempotency-Key": "the-same-key-twice"},
            )
        self.secrets["an API key"] = made["key"]
        rate = "/v1/settings/exchange-rates/USD/2026-11-01"
        await self.ask(self.api.caller(made["key"]), "PUT", rate, json={"rate": "1.6"})
        await self.ask(self.api.caller(made["key"] + "x"), "PUT", rate, json={"rate": "1.6"})
        await self.ask(self.api.caller(made["key"]), "GET", "/v1/clients")

    async def make_ticket(self, sync_id: str) -> None:
        stream = f"/v1/syncs/{sync_id}/events"
        made = await self.ask(self.api.finance, "POST", f"{stream}/ticket", is_shown=False)
        self.secrets["a ticket"] = made["url"].partition("ticket=")[2]
        await self.ask(self.api.nobody, "GET", made["url"])
        other = made["url"].replace(sync_id, str(new_id()))
        await self.ask(self.api.nobody, "GET", other)
        await self.ask(self.api.nobody, "GET", made["url"][:-2])

    async def fail_ourselves(self, process: Process) -> None:
        """An error of ours with every secret in its words, its cause and its arguments."""
        secrets = dict(self.secrets)
        stream = f"GET /v1/syncs/1/events?ticket={secrets.pop('a ticket')}"
        told = (stream, *secrets.values(), GOOD, OTHER, *process.settings.secrets)

        async def fail(_: Process, __: UnitOfWork) -> None:
            raise RuntimeError(f"planted: {told}") from LookupError(*told)

        async def fail_later() -> None:
            raise RuntimeError("planted: " + " ".join(told))

        self.api.app.state.process = replace(self.api.app.state.process, subscribers=(fail,))
        change = {"json": {"annual_price_is": "month"}, "headers": {"If-Match": "*"}}
        await self.finance("PATCH", "/v1/settings/billing", **change)
        async with process.work(self.api.organisation_id) as work:
            work.after_commit.append(fail_later)
        for token in (self.secrets["a person's token"] + "x", GOOD, "Basic"):
            await self.ask(self.api.caller(token), "GET", "/v1/me")


async def main() -> None:
    settings = Settings.load()
    logging.configure(style="json", level="debug")
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.trace_with(provider)
    sandbox = create_sandbox(
        SandboxSettings(base_url=BASE, clients=3, client_secret=GOOD, algorithms=("ES256",))
    )
    ground = Ground(httpx.ASGITransport(sandbox))
    async with running_process(settings, name="planted") as process:
        process.http._transport = ground
        worker = Worker(process, SOURCES)
        working = asyncio.create_task(worker.run())
        async with running_app(process) as app:
            api = Api(app, Mint(SystemClock()), UUID(sys.argv[1]))
            story = Story(api, ground, worker)
            await story.introduce()
            await story.wander_through_xero()
            await story.wander_through_superops()
            await story.connect(GOOD)
            sync_id = await story.sync()
            await story.make_key()
            await story.make_ticket(sync_id)
            await story.go_wrong()
            await story.fail_ourselves(process)
        worker.stop()
        await working
    story.secrets |= {f"token {n}": token for n, token in enumerate(ground.tokens)}
    story.secrets |= {"the secret": GOOD, "a bad secret": BAD, "another secret": OTHER}
    story.secrets |= {"a token of SuperOps": TOKEN, "another one": OTHER_TOKEN}
    story.secrets |= {"an app's secret": OWN_APP, **story.passed_on}
    spans = [span.to_json() for span in exporter.get_finished_spans()]
    shown = {"answers": story.answers, "spans": spans, "metrics": generate_latest().decode()}
    json.dump(shown | {"secrets": story.secrets}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
