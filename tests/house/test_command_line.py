"""The commands' words and exit codes, for an operator who has only these to go by."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from tests.support.commands import Ended, billingone, environment_for, running
from tests.support.databases import Database
from typer.testing import CliRunner

from billingone_api.cli import app
from billingone_api.main import document

GUIDE = re.compile(r"api_url +(http://127\.0\.0\.1:\d+)/pax8/v1")


@pytest.fixture
def environment(own_database: Database) -> dict[str, str]:
    return environment_for(own_database)


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def assert_refused(ended: Ended, *words: str) -> None:
    assert ended.code == 1
    assert "Traceback" not in ended.err + ended.out
    assert ended.out == ""
    assert [word for word in words if word not in ended.err] == []


def test_everything_that_is_not_set_is_said_at_once() -> None:
    assert_refused(
        billingone("serve"), "DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "PANELONE_ISSUER"
    )


def test_a_weak_key_is_refused_and_not_repeated(environment: dict[str, str]) -> None:
    ended = billingone("serve", environment=environment | {"ENCRYPTION_KEYS": "k1:cGxhbnRlZA=="})
    assert_refused(ended, "ENCRYPTION_KEYS", "7 bytes")
    assert "cGxhbnRlZA" not in ended.err


def test_serve_says_that_its_port_is_taken(environment: dict[str, str], taken: int) -> None:
    ended = billingone("serve", environment=environment | {"PORT": str(taken)})
    assert_refused(ended, f"port {taken}", "in use")


async def test_serve_refuses_a_database_at_another_schema(
    environment: dict[str, str], own_database: Database
) -> None:
    await own_database.as_owner("UPDATE alembic_version SET version_num = '0000'")
    assert_refused(billingone("serve", environment=environment), "schema 0000", "migrate")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_does_not_answer_is_told_by_its_address(
    environment: dict[str, str], command: str
) -> None:
    away = "postgresql://billingone_app:planted-2b7e@127.0.0.1:1/away"
    changes = {"DATABASE_URL": away, "DATABASE_OWNER_URL": away.replace("_app", "_owner")}
    ended = billingone(command, environment=environment | changes)
    assert_refused(ended, "away at 127.0.0.1:1")
    assert "planted" not in ended.err


def test_a_password_that_is_wrong_is_told_without_it(
    environment: dict[str, str], own_database: Database
) -> None:
    url = re.sub(r"(?<=billingone_app:)[^@]+", "planted-2b7e", own_database.application_url)
    ended = billingone("serve", environment=environment | {"DATABASE_URL": url})
    assert_refused(ended, "password authentication failed", "billingone_app")
    assert "planted" not in ended.err


def test_migrate_asks_for_the_owner(environment: dict[str, str]) -> None:
    del environment["DATABASE_OWNER_URL"]
    assert_refused(billingone("migrate", environment=environment), "DATABASE_OWNER_URL")


def test_migrate_a_second_time_changes_nothing_and_is_glad(
    environment: dict[str, str],
) -> None:
    ended = billingone("migrate", environment=environment)
    assert (ended.code, ended.err) == (0, "")
    assert "The database is at schema" in ended.out


def test_openapi_prints_the_document_and_needs_nothing() -> None:
    ended = billingone("openapi")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == document()


def sandbox_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = GUIDE.search(line)
        if found:
            return found[1]
    raise AssertionError("the sandbox ended before it said where it is")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_serves_alone_and_stops_when_told(end: signal.Signals) -> None:
    options = ("--port=0", "--clients=3", "--subscriptions=40", "--seed=11")
    with running("sandbox", *options) as process:
        address = sandbox_address(process)
        guide = httpx.get(address, trust_env=False).json()
        assert (guide["pax8"]["companies"], guide["pax8"]["subscriptions"]) == (3, 40)
        assert guide["pax8"]["api_url"] == f"{address}/pax8/v1"
        token = httpx.post(f"{address}/panelone/token", data={"role": "Finance"}, trust_env=False)
        assert token.status_code == 200
        process.send_signal(end)
        out, err = process.communicate(timeout=60)
    assert process.returncode in {0, -end}
    assert "Traceback" not in out + err


def test_the_sandbox_says_that_its_port_is_taken(taken: int) -> None:
    assert_refused(billingone("sandbox", f"--port={taken}"), f"port {taken}", "in use")


@pytest.mark.parametrize(
    "options",
    [
        ("--port=70000",),
        ("--port=-1",),
        ("--clients=0",),
        ("--clients=1001",),
        ("--subscriptions=100001",),
        ("--latency=-5",),
        ("--seed=x",),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(options: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, ["sandbox", *options])
    assert ended.exit_code == 2
    assert options[0].partition("=")[0] in ended.output


def test_serve_answers_and_stops_when_told(environment: dict[str, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with running("serve", environment=environment | {"PORT": str(port)}) as process:
        assert answered(f"http://127.0.0.1:{port}/readyz", process) == 200
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode in {0, -signal.SIGTERM}
    assert "Traceback" not in out + err


def answered(url: str, process: subprocess.Popen[str]) -> int:
    while process.poll() is None:
        try:
            return httpx.get(url, trust_env=False).status_code
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the program ended before it answered")
