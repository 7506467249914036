"""In a process of its own each time: what is configured here holds for a whole process."""

import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any

import pytest

PLANTED = "planted-7f3a"
PROLOGUE = """
import logging
import structlog
from billingone_api.kit import logging as kit_logging
from billingone_api.kit.cipher import Secret

PLANTED = "planted" + "-7f3a"
log = structlog.get_logger("early")
kit_logging.configure(style=STYLE, level=LEVEL)
"""


def written(script: str, *, style: str = "json", level: str = "info") -> str:
    """What the process says on stderr; on stdout, where results go, it says nothing."""
    named = f"STYLE = {style!r}\nLEVEL = {level!r}\n"
    ran = subprocess.run(  # noqa: S603 - this very interpreter, with a script written here
        [sys.executable, "-W", "error", "-c", named + PROLOGUE + script],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=dict(os.environ) | {"PYTHONUTF8": "1", "COLUMNS": "200"},
    )
    assert ran.stdout == ""
    return ran.stderr


def lines(script: str, *, level: str = "info") -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(script, level=level).splitlines()]


def test_an_event_is_one_line_of_json_with_its_words_its_level_and_the_time_in_utc() -> None:
    (line,) = lines('log.info("sync_done", rows=3, of="Zoë")')
    stamp = line.pop("timestamp")
    assert stamp.endswith("Z")
    assert datetime.fromisoformat(stamp)
    assert line == {"event": "sync_done", "level": "info", "rows": 3, "of": "Zoë"}


def test_what_is_bound_to_a_request_stands_on_each_of_its_lines() -> None:
    script = """
structlog.contextvars.bind_contextvars(request_id="r1", organisation_id="o1")
log.info("first")
logging.getLogger("uvicorn.error").warning("second %s", "of another's")
structlog.contextvars.clear_contextvars()
log.info("third")
"""
    first, second, third = lines(script)
    assert (first["request_id"], first["organisation_id"]) == ("r1", "o1")
    assert (second["request_id"], second["event"]) == ("r1", "second of another's")
    assert (second["level"], third.get("request_id")) == ("warning", None)


@pytest.mark.parametrize("value", ["'a\\nb'", "'\\x00'", "'\\ud800'", "{'a': [1, None]}", "2**70"])
def test_no_value_makes_two_lines_of_one(value: str) -> None:
    assert len(lines(f'log.info("event", value={value})')) == 1


def test_an_exception_stays_on_its_line_with_its_traceback() -> None:
    script = """
try:
    raise ValueError("no such badge")
except ValueError:
    log.exception("sync_failed")
    logging.getLogger("other").exception("their %s", "failure")
"""
    ours, theirs = lines(script)
    assert ours["exception"].splitlines()[-1] == "ValueError: no such badge"
    assert ours["exception"].startswith("Traceback")
    assert (theirs["event"], theirs["level"]) == ("their failure", "error")
    assert theirs["exception"].splitlines()[-1] == "ValueError: no such badge"


def test_levels_below_the_one_chosen_say_nothing() -> None:
    script = 'log.debug("a"); log.info("b"); log.warning("c"); logging.getLogger("x").info("d")'
    assert [line["event"] for line in lines(script, level="warning")] == ["c"]
    assert [line["event"] for line in lines(script, level="debug")] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_secret_shows_itself_in_no_style(style: str) -> None:
    script = """
secret = Secret(PLANTED)
log.info("saved", secret=secret, inside={"client_secret": secret}, text=f"{secret}")
log.info("saved %s", secret)
logging.getLogger("x").info("saved %s", secret)
"""
    text = written(script, style=style)
    assert PLANTED not in text
    assert "***" in text


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_no_values_of_variables(style: str) -> None:
    script = """
def exchange():
    header = {"Authorization": f"Bearer {PLANTED}"}
    raise RuntimeError("broken")

try:
    exchange()
except RuntimeError:
    log.exception("failed")
    logging.getLogger("x").exception("failed too")
"""
    text = written(script, style=style)
    assert PLANTED not in text
    assert text.count("RuntimeError: broken") == 2


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("level", ["debug", "info"])
def test_calls_to_third_parties_write_down_neither_address_nor_headers(
    style: str, level: str
) -> None:
    script = """
import asyncio
import httpx
from billingone_api.kit.http.client import create_http_client

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}")
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    headers = {"Authorization": f"Bearer {PLANTED}"}
    async with create_http_client() as http:
        await http.get(f"http://{host}:{port}/{PLANTED}?key={PLANTED}", headers=headers)
    server.close()

asyncio.run(main())
log.info("done")
"""
    text = written(script, style=style, level=level)
    assert PLANTED not in text
    assert "done" in text


def test_the_console_is_for_people_and_has_no_colour_where_nobody_looks() -> None:
    text = written('log.info("sync_done", rows=3)', style="console")
    assert "sync_done" in text
    assert "rows=3" in text
    assert "\x1b[" not in text
