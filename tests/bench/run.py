"""`make bench`: speed, as ratios to ceilings measured in the same run.

`ARGS=lists`, `syncs`, `invoices`, `books`, `clients`, `matching`, `reconciliation` or `fourway`
runs one.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import (  # noqa: E402 - the same
    books,
    clients,
    fourway,
    invoices,
    lists,
    matching,
    reconciliation,
    syncs,
)
from tests.bench.servers import serving  # noqa: E402 - the same
from tests.bench.table import Figure, show  # noqa: E402 - the same
from tests.support.api import KEYS  # noqa: E402 - the same
from tests.support.databases import Database, copied, make_template  # noqa: E402 - the same
from tests.support.people import ISSUER, SECRET, Mint  # noqa: E402 - the same

from billingone_api.embedded.postgres import EmbeddedPostgres  # noqa: E402 - the path comes first
from billingone_api.embedded.redis import EmbeddedRedis  # noqa: E402 - the same
from billingone_api.kit.clock import SystemClock  # noqa: E402 - the same
from billingone_api.kit.ids import new_id  # noqa: E402 - the same

BENCHMARKS = (
    "lists", "syncs", "invoices", "books", "clients", "matching", "reconciliation", "fourway",
)  # fmt: skip


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(BENCHMARKS)
    if unknown:
        sys.stderr.write(f"Choose from {', '.join(BENCHMARKS)}.\n")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="billingone-bench-") as name,
        EmbeddedPostgres(Path(name) / "postgres") as postgres,
        EmbeddedRedis(Path(name) / "redis") as redis,
    ):
        make_template(postgres)
        figures: list[Figure] = []
        if not chosen or "lists" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_lists(database, redis.url))
        if not chosen or "syncs" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_syncs(database, redis.url))
        if not chosen or "invoices" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_invoices(database, redis.url))
        if not chosen or "books" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_books(database, redis.url))
        if not chosen or "clients" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_clients(database, redis.url))
        if not chosen or "matching" in chosen:
            _say("Suggesting whose 2,000 generated companies are, three times …")
            figures += matching.measure()
        if not chosen or "reconciliation" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_reconciliation(database, redis.url))
        if not chosen or "fourway" in chosen:
            with copied(postgres) as database:
                figures += asyncio.run(_fourway(database, redis.url))
    show(figures)
    return 0


async def _lists(database: Database, redis_url: str) -> list[Figure]:
    _say("Writing 200,000 subscriptions, then asking for lists of them …")
    organisation_id = await database.add_organisation(new_id())
    await lists.fill(database, organisation_id)
    environment = _environment(database, redis_url, BENCH_ORGANISATION=str(organisation_id))
    return await lists.measure(environment, Mint(SystemClock()).person(organisation_id))


async def _syncs(database: Database, redis_url: str) -> list[Figure]:
    _say("Starting a practice ground of 100,000 subscriptions, then syncing it twice …")
    organisation_id = await database.add_organisation(new_id())
    token = Mint(SystemClock()).person(organisation_id)
    with syncs.practice_ground() as sandbox_url:
        environment = _environment(
            database,
            redis_url,
            PAX8_API_URL=f"{sandbox_url}/pax8/v1",
            PAX8_TOKEN_URL=f"{sandbox_url}/pax8/v1/token",
        )
        with serving("ours", environment) as api:
            await syncs.connect(api.url, sandbox_url, token)
            return await syncs.measure(database, environment, api.url, sandbox_url, token)


async def _invoices(database: Database, redis_url: str) -> list[Figure]:
    _say(f"Writing {invoices.MANY:,} invoices, then asking for lists of them …")
    many = await database.add_organisation(new_id(), name="Many")
    few = await database.add_organisation(new_id(), name="Few")
    await invoices.fill(database, many, invoices=invoices.MANY)
    await invoices.fill(database, few, invoices=invoices.FEW)
    await invoices.settle(database)
    mint = Mint(SystemClock())
    environment = _environment(database, redis_url)
    return await invoices.measure(environment, mint.person(many), mint.person(few))


async def _books(database: Database, redis_url: str) -> list[Figure]:
    _say(f"Starting a practice ground of {books.INVOICES:,} invoices, then syncing them …")
    organisation_id = await database.add_organisation(new_id())
    token = Mint(SystemClock()).person(organisation_id)
    with books.practice_ground() as sandbox_url:
        environment = _environment(database, redis_url, **books.environment_for(sandbox_url))
        with serving("ours", environment) as api:
            return await books.measure(database, environment, api.url, sandbox_url, token)


async def _clients(database: Database, redis_url: str) -> list[Figure]:
    _say(f"Writing {clients.CLIENTS:,} clients with what they buy, then asking for lists …")
    organisation_id = await database.add_organisation(new_id())
    await clients.fill(database, organisation_id)
    token = Mint(SystemClock()).person(organisation_id)
    return await clients.measure(_environment(database, redis_url), token)


async def _reconciliation(database: Database, redis_url: str) -> list[Figure]:
    _say("Planting faults, then taking snapshots and writing a million lines …")
    return await reconciliation.measure(database, _environment(database, redis_url))


async def _fourway(database: Database, redis_url: str) -> list[Figure]:
    _say(f"Writing a month of {fourway.CLIENTS:,} clients, then asking for its four-way line …")
    organisation_id = await database.add_organisation(new_id())
    await fourway.fill(database, organisation_id)
    token = Mint(SystemClock()).person(organisation_id)
    environment = _environment(database, redis_url)
    return await fourway.measure(database, environment, organisation_id, token)


def _environment(database: Database, redis_url: str, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database.application_url,
        "REDIS_URL": redis_url,
        "ENCRYPTION_KEYS": KEYS,
        "PANELONE_ISSUER": ISSUER,
        "PANELONE_ALGORITHMS": "HS256",
        "PANELONE_SHARED_SECRET": SECRET,
        # counted like any other's, and never refused
        "REQUESTS_PER_MINUTE": "1000000000",
        "ORGANISATION_REQUESTS_PER_MINUTE": "1000000000",
        **more,
    }


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
