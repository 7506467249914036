"""A back-up as the README tells to take it, restored into a database that has nothing."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.database.rows import TABLES
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.commands import billingone, environment_for
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.people import Mint
from tests.support.postgres_tools import dumped, restored
from tests.support.town import Town, town

from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.ids import new_id

SHOWN = (
    "/v1/dashboard",
    "/v1/clients?limit=200",
    "/v1/subscriptions?limit=200&with_total=true",
    "/v1/integrations",
    "/v1/settings/exchange-rates",
    "/v1/syncs",
    "/v1/quarantine",
    "/v1/audit?limit=200",
)


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """On a server that has the two roles, as a new one needs them first."""
    postgres.create_database("restored")
    yield Database(postgres.owner_url("restored"), postgres.application_url("restored"))
    postgres.drop_database("restored")


async def shown(api: Api) -> dict[str, Any]:
    """Everything that people look at, without what tells the time of the look."""
    found = {}
    for url in SHOWN:
        answer = await api.finance.get(url)
        assert answer.status_code == 200, (url, answer.text)
        found[url] = {name: value for name, value in answer.json().items() if "cursor" not in name}
    return found


async def fill(here: Town) -> None:
    await here.connect()
    assert (await here.sync())["status"] in {"succeeded", "partial"}
    rate = "/v1/settings/exchange-rates/USD/2026-11-01"
    await here.api.finance.put(rate, json={"rate": "1.5"})


async def counts(database: Database) -> dict[str, int]:
    each = (f"SELECT '{name}' AS of, count(*) AS rows FROM {name}" for name in TABLES)  # noqa: S608 - our own tables
    rows = await database.as_owner(" UNION ALL ".join(each))
    return {row["of"]: row["rows"] for row in rows}


@pytest.mark.row_security
async def test_what_was_backed_up_is_there_again_with_the_same_figures(
    own_database: Database, empty: Database, clock: SetClock, figure: Figure
) -> None:
    one, two = [await own_database.add_organisation(new_id(), name=n) for n in ("One", "Two")]
    before = {}
    async with town(own_database, one) as here:
        await fill(here)
        other = here.api.of(two)
        await other.finance.put("/v1/settings/exchange-rates/NZD/2026-11-01", json={"rate": "0.9"})
        before = {one: await shown(here.api), two: await shown(other)}
    rows = await counts(own_database)

    dump = await asyncio.to_thread(dumped, own_database)
    await asyncio.to_thread(restored, empty.owner_url, dump)
    assert await counts(empty) == rows
    migrated = await asyncio.to_thread(billingone, "migrate", environment=environment_for(empty))
    assert (migrated.code, migrated.err) == (0, "")

    async with (
        made_process(settings_for(empty), clock=clock) as process,
        running_app(process) as app,
    ):
        api = Api(app, Mint(clock), one)
        assert {one: await shown(api), two: await shown(api.of(two))} == before
        # Policies and grants came along.
        async with process.work(two) as work:
            seen = await work.connection.exec_driver_sql(
                "SELECT DISTINCT organisation_id FROM exchange_rates"
            )
            assert seen.scalars().all() == [two]
    async with town(empty, one) as again:
        # With the same ring the stored credentials still open: the third party takes them.
        assert (await again.sync())["status"] in {"succeeded", "partial"}
    figure(
        f"30: {sum(rows.values())} rows of 2 organisations restored from {len(dump) // 1000} kB; "
        f"{2 * len(SHOWN)} answers the same, and the next sync succeeds"
    )


async def test_without_the_ring_the_data_are_there_and_the_credentials_are_not(
    own_database: Database, clock: SetClock
) -> None:
    organisation_id = await own_database.add_organisation(new_id())
    async with town(own_database, organisation_id) as here:
        await fill(here)
    other = "k9:" + "q83vMjFw5pmzZpeYI3gh7jC4mAItfVd1x0l1Vx2m6BQ="
    async with town(own_database, organisation_id, encryption_keys=other) as again:
        assert (await again.api.finance.get("/v1/subscriptions")).json()["items"]
        run = (await again.sync())["runs"][0]
        assert (run["status"], run["problem"]["code"]) == ("failed", "credentials_rejected")
        (told,) = (await again.api.finance.get("/v1/audit?resource=sync_run")).json()["items"]
        assert (told["action"], told["resource_id"], told["actor_kind"], told["after"]) == (
            "sync_run.needs_attention",
            run["id"],
            "system",
            {"problem": "credentials_rejected"},
        )
        await again.connect()
        assert (await again.sync())["status"] in {"succeeded", "partial"}


@pytest.mark.row_security
async def test_a_plain_dump_is_refused_rather_than_empty(own_database: Database) -> None:
    """Forced policies bind the owner: pg_dump has to be told that they may show it rows."""
    await own_database.add_organisation(new_id())
    with pytest.raises(AssertionError, match="row-level security"):
        await asyncio.to_thread(dumped, own_database, rows_as_the_policy_lets=False)
