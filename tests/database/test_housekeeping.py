from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.support.databases import Database

from billingone_api.database.housekeeping import tidy_up
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

LIFE = timedelta(hours=25)


async def tidied(engine: AsyncEngine) -> int:
    return await tidy_up(engine, token_life=LIFE)


async def add_run(
    database: Database, organisation_id: UUID, *, days: int, status: str = "succeeded"
) -> None:
    """A sync of one run with a step, which ended so many days ago."""
    run_id, sync_id = new_id(), new_id()
    is_over = status == "succeeded"
    await database.as_owner(
        "INSERT INTO sync_runs (organisation_id, id, source, mode, connection_id, status,"
        " queued_at, finished_at) VALUES ($1, $2, 'pax8', 'full', $2, $3,"
        " now() - $4 * interval '1 day', CASE WHEN $5 THEN now() - $4 * interval '1 day' END)",
        organisation_id,
        run_id,
        status,
        days,
        is_over,
    )
    await database.as_owner(
        "INSERT INTO syncs (organisation_id, id, trigger, requested_at)"
        " VALUES ($1, $2, 'schedule', now() - $3 * interval '1 day')",
        organisation_id,
        sync_id,
        days,
    )
    await database.insert(
        "sync_members",
        organisation_id=organisation_id,
        sync_id=sync_id,
        run_id=run_id,
        joined=False,
    )
    await database.insert(
        "sync_steps",
        organisation_id=organisation_id,
        run_id=run_id,
        position=0,
        name="companies",
    )


async def ages(database: Database) -> list[int]:
    rows = await database.as_owner(
        "SELECT extract(day FROM now() - queued_at)::int AS days FROM sync_runs ORDER BY 1"
    )
    return [row["days"] for row in rows]


async def test_syncs_of_a_quarter_ago_go_and_the_latest_of_a_source_stays(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    for days in (300, 200, 91, 89, 1):
        await add_run(database, organisation_id, days=days)
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    for days in (400, 350):
        await add_run(database, elsewhere, days=days)
    assert await tidied(process.engine) == 4 * 4
    assert await ages(database) == [1, 89, 350]
    for table in ("syncs", "sync_members", "sync_steps"):
        assert len(await database.as_owner(f"SELECT FROM {table}")) == 3
    assert await tidied(process.engine) == 0


async def test_a_run_that_has_not_ended_stays_however_old_it_is(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    await add_run(database, organisation_id, days=300, status="running")
    await add_run(database, organisation_id, days=1)
    assert await tidied(process.engine) == 0


@pytest.mark.parametrize(
    ("table", "age", "goes"),
    [
        ("revocations", "26 hours", True),
        ("revocations", "24 hours", False),
        ("idempotency_keys", "25 hours", True),
        ("idempotency_keys", "23 hours", False),
        ("oauth_states", "25 hours", True),
        ("oauth_states", "23 hours", False),
        ("webhook_events", "73 hours", True),
        ("webhook_events", "71 hours", False),
    ],
)
async def test_what_can_bar_or_answer_nothing_any_more_goes(
    process: Process, database: Database, organisation_id: UUID, table: str, age: str, *, goes: bool
) -> None:
    rows = {
        "revocations": "(organisation_id, subject, issued_before)"
        " VALUES ($1, 'session:1', now() - $2::text::interval)",
        "idempotency_keys": "(organisation_id, slot, fingerprint, answer, kept_at)"
        " VALUES ($1, '\\x01', '\\x01', '\\x01', now() - $2::text::interval)",
        "oauth_states": "(organisation_id, hash, subject, client_id, verifier, expires_at)"
        " VALUES ($1, '\\x01', 'a', 'b', '\\x01', now() - $2::text::interval)",
        "webhook_events": "(organisation_id, provider, key, received_at)"
        " VALUES ($1, 'xero', 'a', now() - $2::text::interval)",
    }
    await database.as_owner(f"INSERT INTO {table} {rows[table]}", organisation_id, age)
    assert await tidied(process.engine) == int(goes)
    assert len(await database.as_owner(f"SELECT FROM {table}")) == int(not goes)


async def test_a_consent_that_nobody_chose_from_goes_after_a_week(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    read, waiting, lately = new_id(), new_id(), new_id()
    for consent_id, days in ((read, 300), (waiting, 8), (lately, 6)):
        await database.as_owner(
            "INSERT INTO xero_consents"
            " (organisation_id, id, client_id, tokens, scope, given_by, given_at)"
            " VALUES ($1, $2, 'app', '\\x01', '', 'Farah', now() - $3 * interval '1 day')",
            organisation_id,
            consent_id,
            days,
        )
        await database.as_owner(
            "INSERT INTO xero_tenants (organisation_id, consent_id, tenant_id, connection_id)"
            " VALUES ($1, $2, $2, 'xeros')",
            organisation_id,
            consent_id,
        )
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    for reader, tenant_id in ((organisation_id, read), (elsewhere, waiting)):
        await database.insert(
            "webhook_routes", provider="xero", tenant_id=str(tenant_id), organisation_id=reader
        )
    assert await tidied(process.engine) == 1
    left = await database.as_owner("SELECT id FROM xero_consents")
    assert {row["id"] for row in left} == {read, lately}


async def test_one_worker_tidies_up_at_a_time(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    for days in (300, 200):
        await add_run(database, organisation_id, days=days)
    async with process.engine.begin() as connection:
        await connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(hashtextextended('housekeeping', 0))"
        )
        assert await tidied(process.engine) == 0
    assert await tidied(process.engine) == 4


async def test_what_fails_for_one_organisation_keeps_nobody_elses(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    for one in (organisation_id, elsewhere):
        for days in (300, 200):
            await add_run(database, one, days=days)
    await database.as_owner(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF OLD.organisation_id = '{organisation_id}' THEN RAISE 'planted'; END IF;"
        " RETURN OLD; END $$"
    )
    await database.as_owner(
        "CREATE TRIGGER refuse BEFORE DELETE ON sync_steps FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        assert await tidied(process.engine) == 4
    finally:
        await database.as_owner("DROP FUNCTION refuse CASCADE")
    assert await tidied(process.engine) == 4
