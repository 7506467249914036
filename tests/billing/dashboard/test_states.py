"""Not connected, never synced, empty, partial, stale: different answers, each with its words."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.portfolio import add_run, connect_pax8

from billingone_api.billing.access.models import Role
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

Hold = Callable[..., Awaitable[None]]
TEN: dict[str, Any] = {"price": Decimal(10)}
MINUTE = timedelta(minutes=1)


async def shown(api: Api) -> Any:
    answer = await api.viewer.get("/v1/dashboard")
    assert answer.status_code == 200, answer.text
    return answer.json()


def null_because(card: dict[str, Any]) -> str:
    """Why a card is null; it says so in words as well."""
    assert card["value"] is None
    assert card["detail"]
    reason: str = card["reason"]
    return reason


async def test_without_pax8_the_cards_are_null_and_nothing_is_zero(api: Api) -> None:
    page = await shown(api)
    for name in ("mrr", "active_subscriptions", "pending_invoices", "under_licensed_clients"):
        assert null_because(page["cards"][name]) == "source_not_connected"
    for card in (page["cost"], page["latest_invoices"], *page["receivables"].values()):
        assert null_because(card) == "source_not_connected"
    assert page["freshness"] == [
        {
            "source": source,
            "status": "not_connected",
            "last_success_at": None,
            "schedule_minutes": None,
            "is_stale": False,
            "never_synced": True,
            "last_run": None,
        }
        for source in ("pax8", "xero", "superops")
    ]
    assert page["needs_attention"] == []


async def test_before_the_first_sync_the_cards_say_so(
    api: Api, database: Database, organisation_id: UUID
) -> None:
    await connect_pax8(database, organisation_id, last_success_at=None)
    page = await shown(api)
    assert null_because(page["cards"]["mrr"]) == "never_synced"
    assert null_because(page["cards"]["active_subscriptions"]) == "never_synced"
    assert null_because(page["cards"]["pending_invoices"]) == "source_not_connected"
    assert page["freshness"][0]["never_synced"] is True
    assert page["freshness"][0]["status"] == "connected"


async def test_while_the_first_sync_is_under_way_no_half_sum_is_shown(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await connect_pax8(database, organisation_id, last_success_at=None)
    await add_run(database, organisation_id, "running")
    await hold(TEN)
    page = await shown(api)
    assert null_because(page["cards"]["mrr"]) == "never_synced"
    assert "under way" in page["cards"]["mrr"]["detail"]
    assert page["coverage"]["is_partial"] is True
    assert page["freshness"][0]["last_run"]["status"] == "running"


async def test_a_synced_portfolio_without_subscriptions_is_zero(
    api: Api, database: Database, organisation_id: UUID
) -> None:
    await connect_pax8(database, organisation_id)
    page = await shown(api)
    assert page["cards"]["mrr"] == {
        "value": {
            "currencies": [],
            "trial_mrr": [],
            "reporting": {
                "amount": {"amount": "0.00", "currency": "AUD"},
                "missing_rates": [],
                "rates_used": [],
            },
        },
        "reason": None,
        "detail": None,
    }
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 0
    assert page["coverage"] == {
        "counted": 0,
        "excluded": [],
        "unmapped": {"companies": 0, "subscriptions": 0, "mrr": []},
        "invoices": {
            "counted": 0,
            "excluded": [],
            "unmapped": {
                "count": 0,
                "amounts": [],
                "reporting": {
                    "amount": {"amount": "0.00", "currency": "AUD"},
                    "missing_rates": [],
                    "rates_used": [],
                },
            },
            "other_totals": 0,
        },
        "quarantined": 0,
        "is_partial": False,
    }


async def test_what_was_kept_after_a_disconnection_is_shown_as_stale(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(TEN)
    await add_run(database, organisation_id, "partial", queued_at=NOW - 9 * MINUTE)
    await add_run(database, organisation_id, "failed", queued_at=NOW)
    page = await shown(api)
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 1
    assert page["cards"]["mrr"]["reason"] is None
    freshness = page["freshness"][0]
    assert (freshness["status"], freshness["is_stale"]) == ("not_connected", True)
    assert freshness["last_success_at"] == "2026-11-24T01:00:00Z"
    assert freshness["never_synced"] is False
    assert page["needs_attention"][0]["kind"] == "unmapped_clients"


async def test_new_credentials_do_not_forget_what_was_synced_before(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await hold(TEN)
    await connect_pax8(database, organisation_id, last_success_at=None)
    await add_run(database, organisation_id, "succeeded")
    page = await shown(api)
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 1
    assert page["freshness"][0]["last_success_at"] == "2026-11-24T01:00:00Z"


@pytest.mark.parametrize(
    ("schedule", "age", "is_stale"),
    [
        (60, 120 * MINUTE, False),
        (60, 120 * MINUTE + timedelta(seconds=1), True),
        (5, 11 * MINUTE, True),
        (1440, 47 * 60 * MINUTE, False),
        (None, 90 * 24 * 60 * MINUTE, False),
    ],
)
async def test_a_source_is_stale_after_two_missed_slots(
    api: Api,
    database: Database,
    organisation_id: UUID,
    schedule: int | None,
    age: timedelta,
    is_stale: bool,  # noqa: FBT001 - a column of a table of cases
) -> None:
    await connect_pax8(
        database, organisation_id, schedule_minutes=schedule, last_success_at=NOW - age
    )
    freshness = (await shown(api))["freshness"][0]
    assert (freshness["is_stale"], freshness["schedule_minutes"]) == (is_stale, schedule)


async def test_a_sync_that_left_something_out_makes_the_figures_partial(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await connect_pax8(database, organisation_id)
    await hold(TEN)
    await add_run(database, organisation_id, "partial", queued_at=NOW - MINUTE)
    await add_run(database, organisation_id, "running", queued_at=NOW)
    page = await shown(api)
    assert page["coverage"]["is_partial"] is True
    assert page["cards"]["active_subscriptions"]["value"]["count"] == 1
    assert page["freshness"][0]["last_run"] == {
        "status": "running",
        "finished_at": None,
        "detail": None,
    }


async def test_what_needs_a_person_is_listed_with_where_to_go(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    words = "Pax8 did not accept the credentials. Enter new ones."
    await connect_pax8(database, organisation_id, attention=words, attention_since=NOW)
    await add_run(database, organisation_id, "failed", detail=words)
    await quarantine(database, organisation_id, "record-1", "record-2")
    await add_companies(database, organisation_id, "company-1", "company-2")
    await hold(TEN | {"company_id": "company-1"}, TEN | {"company_id": "company-3"})
    page = await shown(api)
    assert page["freshness"][0]["status"] == "needs_attention"
    assert page["coverage"]["quarantined"] == 2
    assert page["coverage"]["unmapped"]["companies"] == 3
    found = [(one["kind"], one["count"], one["link"]) for one in page["needs_attention"]]
    assert found == [
        ("sync_failed", 1, "/v1/syncs?source=pax8"),
        ("integration_needs_attention", 1, "/v1/integrations/pax8"),
        ("unmapped_clients", 3, "/v1/clients/unmapped"),
        ("quarantined_records", 2, "/v1/quarantine?source=pax8"),
    ]
    assert [one["detail"] for one in page["needs_attention"][:2]] == [words, words]
    assert all(one["source"] == "pax8" and one["detail"] for one in page["needs_attention"])


async def test_a_failure_that_was_followed_by_a_success_needs_nobody(
    api: Api, database: Database, organisation_id: UUID
) -> None:
    await connect_pax8(database, organisation_id)
    await add_run(database, organisation_id, "failed", queued_at=NOW - MINUTE)
    await add_run(database, organisation_id, "succeeded", queued_at=NOW)
    assert (await shown(api))["needs_attention"] == []


async def test_a_company_somebody_decided_about_is_not_unmapped(
    api: Api, database: Database, organisation_id: UUID
) -> None:
    await connect_pax8(database, organisation_id)
    await add_companies(database, organisation_id, "company-1", "company-2", "company-3")
    await database.insert(
        "client_links",
        organisation_id=organisation_id,
        source="pax8",
        source_id="company-1",
        client_id=None,
        origin="manual",
    )
    await database.as_owner(
        "UPDATE pax8_companies SET gone_at = now() WHERE source_id = 'company-2'"
    )
    assert (await shown(api))["coverage"]["unmapped"]["companies"] == 1


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_sees_the_dashboard(api: Api, role: Role) -> None:
    assert (await api.as_role(role).get("/v1/dashboard")).status_code == 200


async def test_a_service_needs_the_scope(api: Api) -> None:
    assert (await api.service("dashboard:read").get("/v1/dashboard")).status_code == 200
    answer = await api.service("clients:read").get("/v1/dashboard")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await api.nobody.get("/v1/dashboard")).status_code == 401


async def test_another_organisation_sees_nothing_of_it(
    api: Api, database: Database, organisation_id: UUID, hold: Hold
) -> None:
    await connect_pax8(database, organisation_id)
    await hold(TEN)
    await quarantine(database, organisation_id, "record-1")
    await add_companies(database, organisation_id, "company-1")
    other = api.of(await database.add_organisation(new_id()))
    page = await shown(other)
    assert null_because(page["cards"]["mrr"]) == "source_not_connected"
    assert (page["coverage"]["counted"], page["coverage"]["quarantined"]) == (0, 0)
    assert (page["coverage"]["unmapped"]["companies"], page["needs_attention"]) == (0, [])


async def test_seven_statements_answer_it_and_none_reads_the_history(
    api: Api, database: Database, process: Process, organisation_id: UUID, hold: Hold
) -> None:
    await connect_pax8(database, organisation_id)
    await hold(*(TEN | {"currency": one} for one in ("AUD", "USD", "NZD", "EUR")))
    asked: list[str] = []

    def listen(adapted: Any, _: object) -> None:
        adapted.driver_connection.add_query_logger(lambda record: asked.append(record.query))

    await process.engine.dispose()
    event.listen(process.engine.sync_engine, "connect", listen)
    await shown(api)
    reads = [query for query in asked if "FROM organisations" not in query and "FROM" in query]
    assert len(reads) == 7
    assert not any("_versions" in query for query in asked)


async def quarantine(database: Database, organisation_id: UUID, *keys: str) -> None:
    for key in keys:
        await database.insert(
            "quarantined_records",
            organisation_id=organisation_id,
            source="pax8",
            kind="subscriptions",
            record_key=key,
            reason="/quantity: It is not a number.",
            record="{}",
            last_seen_at=NOW,
            run_id=new_id(),
        )


async def add_companies(database: Database, organisation_id: UUID, *ids: str) -> None:
    seen: datetime = NOW
    for source_id in ids:
        await database.insert(
            "pax8_companies",
            organisation_id=organisation_id,
            source_id=source_id,
            name=source_id,
            first_seen_at=seen,
            changed_at=seen,
        )
