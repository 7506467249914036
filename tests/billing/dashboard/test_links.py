"""What needs a person is told with an address, and somebody answers there."""

from datetime import timedelta
from uuid import UUID

from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.portfolio import add_run, connect_pax8
from tests.support.sales import SalesBooks

from billingone_api.billing.dashboard.models import AttentionKind
from billingone_api.kit.ids import new_id


async def test_every_link_of_what_needs_attention_can_be_followed(
    api: Api, database: Database, organisation_id: UUID
) -> None:
    words = "Save new credentials."
    await connect_pax8(database, organisation_id, attention=words, attention_since=NOW)
    await add_run(database, organisation_id, "failed")
    await database.insert(
        "pax8_companies",
        organisation_id=organisation_id,
        source_id="company-1",
        name="Bluegum Bakery",
        first_seen_at=NOW,
        changed_at=NOW,
    )
    await database.insert(
        "quarantined_records",
        organisation_id=organisation_id,
        source="pax8",
        kind="subscriptions",
        record_key="record-1",
        reason="/quantity: It is not a number.",
        record="{}",
        last_seen_at=NOW,
        run_id=new_id(),
    )
    books = SalesBooks(database, organisation_id)
    await books.connected()
    await books.open()
    await books.open("superops")
    late = await books.invoice(due_on=NOW.date() - timedelta(days=9))
    await books.twin(late, by="other_total")
    found = (await api.viewer.get("/v1/dashboard")).json()["needs_attention"]
    assert [one["kind"] for one in found] == list(AttentionKind)
    for one in found:
        answer = await api.viewer.get(one["link"])
        assert answer.status_code == 200, one
