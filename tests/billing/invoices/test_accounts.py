"""What the accounts of Xero earn money with."""

from typing import Any

import httpx
import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sales import SalesBooks

from billingone_api.kit.ids import new_id

URL = "/v1/integrations/xero/accounts"


@pytest.fixture
async def chart(books: SalesBooks) -> SalesBooks:
    await books.account("services", code="200", name="Managed services")
    await books.account("resale", code="210", name="Licence resale")
    await books.account("interest", code="270", name="Interest", type="OTHERINCOME")
    await books.account("bank", code="090", name="Bank", type="BANK", **{"class": "ASSET"})
    return books


async def shown(api: Api) -> Any:
    answer = await api.viewer.get(URL)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(api: Api, if_match: str = "*", **mappings: str) -> httpx.Response:
    body = [{"account_id": name, "category": category} for name, category in mappings.items()]
    return await api.finance.put(URL, json={"mappings": body}, headers={"If-Match": if_match})


def mapped(page: Any) -> dict[str, tuple[str | None, str]]:
    return {one["account_id"]: (one["category"], one["state"]) for one in page["accounts"]}


async def test_every_revenue_account_is_listed_by_its_code(api: Api, chart: SalesBooks) -> None:
    await chart.connected()
    page = await shown(api)
    assert (page["source"], page["organisation"]) == ("xero", "Bluegum IT")
    assert [one["account_id"] for one in page["accounts"]] == ["services", "resale", "interest"]
    assert page["accounts"][0] == {
        "account_id": "services",
        "code": "200",
        "name": "Managed services",
        "type": "REVENUE",
        "source_status": "ACTIVE",
        "category": None,
        "state": "ok",
        "mapped_by": None,
        "mapped_at": None,
    }
    assert page["coverage"] == {
        "mapped": 0, "unmapped": 3, "archived": 0, "gone": 0, "not_revenue": 0,
    }  # fmt: skip
    assert page["freshness"]["never_synced"] is False


async def test_never_synced_and_empty_are_two_answers(api: Api, database: Database) -> None:
    page = await shown(api)
    assert (page["organisation"], page["accounts"]) == (None, [])
    assert page["freshness"]["never_synced"] is True
    refused = await put(api, services="licences")
    assert (refused.status_code, refused.json()["code"]) == (409, "books_missing")
    books = SalesBooks(database, api.organisation_id)
    await books.open()
    await books.connected()
    page = await shown(api)
    assert (page["organisation"], page["accounts"]) == ("Bluegum IT", [])
    assert page["freshness"]["never_synced"] is False


async def test_a_mapping_replaces_the_one_before(
    api: Api, chart: SalesBooks, database: Database
) -> None:
    answer = await put(api, services="recurring_services", resale="hardware")
    assert answer.status_code == 200, answer.text
    assert mapped(answer.json()) == {
        "services": ("recurring_services", "ok"),
        "resale": ("hardware", "ok"),
        "interest": (None, "ok"),
    }
    tag = answer.headers["etag"]
    again = await put(api, tag, services="recurring_services", interest="other")
    assert mapped(again.json()) == {
        "services": ("recurring_services", "ok"),
        "resale": (None, "ok"),
        "interest": ("other", "ok"),
    }
    assert again.headers["etag"] == (await api.viewer.get(URL)).headers["etag"] != tag
    rows = await database.as_owner("SELECT before, after FROM audit ORDER BY at, id")
    assert len(rows) == 2
    assert again.json()["accounts"][0]["mapped_by"]


async def test_the_same_mapping_again_changes_nothing(
    api: Api, chart: SalesBooks, database: Database
) -> None:
    first = await put(api, services="licences")
    again = await put(api, services="licences")
    assert again.headers["etag"] == first.headers["etag"]
    assert len(await database.as_owner("SELECT 1 FROM audit")) == 1


async def test_an_empty_mapping_takes_all_away(api: Api, chart: SalesBooks) -> None:
    await put(api, services="licences")
    assert (await put(api)).json()["coverage"]["mapped"] == 0


