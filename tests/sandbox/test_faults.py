from typing import Any

import httpx
import pytest
from httpx import AsyncClient, Response
from tests.sandbox.conftest import Pax8Caller, pax8_token

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.faults import Fault, UnknownFault


async def with_fault(pax8: Pax8Caller, fault: str, path: str = "/subscriptions") -> Response:
    headers = {"Authorization": f"Bearer {pax8.token}", "X-Sandbox-Fault": fault}
    return await pax8.http.get(f"/pax8/v1{path}", headers=headers)


@pytest.mark.parametrize("text", ["", "fire", "200", "42", "4299", "delay:soon", "html:x"])
def test_a_word_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(UnknownFault):
        Fault.parse(text)


@pytest.mark.parametrize("status", [400, 401, 403, 408, 429, 500, 503])
async def test_a_status_is_told_in_the_third_partys_own_words(
    pax8: Pax8Caller, status: int
) -> None:
    answer = await with_fault(pax8, str(status))
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["instance"] == "/public/v1/subscriptions"
    assert "retry-after" not in answer.headers


async def test_a_status_can_say_when_to_retry(pax8: Pax8Caller) -> None:
    assert (await with_fault(pax8, "429:7")).headers["retry-after"] == "7"


@pytest.mark.parametrize(("fault", "status"), [("html", 502), ("html:200", 200)])
async def test_a_gateways_page_is_html(pax8: Pax8Caller, fault: str, status: int) -> None:
    answer = await with_fault(pax8, fault)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("fault", ["garbage", "half_body"])
async def test_a_body_that_is_no_json(pax8: Pax8Caller, fault: str) -> None:
    answer = await with_fault(pax8, fault)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])
    with pytest.raises(ValueError, match=r".+"):
        answer.json()


async def test_an_empty_list_claims_that_nothing_was_ever_there(pax8: Pax8Caller) -> None:
    body = (await with_fault(pax8, "empty_list")).json()
    assert body == {
        "content": [],
        "page": {"size": 10, "totalElements": 0, "totalPages": 0, "number": 0},
    }


async def test_an_empty_list_of_panelone_has_no_next_page(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("empty_list", provider="panelone")
    headers = {"Authorization": f"Bearer {sandbox.mint.service()}"}
    answer = await http.get("/panelone/clients", params={"limit": 5}, headers=headers)
    assert answer.json() == {"clients": [], "next_cursor": None}


async def test_a_short_page_lacks_half_its_rows_but_not_the_count(pax8: Pax8Caller) -> None:
    body = (await with_fault(pax8, "short_page")).json()
    assert len(body["content"]) == 5
    assert body["page"]["totalElements"] == 240


async def test_a_duplicate_stands_twice_on_one_page(pax8: Pax8Caller) -> None:
    rows = (await with_fault(pax8, "duplicate")).json()["content"]
    assert len(rows) == 11
    assert rows[0] == rows[-1]


async def test_a_list_without_rows_survives_a_fault_of_lists(pax8: Pax8Caller) -> None:
    one = (await pax8.get("/companies")).json()["content"][0]
    assert (await with_fault(pax8, "short_page", f"/companies/{one['id']}")).json() == one


async def test_a_list_that_shifts_between_two_pages_hides_a_row(
    pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    truth = sandbox.portfolio.subscriptions.select(sort=("createdDate", False))
    sandbox.faults.add("shift", path="/v1/subscriptions", after=1)
    rows: list[dict[str, Any]] = []
    for page in range(3):
        query: dict[str, str | int] = {"page": page, "size": 100, "sort": "createdDate,asc"}
        body = (await pax8.get("/subscriptions", **query)).json()
        rows += body["content"]
        assert body["page"]["totalElements"] == 240
    assert len(rows) == 240
    assert truth[100] not in {row.get("id") for row in rows}


async def test_a_delay_waits_and_then_answers(pax8: Pax8Caller) -> None:
    assert (await with_fault(pax8, "delay:0.01")).status_code == 200


async def test_an_unknown_word_in_the_header_is_told(pax8: Pax8Caller) -> None:
    answer = await with_fault(pax8, "fire")
    assert answer.status_code == 400
    assert "'fire' is no fault" in answer.json()["error"]


async def test_a_rule_spares_the_first_and_hits_so_many(pax8: Pax8Caller, sandbox: Sandbox) -> None:
    sandbox.faults.add("500", provider="pax8", path="/v1/comp*", after=1, times=2)
    statuses = [(await pax8.get("/companies")).status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert (await pax8.get("/products")).status_code == 200


async def test_rules_are_used_up_one_after_the_other(pax8: Pax8Caller, sandbox: Sandbox) -> None:
    sandbox.faults.add("429")
    sandbox.faults.add("503", method="get", times=None)
    statuses = [(await pax8.get("/companies")).status_code for _ in range(3)]
    assert statuses == [429, 503, 503]
    sandbox.faults.clear()
    assert (await pax8.get("/companies")).status_code == 200


async def test_a_rule_for_another_third_party_or_method_does_not_strike(
    pax8: Pax8Caller, sandbox: Sandbox
) -> None:
    sandbox.faults.add("500", provider="panelone", times=None)
    sandbox.faults.add("500", method="POST", times=None)
    assert (await pax8.get("/companies")).status_code == 200


async def test_a_dropped_connection_ends_in_mid_body(served: str, sandbox: Sandbox) -> None:
    async with AsyncClient(base_url=served) as http:
        token = (await pax8_token(http, sandbox)).json()["access_token"]
        sandbox.faults.add("drop")
        pax8 = Pax8Caller(http, token)
        with pytest.raises(httpx.RemoteProtocolError):
            await pax8.get("/subscriptions")
        assert (await pax8.get("/subscriptions")).status_code == 200
