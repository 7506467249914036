"""Keys are changed while everything goes on, and then the old one is not needed any more."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import LargeBinary
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.database.rows import INSTANT, TABLES
from tests.support.api import KEYS
from tests.support.commands import billingone, environment_for
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.waiting import until

from billingone_api.database.engine import create_engine
from billingone_api.database.rotation import BATCH, Rotation, rotate
from billingone_api.database.sealed import (
    SEALED,
    Sealed,
    answer_place,
    app_place,
    consent_place,
    credentials_place,
    token_place,
    verifier_place,
)
from billingone_api.database.unit_of_work import unit_of_work
from billingone_api.kit.cipher import Cipher, DecryptionFailed, parse_key_ring
from billingone_api.kit.ids import new_id


def new_key(name: str) -> str:
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


NEW_KEY = new_key("k2")
OLD = Cipher.of(parse_key_ring(KEYS))
BOTH = Cipher.of(parse_key_ring(f"{NEW_KEY},{KEYS}"))
NEW = Cipher.of(parse_key_ring(NEW_KEY))
HASHES = {
    ("api_key_hashes", "hash"),
    ("client_credits", "lines_digest"),
    ("idempotency_keys", "fingerprint"),
    ("idempotency_keys", "slot"),
    ("invoices", "lines_digest"),
    ("invoices", "seen_digest"),
    ("oauth_states", "hash"),
}
CONNECTION = UUID("0192f0c1-1111-7000-8000-000000000001")


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database.application_url, pool_size=5)
    yield made
    await made.dispose()


def quiet(_: str) -> None:
    return


async def keep_secrets(
    database: Database, organisation_id: UUID, cipher: Cipher, count: int
) -> None:
    """Credentials, a token and `count` answers of an organisation, under a cipher's key."""
    await database.insert(
        "integrations",
        organisation_id=organisation_id,
        provider="pax8",
        connection_id=CONNECTION,
        auth_mode="client_credentials",
        account="account",
        secret=cipher.encrypt(b"secret", context=credentials_place(organisation_id, "pax8")),
        connected_by="Farah Nair",
        connected_at=INSTANT,
    )
    place = token_place(organisation_id, "pax8", CONNECTION)
    await database.insert(
        "provider_tokens",
        organisation_id=organisation_id,
        provider="pax8",
        connection_id=CONNECTION,
        token=cipher.encrypt(b"token", context=place),
    )
    await keep_consent(database, organisation_id, cipher)
    for number in range(count):
        await keep_answer(database, organisation_id, cipher, number)


async def keep_consent(database: Database, organisation_id: UUID, cipher: Cipher) -> None:
    state = b"state"
    await database.insert(
        "xero_apps",
        organisation_id=organisation_id,
        client_id="app",
        client_secret=cipher.encrypt(b"secret", context=app_place(organisation_id)),
        saved_by="Farah Nair",
        saved_at=INSTANT,
    )
    await database.insert(
        "oauth_states",
        organisation_id=organisation_id,
        hash=state,
        subject="farah",
        client_id="app",
        verifier=cipher.encrypt(b"verifier", context=verifier_place(organisation_id, state)),
        expires_at=INSTANT,
    )
    await database.insert(
        "xero_consents",
        organisation_id=organisation_id,
        id=CONNECTION,
        client_id="app",
        tokens=cipher.encrypt(b"tokens", context=consent_place(organisation_id, CONNECTION)),
        scope="offline_access",
        given_by="Farah Nair",
        given_at=INSTANT,
    )


async def keep_answer(
    database: Database, organisation_id: UUID, cipher: Cipher, number: int
) -> None:
    slot = number.to_bytes(4, "big")
    await database.insert(
        "idempotency_keys",
        organisation_id=organisation_id,
        slot=slot,
        fingerprint=b"fingerprint",
        answer=cipher.encrypt(b"answer", context=answer_place(organisation_id, slot)),
    )


async def opened(database: Database, cipher: Cipher) -> dict[str, int]:
    """How many values of each column this cipher opens; raises DecryptionFailed."""
    found = {}
    for sealed in SEALED:
        rows = await rows_of(database, sealed)
        for row in rows:
            assert cipher.decrypt(row[sealed.column.name], context=sealed.place(row))
        found[sealed.table.name] = len(rows)
    return found


