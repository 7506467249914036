"""Which organisations of Xero may be chosen, and by which consent."""

from datetime import datetime, timedelta
from uuid import UUID

from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.consents import IDLE_LIFE, PostgresConsents
from billingone_api.billing.integrations.models import Consented
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

HOME, ABROAD, ELSEWHERE = (new_id() for _ in range(3))


async def given(
    database: Database,
    organisation_id: UUID,
    *reached: UUID,
    until: datetime | None = NOW,
    ended_at: datetime | None = None,
) -> UUID:
    consent_id = new_id()
    await database.insert(
        "xero_consents",
        organisation_id=organisation_id,
        id=consent_id,
        client_id="app",
        tokens=b"sealed",
        expires_at=until,
        ended_at=ended_at,
        scope="",
        given_by="Farah Nair",
        given_at=NOW,
    )
    for tenant_id in reached:
        await database.insert(
            "xero_tenants",
            organisation_id=organisation_id,
            consent_id=consent_id,
            tenant_id=tenant_id,
            connection_id="xeros",
        )
    return consent_id


async def test_what_can_be_read_is_offered_by_the_connected_consent_or_else_by_the_newest(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    async def offered(beside: Consented | None) -> dict[str, UUID]:
        async with process.work(organisation_id) as work:
            consents = PostgresConsents(work, process.cipher)
            found = await consents.offered(beside=beside, at=NOW)
        assert len({one.tenant_id for one in found}) == len(found)
        return {one.tenant_id: one.consent_id for one in found}

    refused = await given(database, organisation_id, ABROAD, until=None)
    connected = await given(database, organisation_id, HOME, ABROAD)
    newest = await given(database, organisation_id, ABROAD, ELSEWHERE)
    await given(database, organisation_id, HOME, ABROAD, ELSEWHERE, ended_at=NOW)
    idle = await given(database, organisation_id, HOME, ABROAD, new_id(), until=NOW - IDLE_LIFE)
    known = Consented(connected, str(HOME), "xeros", None)
    assert await offered(known) == {
        str(HOME): connected,
        str(ABROAD): connected,
        str(ELSEWHERE): newest,
    }
    assert (await offered(None))[str(ABROAD)] == newest
    await database.as_owner(
        "UPDATE xero_consents SET ended_at = $1 WHERE id = ANY($2)", NOW, [connected, newest]
    )
    assert await offered(known) == {str(ABROAD): refused}
    in_time = NOW - IDLE_LIFE + timedelta(seconds=1)
    await database.as_owner("UPDATE xero_consents SET expires_at = $1 WHERE id = $2", in_time, idle)
    assert (await offered(None))[str(ABROAD)] == idle
