"""A transaction is whole before anybody hears of it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database
from tests.support.people import Mint

from billingone_api.billing.access.wiring import SignedInPerson
from billingone_api.database.engine import create_engine, is_away
from billingone_api.database.unit_of_work import directory_work, unit_of_work
from billingone_api.kit.errors import Conflict
from billingone_api.kit.ids import new_id
from billingone_api.request import Work

NAME = text("UPDATE organisation_settings SET name = 'Changed'")
# two rows of one number may stand side by side until the commit
LATE = (
    "CREATE TABLE late (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    "GRANT INSERT, SELECT ON late TO billingone_app",
)


@pytest.fixture
async def engine(own_database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_engine(own_database.application_url, pool_size=1)
    yield made
    await made.dispose()


@pytest.fixture
async def organisation_id(own_database: Database) -> UUID:
    for statement in LATE:
        await own_database.as_owner(statement)
    return await own_database.add_organisation(new_id(), name="Before")


async def name(database: Database) -> str:
    (row,) = await database.as_owner("SELECT name FROM organisation_settings")
    found: str = row["name"]
    return found


async def test_actions_run_in_order_and_find_the_commit_done(
    engine: AsyncEngine, own_database: Database, organisation_id: UUID
) -> None:
    told: list[tuple[str, str]] = []

    async def first() -> None:
        told.append(("first", await name(own_database)))

    async def second() -> None:
        # the connection is back in the pool of one: an action may work with the database
        async with unit_of_work(engine, organisation_id=organisation_id) as other:
            await other.connection.execute(text("SELECT 1"))
        told.append(("second", await name(own_database)))

    async with unit_of_work(engine, organisation_id=organisation_id) as work:
        work.after_commit += [first, second]
        await work.connection.execute(NAME)
        assert await name(own_database) == "Before"
        assert told == []
    assert told == [("first", "Changed"), ("second", "Changed")]


async def test_what_is_rolled_back_tells_nobody(
    engine: AsyncEngine, own_database: Database, organisation_id: UUID
) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    async def refused() -> None:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            work.after_commit.append(tell)
            await work.connection.execute(NAME)
            raise Conflict("planted")

    with pytest.raises(Conflict):
        await refused()
    assert (told, await name(own_database)) == ([], "Before")


async def test_a_commit_that_fails_tells_nobody(engine: AsyncEngine, organisation_id: UUID) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    async def failed_late() -> None:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            work.after_commit.append(tell)
            await work.connection.execute(text("INSERT INTO late VALUES (1), (1)"))

    with pytest.raises(IntegrityError):
        await failed_late()
    assert told == []


async def test_an_action_that_fails_undoes_nothing_and_stops_no_other(
    engine: AsyncEngine, own_database: Database, organisation_id: UUID
) -> None:
    told: list[str] = []

    async def fail() -> None:
        raise RuntimeError("planted")

    async def tell() -> None:
        told.append("told")

    async with unit_of_work(engine, organisation_id=organisation_id) as work:
        work.after_commit += [fail, tell]
        await work.connection.execute(NAME)
    assert (told, await name(own_database)) == (["told"], "Changed")


@pytest.fixture
async def api(
    own_database: Database, clock: SetClock, mint: Mint, organisation_id: UUID
) -> AsyncIterator[Api]:
    async with (
        made_process(settings_for(own_database), clock=clock) as made,
        running_app(made) as app,
    ):
        add_routes(app)
        yield Api(app, mint, organisation_id)


def add_routes(app: FastAPI) -> None:
    @app.post("/v1/late/{number}")
    async def write(number: int, caller: SignedInPerson, work: Work) -> dict[str, int]:
        await work.connection.execute(
            text("INSERT INTO late SELECT :number FROM generate_series(1, :number)"),
            {"number": number},
        )
        return {"number": number}

    @app.post("/v1/refused")
    async def refuse(caller: SignedInPerson, work: Work) -> None:
        await work.connection.execute(text("INSERT INTO late VALUES (9)"))
        raise Conflict("planted")


async def rows(database: Database) -> list[int]:
    return [row["number"] for row in await database.as_owner("SELECT number FROM late")]


async def test_what_is_answered_is_committed(api: Api, own_database: Database) -> None:
    assert (await api.finance.post("/v1/late/1")).status_code == 200
    assert await rows(own_database) == [1]


async def test_a_commit_that_fails_is_never_answered_as_done(
    api: Api, own_database: Database
) -> None:
    answer = await api.finance.post("/v1/late/2")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert await rows(own_database) == []


async def test_a_refusal_undoes_what_was_written_before_it(
    api: Api, own_database: Database
) -> None:
    assert (await api.finance.post("/v1/refused")).status_code == 409
    assert await rows(own_database) == []


IDLE = text("SELECT current_setting('idle_in_transaction_session_timeout')")


async def test_what_a_process_that_stands_still_holds_is_set_free(
    engine: AsyncEngine, own_database: Database, organisation_id: UUID
) -> None:
    """A frozen worker's rows are passed over by all others for as long as it holds them."""

    async def stand_still() -> None:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            assert (await work.connection.execute(IDLE)).scalar_one() == "30s"
            # as the thirty seconds would end, but sooner
            await work.connection.execute(
                text("SELECT set_config('idle_in_transaction_session_timeout', '100ms', true)")
            )
            await work.connection.execute(NAME)
            async with asyncio.timeout(20):
                await own_database.as_owner("UPDATE organisation_settings SET name = 'Theirs'")
            await work.connection.execute(IDLE)

    with pytest.raises(DBAPIError) as ended:
        await stand_still()
    assert is_away(ended.value)
    assert await name(own_database) == "Theirs"


async def test_only_an_organisations_transaction_is_hurried(engine: AsyncEngine) -> None:
    """The housekeeper keeps its turn by one that waits meanwhile."""
    async with unit_of_work(engine, organisation_id=new_id()) as work:
        await work.connection.execute(IDLE)
    async with directory_work(engine) as connection:
        assert (await connection.execute(IDLE)).scalar_one() == "0"
