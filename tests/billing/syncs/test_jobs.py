from uuid import UUID

from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sources import FakeSource, copied_names, work_off

from billingone_api.process import Process
from billingone_api.providers.errors import CredentialsRejected


async def start(api: Api) -> str:
    sync_id: str = (await api.finance.post("/v1/syncs", json={})).json()["id"]
    return sync_id


async def test_rejected_credentials_end_the_run_and_ask_for_a_person(
    api: Api, process: Process, database: Database, source: FakeSource, connection_id: UUID
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch subscriptions 1":
            raise CredentialsRejected("Pax8 did not accept the credentials.", provider="pax8")

    source.mood = mood
    sync_id = await start(api)
    await work_off(process, source)
    run = (await api.finance.get(f"/v1/syncs/{sync_id}")).json()["runs"][0]
    assert (run["status"], run["problem"]) == (
        "failed",
        {
            "code": "credentials_rejected",
            "detail": "Pax8 did not accept the credentials. Enter new credentials under "
            "Settings, Billing integrations.",
        },
    )
    assert await copied_names(database) == {"Acme", "Bondi Dental", "Cairns Reef", "M365 Acme"}
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert integration["attention"] == "Pax8 did not accept the credentials."
    assert integration["attention_code"] == "credentials_rejected"
    assert integration["last_success_at"] is None
    assert await database.as_owner("SELECT FROM due_work") == []
