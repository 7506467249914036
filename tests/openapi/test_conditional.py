"""Versions of every single resource of the document: read once, and changed by one of many."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from tests.openapi.test_two_organisations import places
from tests.support.api import Api, standing_api
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS, Operation
from tests.support.planting import id_of, plant

from billingone_api.embedded.postgres import EmbeddedPostgres

MARK = "kurrajong"
READS = {
    name: operation
    for name, operation in OPERATIONS.items()
    if operation.method == "GET" and "cursor" not in operation.named("query")
}
WITHOUT_TAG = {
    "get_me": "who is signed in is kept by nobody: no-store",
    "get_dashboard": "figures as of this moment",
    "list_count_presets": "what the portfolio of this moment holds",
    "count_subscriptions": "figures as of this moment",
    "count_devices": "figures as of this moment",
    "count_invoices": "figures as of this moment",
    "count_unmapped": "figures as of this moment",
    "get_invoice_summary": "figures as of this moment",
    "get_four_way_summary": "figures as of this moment",
    "list_integrations": "a list; each integration has a tag of its own",
    "list_xero_organisations": "a list of what may be chosen; the choice is the integration's",
    "export_audit": "a file: no-store",
    "export_clients": "a file: no-store",
    "export_devices": "a file: no-store",
    "export_devices_workbook": "a file: no-store",
    "export_mapping": "a file: no-store",
    "export_clients_workbook": "a file: no-store",
    "export_invoices": "a file: no-store",
    "export_invoices_workbook": "a file: no-store",
    "export_snapshot": "a file: no-store",
    "export_four_way": "a file: no-store",
    "export_four_way_workbook": "a file: no-store",
    "export_snapshot_workbook": "a file: no-store",
    "export_snapshot_lines": "a file: no-store",
    "export_subscriptions": "a file: no-store",
    "export_subscriptions_workbook": "a file: no-store",
    "watch_sync": "a stream: no-store",
}
TAGGED = sorted(READS.keys() - WITHOUT_TAG.keys())
# A change that is one, for every operation that takes If-Match, and where its tag is read.
CHANGES: dict[str, tuple[str, Any]] = {
    "choose_xero_organisation": ("get_integration", {"tenant_id": str(id_of(MARK))}),
    "update_billing_settings": ("get_billing_settings", {"annual_price_is": "month"}),
    "update_reconciliation_settings": ("get_reconciliation_settings", {"stale_after_hours": 72}),
    "update_count_rule": (
        "get_count_rule",
        {"name": "Suites", "metric": "users", "products": [MARK]},
    ),
    "update_integration": ("get_integration", {"schedule_minutes": 45}),
    "update_invoice": ("get_invoice", {"client_id": str(id_of(MARK))}),
    "put_account_mapping": ("get_account_mapping", {"mappings": []}),
    "update_product": ("get_product", {"usage_billed": True}),
    "connect_superops": (
        "get_integration",
        {
            "credentials": {
                "auth_mode": "api_token",
                "subdomain": "bluegumit",
                "region": "us",
                "token": "planted",
                "currency": "AUD",
            }
        },
    ),
    "connect_pax8": (
        "get_integration",
        {
            "credentials": {
                "auth_mode": "client_credentials",
                "client_id": "client-2",
                "client_secret": "planted",
            }
        },
    ),
}
OF_PROVIDER = {
    "choose_xero_organisation": {"provider": "xero"},
    "connect_superops": {"provider": "superops"},
}
"""Where the tag is read that goes with a change of a provider's; others are read by their marks."""
RACERS = 8


@pytest.fixture(scope="module")
async def api(postgres: EmbeddedPostgres) -> AsyncIterator[Api]:
    async with standing_api(postgres) as made:
        url = made.app.state.process.settings.database_url.get_secret_value()
        await plant(postgres.owner_url(url.rpartition("/")[2]), made.organisation_id, [MARK])
        yield made


async def read(
    api: Api, operation: Operation, at: Mapping[str, str] | None = None, **headers: str
) -> httpx.Response:
    url = operation.url(places(operation, api.organisation_id, MARK) | dict(at or {}))
    return await api.as_role("Owner").get(url, headers=headers)


def test_every_read_of_one_thing_has_a_tag_or_says_why_not() -> None:
    tagged = {
        name for name, found in READS.items() if "ETag" in found.answers["200"].get("headers", {})
    }
    assert sorted(tagged) == TAGGED
    assert READS.keys() >= WITHOUT_TAG.keys()


@pytest.mark.parametrize("name", TAGGED)
async def test_a_version_that_is_known_is_304_with_its_tag(api: Api, name: str) -> None:
    first = await read(api, READS[name])
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await read(api, READS[name], **{"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "private, no-cache"
    assert (await read(api, READS[name], **{"If-None-Match": '"other"'})).content == first.content


@pytest.mark.parametrize("name", WITHOUT_TAG)
async def test_what_has_no_tag_is_not_said_to_be_known(api: Api, name: str) -> None:
    if name == "watch_sync":
        pytest.skip("its tests are those of streams")
    answer = await read(api, READS[name], **{"If-None-Match": "*"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    asks_for_no_store = "no-store" in WITHOUT_TAG[name]
    assert (answer.headers.get("cache-control") == "no-store") is asks_for_no_store


def test_every_change_that_asks_for_a_version_races_here() -> None:
    asking = {name for name, found in OPERATIONS.items() if "If-Match" in found.named("header")}
    assert asking == CHANGES.keys()


@pytest.mark.parametrize("name", CHANGES)
async def test_of_eight_racers_one_wins(api: Api, name: str, figure: Figure) -> None:
    reading, body = CHANGES[name]
    operation, at = OPERATIONS[name], OF_PROVIDER.get(name)
    tag = (await read(api, READS[reading], at)).headers["etag"]
    url = operation.url(places(operation, api.organisation_id, MARK))

    async def change(if_match: str | None) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        client = api.as_role("Owner")
        return await client.request(operation.method, url, json=body, headers=headers)

    answers = await asyncio.gather(*(change(tag) for _ in range(RACERS)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 1, 412: RACERS - 1}
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert won.headers["etag"] != tag
    assert (await read(api, READS[reading], at)).headers["etag"] == won.headers["etag"]
    assert (await change('"nonsense"')).status_code == 412
    assert (await change(None)).status_code == (428 if "428" in operation.answers else 200)
    figure(f"21: {name}: {RACERS} racers with one If-Match, one 200 and {RACERS - 1} 412")