async def rows_of(database: Database, sealed: Sealed) -> list[Mapping[str, Any]]:
    name, column = sealed.table.name, sealed.column.name
    return list(await database.as_owner(f"SELECT * FROM {name} WHERE {column} IS NOT NULL"))  # noqa: S608 - our own tables


def test_every_column_of_bytes_is_either_rotated_or_a_hash() -> None:
    found = {
        (table.name, column.name)
        for table in TABLES.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    rotated = {(sealed.table.name, sealed.column.name) for sealed in SEALED}
    assert rotated & HASHES == set()
    assert found == rotated | HASHES


async def test_after_a_rotation_the_old_key_is_not_needed(
    database: Database, engine: AsyncEngine
) -> None:
    organisations = [await database.add_organisation(new_id()) for _ in range(2)]
    await keep_secrets(database, organisations[0], OLD, count=BATCH + 1)
    await keep_secrets(database, organisations[1], NEW, count=1)
    done = await rotate(engine, BOTH, tell=quiet)
    assert (done.rotated, done.left, done.unreadable) == (BATCH + 6, 0, 0)
    assert await opened(database, NEW) == {
        "integrations": 2,
        "provider_tokens": 2,
        "xero_apps": 2,
        "oauth_states": 2,
        "xero_consents": 2,
        "idempotency_keys": BATCH + 2,
    }
    again = await rotate(engine, BOTH, tell=quiet)
    assert (again.rotated, again.left, again.unreadable) == (0, 0, 0)


async def test_a_rotation_under_concurrent_writes_loses_none_and_leaves_none(
    database: Database, engine: AsyncEngine, figure: Figure
) -> None:
    """Writers that still know the old key as the current one stop in the middle of it."""
    organisations = [await database.add_organisation(new_id()) for _ in range(3)]
    for organisation_id in organisations:
        await keep_secrets(database, organisation_id, OLD, count=20)
    written = 0

    async def write(organisation_id: UUID) -> None:
        nonlocal written
        for number in range(20, 60):
            cipher = OLD if number < 40 else BOTH
            await keep_answer(database, organisation_id, cipher, number)
            secret = cipher.encrypt(
                b"secret %d" % number, context=credentials_place(organisation_id, "pax8")
            )
            await database.as_owner(
                "UPDATE integrations SET secret = $2 WHERE organisation_id = $1",
                organisation_id,
                secret,
            )
            written += 2

    writing = asyncio.gather(*(write(one) for one in organisations))
    rotated = 0
    while not writing.done():
        rotated += (await rotate(engine, BOTH, tell=quiet)).rotated
    await writing
    last = await rotate(engine, BOTH, tell=quiet)
    assert (last.left, last.unreadable) == (0, 0)
    assert await opened(database, NEW) == {
        "integrations": 3,
        "provider_tokens": 3,
        "xero_apps": 3,
        "oauth_states": 3,
        "xero_consents": 3,
        "idempotency_keys": 180,
    }
    for row in await rows_of(database, SEALED[0]):
        assert NEW.decrypt(row["secret"], context=SEALED[0].place(row)) == b"secret 59"
    figure(
        f"7: {rotated + last.rotated} rotated under {written} writes, 0 left; all 195 values open "
        "without the old key"
    )


class Meddling(Cipher):
    """While it decrypts for the first time, somebody saves other credentials on another line."""

    database: Database
    organisation_id: UUID
    was_held_off: bool | None = None

    def decrypt(self, ciphertext: bytes, *, context: tuple[str, ...]) -> bytes:
        if self.was_held_off is None:
            with ThreadPoolExecutor() as elsewhere:
                self.was_held_off = elsewhere.submit(asyncio.run, self._save()).result()
        return super().decrypt(ciphertext, context=context)

    async def _save(self) -> bool:
        place = credentials_place(self.organisation_id, "pax8")
        try:
            await self.database.as_owner(
                "WITH soon AS (SELECT set_config('lock_timeout', '300ms', true))"
                " UPDATE integrations SET secret = $1 FROM soon",
                self.encrypt(b"newer", context=place),
            )
        except asyncpg.LockNotAvailableError:
            return True
        return False


async def test_nobody_writes_between_the_reading_of_a_value_and_its_writing(
    database: Database, engine: AsyncEngine
) -> None:
    """What was saved in between would be lost: put back to what it was before."""
    organisation_id = await database.add_organisation(new_id())
    await keep_secrets(database, organisation_id, OLD, count=0)
    ring = parse_key_ring(f"{NEW_KEY},{KEYS}")
    meddling = Meddling(ring.keys, ring.current)
    meddling.database, meddling.organisation_id = database, organisation_id
    await rotate(engine, meddling, tell=quiet)
    assert meddling.was_held_off is True


async def test_what_somebody_holds_is_waited_for_and_counted_as_left_meanwhile(
    database: Database, engine: AsyncEngine
) -> None:
    organisation_id = await database.add_organisation(new_id())
    await keep_secrets(database, organisation_id, OLD, count=1)
    told: list[str] = []
    async with unit_of_work(engine, organisation_id=organisation_id) as work:
        await work.connection.exec_driver_sql("SELECT 1 FROM integrations FOR SHARE")
        rotating = asyncio.create_task(rotate(engine, BOTH, tell=told.append))
        await until(lambda: bool(told) or rotating.done())
        assert told == ["Round 1: 5 brought over so far, 1 left."]
    assert (await rotating).rotated == 6
    assert await opened(database, NEW)


async def test_what_no_key_opens_is_counted_and_left_as_it_is(
    database: Database, engine: AsyncEngine
) -> None:
    organisation_id = await database.add_organisation(new_id())
    await keep_secrets(database, organisation_id, OLD, count=BATCH + 1)
    lost = Cipher.of(parse_key_ring(new_key("k0")))
    sealed = lost.encrypt(b"lost", context=credentials_place(organisation_id, "pax8"))
    await database.as_owner("UPDATE integrations SET secret = $1", sealed)
    done = await rotate(engine, BOTH, tell=quiet)
    assert (done.rotated, done.left, done.unreadable) == (BATCH + 5, 0, 1)
    (row,) = await rows_of(database, SEALED[0])
    assert row["secret"] == sealed


async def test_another_key_under_the_same_id_is_noticed(
    database: Database, engine: AsyncEngine
) -> None:
    organisation_id = await database.add_organisation(new_id())
    await keep_secrets(database, organisation_id, NEW, count=2)
    assert await rotate(engine, NEW, tell=quiet) == Rotation()
    other = Cipher.of(parse_key_ring(new_key("k2")))
    done = await rotate(engine, other, tell=quiet)
    assert (done.rotated, done.left, done.unreadable) == (0, 0, len(SEALED))


@pytest.mark.parametrize("place", range(len(SEALED)))
async def test_a_value_moved_elsewhere_does_not_open(database: Database, place: int) -> None:
    """To another organisation, another row of the same one, another field."""
    sealed = SEALED[place]
    one, two = [await database.add_organisation(new_id()) for _ in range(2)]
    await keep_secrets(database, one, NEW, count=2)
    rows = await rows_of(database, sealed)
    value, at_home = rows[0][sealed.column.name], dict(rows[0])
    assert NEW.decrypt(value, context=sealed.place(at_home))
    moved = [at_home | {"organisation_id": two}]
    moved += [
        at_home | {column.name: b"x" if column.name in {"slot", "hash"} else new_id()}
        for column in sealed.known
    ]
    elsewhere = [sealed.place(row) for row in moved]
    anywhere = {
        "slot": b"x",
        "hash": b"x",
        "id": CONNECTION,
        "connection_id": CONNECTION,
        "provider": "pax8",
    }
    elsewhere += [other.place(at_home | anywhere) for other in SEALED if other is not sealed]
    for context in elsewhere:
        with pytest.raises(DecryptionFailed):
            NEW.decrypt(value, context=tuple(map(str, context)))


async def test_the_command_rotates_and_tells_what_is_left(own_database: Database) -> None:
    organisation_id = await own_database.add_organisation(new_id())
    await keep_secrets(own_database, organisation_id, OLD, count=3)
    environment = environment_for(own_database) | {"ENCRYPTION_KEYS": f"{NEW_KEY},{KEYS}"}
    ended = await asyncio.to_thread(billingone, "rotate-keys", environment=environment)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "Round 1: 8 brought over so far, 0 left.",
        "8 brought under key k2, 0 left under other keys, 0 that no key of the ring opens.",
    ]
    alone = environment | {
        "ENCRYPTION_KEYS": f"k3:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    }
    ended = await asyncio.to_thread(billingone, "rotate-keys", environment=alone)
    assert ended.code == 1
    assert "0 left under other keys, 8 that no key of the ring opens." in ended.out
    assert "Keep the other keys" in ended.err
    assert await opened(own_database, NEW)
