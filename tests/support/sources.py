"""A third party for tests of the engine: pages of records, and a say in when what goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import text
from tests.support.databases import Database

from billingone_api.billing.syncs.adapters.sweeps import Quarantine, Seen, Unreadable
from billingone_api.billing.syncs.models import Claim, RunContext, Tally
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.billing.syncs.wiring import due_work
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.request import Work
from billingone_api.worker import JOBS

CONNECTED = datetime(2026, 11, 1, tzinfo=UTC)
UNREADABLE = "?"
"""A record that begins like this cannot be read."""


class Crash(BaseException):
    """The process dies here: nobody gets to clean up in the database."""


async def nothing_happens(place: str) -> None:
    """A third party without moods."""


@dataclass
class FakeSource:
    """Copies names into `clients`; `mood` is told of each place that a run comes to."""

    key: str = "pax8"
    steps_and_pages: dict[str, list[list[str]]] = field(
        default_factory=lambda: {
            "companies": [["Acme", "Bondi Dental"], ["Cairns Reef"]],
            "subscriptions": [["M365 Acme"], ["M365 Bondi"], ["M365 Cairns"]],
        }
    )
    totals: dict[str, int] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    mood: Callable[[str], Awaitable[None]] = nothing_happens
    places: list[str] = field(default_factory=list)
    contexts: list[RunContext] = field(default_factory=list)

    @property
    def step_names(self) -> Sequence[str]:
        return tuple(self.steps_and_pages)

    @property
    def records(self) -> set[str]:
        pages = [page for pages in self.steps_and_pages.values() for page in pages]
        return {name for page in pages for name in page if not name.startswith(UNREADABLE)}

    async def at(self, place: str) -> None:
        self.places.append(place)
        await self.mood(place)

    @asynccontextmanager
    async def steps(self, process: Process, run: RunContext) -> AsyncIterator[list["FakeStep"]]:
        self.contexts.append(run)
        await self.at("open")
        yield [FakeStep(self, name, run, process) for name in self.steps_and_pages]
        await self.at("close")


@dataclass
class FakeStep:
    source: FakeSource
    name: str
    run: RunContext
    process: Process

    async def batches(self, checkpoint: Checkpoint | None) -> AsyncIterator["FakeBatch"]:
        pages = self.source.steps_and_pages[self.name]
        for number in range(checkpoint["next"] if checkpoint else 0, len(pages)):
            await self.source.at(f"fetch {self.name} {number}")
            yield FakeBatch(self, number, pages[number])
        await self.source.at(f"end {self.name}")


@dataclass
class FakeBatch:
    step: FakeStep
    number: int
    names: list[str]

    @property
    def checkpoint(self) -> Checkpoint:
        return {"next": self.number + 1}

    @property
    def total(self) -> int | None:
        return self.step.source.totals.get(self.step.name)

    @property
    def notice(self) -> str | None:
        return self.step.source.notices.get(self.step.name)

    async def write(self, work: Work) -> Tally:
        source = self.step.source
        await source.at(f"write {self.step.name} {self.number}")
        await Seen(work, self.step.run.run_id, self.step.name).mark(self.names)
        unreadable = [name for name in self.names if name.startswith(UNREADABLE)]
        await Quarantine(work, source.key, self.step.name).put(
            [Unreadable(name, "Nobody can read this.", name) for name in unreadable],
            run_id=self.step.run.run_id,
            at=self.step.process.clock.now(),
        )
        created = [
            await _insert(work, name) for name in self.names if not name.startswith(UNREADABLE)
        ]
        await source.at(f"written {self.step.name} {self.number}")
        return Tally(
            created=sum(created),
            unchanged=len(created) - sum(created),
            quarantined=len(unreadable),
        )


async def _insert(work: Work, name: str) -> bool:
    result = await work.connection.execute(
        text(
            "INSERT INTO clients (organisation_id, id, name, active) "
            "VALUES (:organisation_id, :id, :name, true) ON CONFLICT DO NOTHING"
        ),
        {
            "organisation_id": work.organisation_id,
            "id": uuid5(NAMESPACE_URL, name),
            "name": name,
        },
    )
    return result.rowcount == 1


async def copied_names(database: Database) -> set[str]:
    return {row["name"] for row in await database.as_owner("SELECT name FROM clients")}


async def connect(database: Database, organisation_id: UUID, provider: str = "pax8") -> UUID:
    """As if somebody had saved credentials that work."""
    connection_id = new_id()
    await database.insert(
        "integrations",
        organisation_id=organisation_id,
        provider=provider,
        connection_id=connection_id,
        auth_mode="client_credentials",
        account="client-1",
        secret=b"sealed",
        connected_by="Farah Nair",
        connected_at=CONNECTED,
    )
    return connection_id


async def claim(process: Process, limit: int = 10) -> Sequence[Claim]:
    lease = process.settings.worker_lease_seconds
    return await due_work(process.engine, lease_seconds=lease).claim(limit, kinds=JOBS)


async def work_off(process: Process, *sources: Any) -> int:
    """Do what is due now, one piece after the other, as a worker would; how much it was."""
    claims = await claim(process)
    for one in claims:
        await JOBS[one.kind](process, {source.key: source for source in sources}, one)
    return len(claims)


async def time_passes(database: Database) -> None:
    """Whatever waits is due now, and every lease has run out."""
    await database.as_owner(
        "UPDATE due_work SET due_at = now() - interval '1 second', "
        "leased_until = now() - interval '1 second'"
    )
