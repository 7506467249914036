"""Secrets are planted everywhere and looked for everywhere, in every form they may hide in."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit
from uuid import UUID

import pytest
from redis.asyncio import Redis
from tests.support.api import KEYS
from tests.support.commands import environment_for
from tests.support.databases import ROOT, Database
from tests.support.figures import Figure
from tests.support.people import SECRET
from tests.support.postgres_tools import dumped
from tests.support.superops import superops_settings
from tests.support.xero import xero_settings

from billingone_api.embedded.redis import EmbeddedRedis
from billingone_api.kit.ids import new_id
from billingone_api.kit.secrecy import STRUCK, remember, remember_always, struck

SCRIPT = Path(__file__).parent / "support" / "planted.py"
KEY = KEYS.partition(":")[2]


def forms(secret: str) -> Iterator[tuple[str, str]]:
    """How it is named, and how it would look; base64 depends on what stands before it."""
    raw = secret.encode()
    yield "raw", secret
    yield "hex", raw.hex()
    yield "HEX", raw.hex().upper()
    yield "URL-encoded", quote(secret, safe="")
    yield "form-encoded", quote_plus(secret)
    yield "JSON", json.dumps(secret)[1:-1]
    yield "JSON twice", json.dumps(json.dumps(secret))[3:-3]
    yield "repr", repr(secret)[1:-1]
    for offset in range(3):
        whole = (b"\0" * offset + raw)[: (offset + len(raw)) // 3 * 3]
        # The first characters hold bits of what stands before.
        inside = base64.b64encode(whole)[(offset * 8 + 5) // 6 :].decode()
        yield f"base64 after {offset}", inside
        yield f"base64url after {offset}", inside.replace("+", "-").replace("/", "_")


def found(secrets: Mapping[str, str], places: Mapping[str, str]) -> list[str]:
    return [
        f"{name} in {place}, {form}"
        for name, secret in secrets.items()
        for form, text in dict(forms(secret)).items()
        for place, content in places.items()
        if text in content
    ]


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("secret", ["planted-good-Zk3vB9q/+w7=", 'planted-"q\\é0Rr5'])
def test_the_search_finds_what_is_hidden(secret: str, before: str) -> None:
    text = f"{before}{secret} and more"
    hidden = {
        "raw": text,
        "hex": text.encode().hex(),
        "URL-encoded": quote(text, safe=""),
        "form-encoded": quote_plus(text),
        "JSON": json.dumps({"a": text}),
        "JSON twice": json.dumps(json.dumps({"a": text})),
        f"base64 after {len(before)}": base64.b64encode(text.encode()).decode(),
        f"base64url after {len(before)}": base64.urlsafe_b64encode(text.encode()).decode(),
    }
    for form, content in hidden.items():
        assert f"s in p, {form}" in found({"s": secret}, {"p": content}), form
    assert found({"s": secret}, {"p": text.replace("planted", "")}) == []


async def everything_in(redis: EmbeddedRedis) -> str:
    """Keys and values of every kind."""
    client = Redis.from_url(redis.url)
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    told = [
        f"{key!r} {await read[await client.type(key)](key)!r}" async for key in client.scan_iter()
    ]
    await client.aclose()
    assert told
    return "\n".join(told)


async def test_a_planted_secret_is_found_nowhere(
    own_database: Database, redis: EmbeddedRedis, figure: Figure
) -> None:
    organisation_id: UUID = new_id()
    xero = xero_settings("https://sandbox.test/xero")
    superops = superops_settings("https://sandbox.test/superops")
    environment = environment_for(own_database) | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis.url,
        "PAX8_API_URL": "https://sandbox.test/pax8/v1",
        "PAX8_TOKEN_URL": "https://sandbox.test/pax8/v1/token",
        "PAX8_REQUESTS_PER_SECOND": "1000",
        "WORKER_SWEEP_SECONDS": "0.1",
        **{name.upper(): str(value) for name, value in (xero | superops).items()},
    }
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(SCRIPT), str(organisation_id)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    shown = json.loads(ran.stdout)
    places = {
        "a dump of the database": await asyncio.to_thread(dumped, own_database, "--inserts"),
        "Redis": await everything_in(redis),
        "the log": ran.stderr,
        "traces": "\n".join(shown["spans"]),
        "metrics": shown["metrics"],
        "answers": "\n".join(shown["answers"]),
    }
    secrets = shown["secrets"] | {
        "PanelOne's shared secret": SECRET,
        "the secret of the app at Xero": xero["xero_client_secret"],
        "the key of Xero's webhooks": xero["xero_webhook_key"],
        "the encryption key": KEY,
        "the application's password": urlsplit(own_database.application_url).password,
        "the owner's password": urlsplit(own_database.owner_url).password,
    }
    raw_key = base64.b64decode(KEY)
    assert raw_key.hex() not in places["a dump of the database"]
    assert len(secrets) >= 22
    for name, secret in secrets.items():
        assert len(secret) >= 16, name
    # What the search goes through is really there.
    assert str(organisation_id) in places["a dump of the database"]
    assert "request_failed" in places["the log"]
    assert "run_stopped" in places["the log"]
    assert "after_commit_failed" in places["the log"]
    assert "LookupError" in places["the log"]
    assert STRUCK in places["the log"]
    assert "POST sandbox.test" in places["traces"]
    assert "billingone_request_seconds" in places["metrics"]
    assert '"code": "internal_error"' in places["answers"]
    assert len(shown["answers"]) >= 40
    assert found(secrets, places) == []
    kinds = len(dict(forms("x" * 20)))
    size = sum(len(content) for content in places.values()) // 1000
    figure(
        f"7: {len(secrets)} secrets by {len(places)} places by {kinds} forms searched "
        f"({size} kB, {len(shown['answers'])} answers): found nowhere"
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("to eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl.", "to ***."),
        ("key b1_" + "0" * 32 + "_" + "a" * 43, "key ***"),
        ("postgresql://app:hunter2@host/db", "postgresql://***@host/db"),
        ("{'authorization': 'Bearer abc.def'}", "{'authorization': 'Bearer ***'}"),
        ("GET /v1/syncs/1/events?ticket=AQJrMVx0&x=1", "GET /v1/syncs/1/events?ticket=***&x=1"),
        ("an ordinary sentence, https://api.test/v1", "an ordinary sentence, https://api.test/v1"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, left: str) -> None:
    assert struck(text) == left


def test_what_is_known_is_struck_out_and_what_is_short_is_no_secret() -> None:
    remember_always("planted-always")
    for value in ("planted-known", "short"):
        remember(value)
    assert struck("a short word, planted-known, planted-always.") == "a short word, ***, ***."


def test_what_tenants_keep_is_remembered_as_long_as_it_is_used() -> None:
    remember_always("planted-always")
    remember("planted-seldom")
    for number in range(1_000):
        remember(f"planted-{number:04}")
        remember("planted-often")
    assert struck("planted-seldom planted-often planted-always") == "planted-seldom *** ***"