@pytest.mark.parametrize(
    ("change", "state", "counted"),
    [
        ("source_status = 'ARCHIVED'", "archived", "archived"),
        ("gone_at = now()", "gone", "gone"),
        ("class = 'EXPENSE'", "not_revenue", "not_revenue"),
    ],
)
async def test_a_mapping_that_leads_nowhere_any_more_is_told_and_may_stay(
    api: Api, chart: SalesBooks, database: Database, change: str, state: str, counted: str
) -> None:
    tag = (await put(api, services="licences", resale="hardware")).headers["etag"]
    await database.as_owner(f"UPDATE accounts SET {change} WHERE source_id = 'services'")  # noqa: S608 - a test's own words
    page = await shown(api)
    assert mapped(page)["services"] == ("licences", state)
    assert (page["coverage"]["mapped"], page["coverage"][counted]) == (2, 1)
    summary = (await api.viewer.get("/v1/invoices/summary")).json()
    assert summary["coverage"]["accounts"] == page["coverage"]
    # what Xero changed is news to who reads, and no conflict to who writes
    kept = await put(api, tag, services="licences", resale="projects")
    assert kept.status_code == 200, kept.text
    assert mapped(kept.json())["services"] == ("licences", state)


async def test_an_archived_account_may_be_mapped_and_does_not_ask_for_it(
    api: Api, chart: SalesBooks
) -> None:
    """Old invoices name it."""
    await chart.account("old", code="201", name="Old services", source_status="ARCHIVED")
    assert (await shown(api))["coverage"]["unmapped"] == 3
    assert mapped((await put(api, old="other")).json())["old"] == ("other", "archived")


@pytest.mark.parametrize(
    ("account_id", "code"),
    [("bank", "account_unknown"), ("nobody", "account_unknown"), ("gone", "account_unknown")],
)
async def test_what_is_no_revenue_account_cannot_be_mapped(
    api: Api, chart: SalesBooks, database: Database, account_id: str, code: str
) -> None:
    await chart.account("gone")
    await database.as_owner("UPDATE accounts SET gone_at = now() WHERE source_id = 'gone'")
    body = {
        "mappings": [
            {"account_id": "services", "category": "licences"},
            {"account_id": account_id, "category": "licences"},
        ]
    }
    answer = await api.finance.put(URL, json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/mappings/1/account_id", code)
    assert (await shown(api))["coverage"]["mapped"] == 0


async def test_an_account_is_named_once(api: Api, chart: SalesBooks) -> None:
    one = {"account_id": "services", "category": "licences"}
    answer = await api.finance.put(
        URL, json={"mappings": [one, one | {"category": "other"}]}, headers={"If-Match": "*"}
    )
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/mappings/1/account_id", "account_twice")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mappings": None},
        {"mappings": [{}]},
        {"mappings": [{"account_id": "services", "category": "Licences"}]},
        {"mappings": [{"account_id": "", "category": "licences"}]},
        {"mappings": [{"account_id": "\x00", "category": "licences"}]},
        {"mappings": [{"account_id": "services", "category": "licences", "more": 1}]},
        {"mappings": [{"account_id": "a", "category": "other"}] * 1001},
        {"mappings": [], "more": 1},
    ],
)
async def test_a_body_that_is_not_valid_is_422(api: Api, chart: SalesBooks, body: Any) -> None:
    answer = await api.finance.put(URL, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422, answer.text


async def test_the_version_that_was_read_is_asked_for(api: Api, chart: SalesBooks) -> None:
    without = await api.finance.put(URL, json={"mappings": []})
    assert (without.status_code, without.json()["code"]) == (428, "if_match_required")
    stale = await put(api, '"1"', services="licences")
    assert (stale.status_code, stale.json()["code"]) == (412, "etag_mismatch")


async def test_accounts_of_books_that_are_read_no_longer_are_not_shown(
    api: Api, chart: SalesBooks, database: Database
) -> None:
    await put(api, services="licences")
    await database.as_owner("UPDATE ledgers SET is_current = false WHERE source = 'xero'")
    await chart.open("xero", source_id="another-tenant")
    await chart.account("services", name="Services elsewhere")
    assert mapped(await shown(api)) == {"services": (None, "ok")}


async def test_who_may(api: Api, chart: SalesBooks) -> None:
    assert (await api.nobody.get(URL)).status_code == 401
    assert (await api.service("clients:read").get(URL)).status_code == 403
    for role in ("Viewer", "Engineer"):
        assert (await api.as_role(role).get(URL)).status_code == 200
        refused = await api.as_role(role).put(URL, json={"mappings": []}, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_another_organisation_has_accounts_of_its_own(
    api: Api, chart: SalesBooks, database: Database
) -> None:
    await put(api, services="licences")
    other = api.of(await database.add_organisation(new_id()))
    assert (await shown(other))["accounts"] == []
    theirs = SalesBooks(database, other.organisation_id)
    await theirs.open()
    await theirs.account("services")
    refused = await put(other, resale="licences")
    assert refused.json()["errors"][0]["code"] == "account_unknown"
    assert mapped((await put(other, services="projects")).json()) == {
        "services": ("projects", "ok")
    }
    assert mapped(await shown(api))["services"] == ("licences", "ok")
