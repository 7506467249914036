import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.orphans import Footprint
from billingone_api.embedded.postgres import EmbeddedPostgres

PATIENCE_SECONDS = 30

STARTER = """
import sys, time
from pathlib import Path
from billingone_api.embedded.postgres import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def server(module_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(module_folder) as running:
        running.create_database("product")
        yield running


async def add_one(server: EmbeddedPostgres) -> int:
    """How often this was called in the life of the data."""
    connection = await asyncpg.connect(server.owner_url("product").replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE IF NOT EXISTS calls (n int)")
    await connection.execute("INSERT INTO calls VALUES (1)")
    count: int = await connection.fetchval("SELECT count(*) FROM calls")
    await connection.close()
    return count


def footprint(folder: Path) -> Footprint:
    return Footprint(folder / "data" / "postmaster.pid", "postgres", folder / "data")


def running_pid(folder: Path) -> int:
    pid = footprint(folder).running_pid()
    assert pid is not None
    return pid


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while footprint(folder).running_pid() is not None:
        assert time.monotonic() < deadline, "the server outlived its starter"
        time.sleep(0.01)


@contextmanager
def another_program(folder: Path) -> Iterator[None]:
    """One that has started a server there; killed at the end."""
    command = [sys.executable, "-c", STARTER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:  # noqa: S603 - our own
        assert program.stdout is not None
        assert program.stdout.readline() == b"started\n"
        yield
        program.kill()


async def test_stopped_and_started_it_keeps_data_and_address(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    before, address = await add_one(server), server.owner_url("product")

    server.stop()
    server.stop()
    assert footprint(module_folder).running_pid() is None
    server.start()
    server.start()

    assert server.owner_url("product") == address
    assert await add_one(server) == before + 1


async def test_killed_it_recovers_at_the_next_start(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    before = await add_one(server)
    os.kill(running_pid(module_folder), signal.SIGKILL)
    assert server._launcher._keeper is not None
    server._launcher._keeper.wait()

    server.start()

    assert await add_one(server) == before + 1


async def test_a_pid_that_now_belongs_to_another_process_does_not_bar_the_start(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    before = await add_one(server)
    pid_file = module_folder / "data" / "postmaster.pid"
    _, *rest = pid_file.read_text().splitlines()
    server.stop()
    # The test itself is a live process that is no PostgreSQL.
    pid_file.write_text("\n".join([str(os.getpid()), *rest, ""]))

    server.start()

    assert await add_one(server) == before + 1


async def test_a_server_left_behind_is_stopped_and_its_data_taken_over(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    before = await add_one(server)
    orphan = running_pid(module_folder)
    assert server._launcher._keeper is not None
    server._launcher._keeper.kill()
    server._launcher._keeper.wait()
    assert running_pid(module_folder) == orphan

    server.start()

    assert running_pid(module_folder) != orphan
    assert await add_one(server) == before + 1


def test_a_second_program_on_the_same_folder_is_turned_away(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    with pytest.raises(EmbeddedServerError, match="Another running program uses"):
        EmbeddedPostgres(module_folder).start()

    assert running_pid(module_folder)


def test_ctrl_c_reaches_the_program_only(server: EmbeddedPostgres, module_folder: Path) -> None:
    assert os.getsid(running_pid(module_folder)) != os.getsid(0)


def test_a_server_does_not_outlive_a_program_that_was_killed(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    server.stop()
    with another_program(module_folder):
        assert running_pid(module_folder)

    wait_until_gone(module_folder)

    server.start()


def test_a_program_killed_a_moment_ago_does_not_bar_the_next(
    server: EmbeddedPostgres, module_folder: Path
) -> None:
    server.stop()
    with another_program(module_folder):
        pass

    server.start()

    assert running_pid(module_folder)


def test_a_first_start_cut_short_is_begun_anew(folder: Path) -> None:
    half = folder / "unfinished-before"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(folder, durable=False):
        assert not list(folder.glob("unfinished-*"))


def test_data_whose_passwords_are_lost_says_what_to_do(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False):
        pass
    (folder / "passwords.json").unlink()

    with pytest.raises(EmbeddedServerError, match=f"Move {folder} away"):
        EmbeddedPostgres(folder, durable=False).start()
    assert footprint(folder).running_pid() is None


@pytest.mark.parametrize("damage", ["", "[]", '{"owner": "x"}'])
def test_damaged_passwords_say_what_to_do(folder: Path, damage: str) -> None:
    (folder / "passwords.json").write_text(damage)

    with pytest.raises(EmbeddedServerError, match=r"is damaged: move .* away"):
        EmbeddedPostgres(folder, durable=False).start()
