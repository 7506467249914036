"""What every test may ask for: a clock, a database of its own, a process, the API."""

from tests.support import walls

# isort: split

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from tests.support.api import Api, made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import Database, copied, emptied, kept_lines, make_template
from tests.support.figures import Figure, Tally, figure_for, summary, tally_for
from tests.support.people import Mint

from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.embedded.redis import EmbeddedRedis
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

# structlog's own choice prints every local variable of a traceback, which takes seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    walls.without_tests_of_the_missing_one(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    summary(terminalreporter)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Prints a sentence at the end of the run: `figure("20: 8 racers, one 200 and seven 412")`."""
    return figure_for(request)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Adds up over many tests what is printed as one sentence at the end."""
    return tally_for(request)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own folder, which is closed to the account that PostgreSQL runs under.
    with (
        tempfile.TemporaryDirectory(prefix="billingone-") as folder,
        EmbeddedPostgres(Path(folder), durable=False) as server,
    ):
        make_template(server)
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[EmbeddedRedis]:
    with (
        tempfile.TemporaryDirectory(prefix="billingone-") as folder,
        EmbeddedRedis(Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def shared_database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    with copied(postgres) as made:
        yield made


@pytest.fixture(scope="session")
async def lines() -> AsyncIterator[None]:
    async with kept_lines():
        yield


@pytest.fixture
async def database(
    postgres: EmbeddedPostgres,
    shared_database: Database,
    lines: None,
) -> Database:
    """Empty, as after the migration; emptying one is several times faster than copying one."""
    await emptied(postgres, shared_database)
    return shared_database


@pytest.fixture
def own_database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """For tests that change a schema, or fill more than is quickly emptied."""
    with copied(postgres) as made:
        yield made


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    return await database.add_organisation(new_id())


@pytest.fixture
async def process(database: Database, clock: SetClock) -> AsyncIterator[Process]:
    async with made_process(settings_for(database), clock=clock) as made:
        yield made


@pytest.fixture
def mint(clock: SetClock) -> Mint:
    return Mint(clock)


@pytest.fixture
async def api(process: Process, mint: Mint, organisation_id: UUID) -> AsyncIterator[Api]:
    async with running_app(process) as app:
        yield Api(app, mint, organisation_id)
