"""One Xero token set in the hands of real processes: renewed once, and never lost to a kill."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from starlette.types import Message, Receive, Scope, Send
from tests.support.api import made_process, settings_for
from tests.support.clock import NOW, SetClock
from tests.support.commands import environment_for
from tests.support.databases import ROOT, Database
from tests.support.figures import Figure
from tests.support.waiting import until
from tests.support.xero import connect_xero, consent_given, xero_over_sockets, xero_settings

from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.limits import XeroLimits
from billingone_api.sandbox.xero.room import XeroSettings

SCRIPT = Path(__file__).resolve().parents[2] / "support" / "xero_callers.py"


@dataclass
class Withholding:
    """Before Xero: while it is `on`, a token is made and its answer goes to nobody."""

    sandbox: Sandbox
    on: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_withheld = self.on and scope.get("path", "").endswith("/connect/token")
        await self.sandbox(scope, receive, _to_nobody if is_withheld else send)
        while is_withheld and (await receive())["type"] != "http.disconnect":
            pass


async def _to_nobody(_: Message) -> None:
    return


@dataclass(frozen=True)
class Readers:
    """Starts processes with so many readers of one connection each."""

    environment: dict[str, str]
    organisation_id: UUID
    connection_id: UUID

    async def ready(self, count: int) -> Process:
        who = (str(self.organisation_id), str(self.connection_id), str(count))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), *who, env=self.environment, stdin=PIPE, stdout=PIPE
        )
        assert process.stdout is not None
        said = await process.stdout.readline()
        assert said == b"ready\n"
        return process

    async def ends(self, process: Process) -> str:
        """How they fared, once they have been told to begin."""
        out, _ = await process.communicate(b"go\n")
        return out.decode().strip().splitlines()[-1]


@pytest.fixture
def sandbox() -> Sandbox:
    """Its minute is lifted, and five at a time are not."""
    limits = XeroLimits(minute=None)
    xero = XeroSettings(invoices=1, planted_bad=0, limits=limits)
    return create_sandbox(
        SandboxSettings(clients=1, xero=xero, latency_seconds=0.02, algorithms=("ES256",))
    )


@pytest.fixture
def withholding(sandbox: Sandbox) -> Withholding:
    return Withholding(sandbox)


@pytest.fixture
async def readers(
    database: Database, organisation_id: UUID, sandbox: Sandbox, withholding: Withholding
) -> AsyncIterator[Readers]:
    """With a consent whose access token has just expired, here and there."""
    there = sandbox.xero
    async with xero_over_sockets(withholding) as host:
        settings = settings_for(database, **xero_settings(host))
        async with made_process(settings, clock=SetClock(NOW)) as process:
            tokens = await consent_given(process)
            connection_id = await connect_xero(
                database,
                process,
                organisation_id,
                tokens=tokens,
                tenant_id=there.organisation.id,
            )
        await database.as_owner("UPDATE xero_consents SET expires_at = now()")
        there.grants.expire()
        named = {name.upper(): str(value) for name, value in xero_settings(host).items()}
        places = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_LEVEL": "error"}
        environment = environment_for(database) | named | places
        yield Readers(environment, organisation_id, connection_id)


async def test_fifty_readers_in_each_of_four_processes_make_one_refresh(
    readers: Readers, sandbox: Sandbox, figure: Figure
) -> None:
    there = sandbox.xero
    processes = [await readers.ready(50) for _ in range(4)]
    ends = await asyncio.gather(*(readers.ends(process) for process in processes))
    assert ends == ["{'read': 50}"] * 4
    counts = there.grants.counts
    assert (counts["refreshed"], counts["recovered"], counts["refresh_refused"]) == (1, 0, 0)
    assert there.entrance.asked[there.organisation.id] == 200
    assert there.crowd.most <= 4
    figure(
        f"15: 200 readers in 4 processes with an expired token: {counts['refreshed']} refresh, "
        f"at most {there.crowd.most} requests at a time"
    )


async def test_a_process_killed_while_it_renews_is_made_good_by_the_next(
    readers: Readers,
    sandbox: Sandbox,
    withholding: Withholding,
    database: Database,
    figure: Figure,
) -> None:
    """Xero has rotated the token by then, and the answer went to nobody."""
    counts = sandbox.xero.grants.counts
    withholding.on = True
    doomed = await readers.ready(1)
    ending = asyncio.create_task(doomed.communicate(b"go\n"))
    await until(lambda: counts["refreshed"] == 1)
    doomed.kill()
    await ending
    withholding.on = False
    # A minute passes, after which its claim is anybody's.
    await database.as_owner("UPDATE xero_consents SET claimed_until = now()")
    assert await readers.ends(await readers.ready(5)) == "{'read': 5}"
    assert (counts["recovered"], counts["refresh_refused"]) == (1, 0)
    figure("15: kill -9 in mid-refresh: the next process recovers with the same refresh token")


async def test_an_answer_lost_on_the_way_is_made_good_by_the_next(
    readers: Readers, sandbox: Sandbox
) -> None:
    counts = sandbox.xero.grants.counts
    sandbox.faults.add("drop", provider="xero", path="/connect/token")
    assert await readers.ends(await readers.ready(1)) == "{'ProviderUnavailable': 1}"
    assert await readers.ends(await readers.ready(5)) == "{'read': 5}"
    assert (counts["refreshed"], counts["recovered"]) == (1, 1)


async def test_a_consent_that_ended_is_asked_about_once_by_all_processes(
    readers: Readers, sandbox: Sandbox
) -> None:
    sandbox.xero.grants.forget()
    processes = [await readers.ready(20) for _ in range(4)]
    ends = await asyncio.gather(*(readers.ends(process) for process in processes))
    assert ends == ["{'InvalidGrant': 20}"] * 4
    assert sandbox.xero.grants.counts["refresh_refused"] == 1
