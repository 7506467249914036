"""The bad days of every third party, as SuperOps has them, and those that it has alone."""

import httpx
import pytest
from tests.sandbox.superops.conftest import CLIENTS, INVOICE, INVOICES, Caller

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.superops.refusals import CODES
from billingone_api.sandbox.superops.room import Superops

FIRST = {"page": 1, "pageSize": 10}


@pytest.mark.parametrize(("fault", "status"), [("html", 502), ("html:200", 200), ("503", 503)])
async def test_a_gateway_answers_in_html(
    caller: Caller, sandbox: Sandbox, fault: str, status: int
) -> None:
    sandbox.faults.add(fault, provider="superops")
    answer = await caller.post(CLIENTS, **FIRST)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert (await caller.post(CLIENTS, **FIRST)).json()["data"]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("401", "text/plain", "Unauthorized"),
        ("403", "text/html", "403 Forbidden"),
        ("500", "text/html", "500 Internal Server Error"),
        ("400", "", ""),
        ("429", "", ""),
    ],
)
async def test_a_status_is_told_as_what_stands_before_superops_tells_it(
    caller: Caller, sandbox: Sandbox, fault: str, kind: str, words: str
) -> None:
    sandbox.faults.add(fault, provider="superops", path="/us/msp")
    answer = await caller.post(CLIENTS, **FIRST)
    assert answer.status_code == int(fault)
    assert answer.headers.get("content-type", "").startswith(kind)
    assert words in answer.text
    assert bool(words) is bool(answer.content)


@pytest.mark.parametrize("fault", ["garbage", "half_body"])
async def test_a_body_that_is_no_json(caller: Caller, sandbox: Sandbox, fault: str) -> None:
    sandbox.faults.add(fault, provider="superops")
    answer = await caller.post(CLIENTS, **FIRST)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        answer.json()


async def test_a_dropped_connection_ends_in_mid_body(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.faults.add("drop", provider="superops")
    with pytest.raises(httpx.RemoteProtocolError):
        await caller.post(CLIENTS, **FIRST)


async def test_a_list_deep_in_an_answer_is_emptied_halved_and_doubled(
    caller: Caller, sandbox: Sandbox
) -> None:
    for fault in ("empty_list", "short_page", "duplicate"):
        sandbox.faults.add(fault, provider="superops")
    empty, short, double = [await caller.answer(CLIENTS, **FIRST) for _ in range(3)]
    assert empty["clients"] == []
    assert empty["listInfo"] == {"page": 1, "pageSize": 10, "hasMore": None, "totalCount": 0}
    assert (len(short["clients"]), short["listInfo"]["totalCount"]) == (5, 15)
    assert len(double["clients"]) == 11
    assert double["clients"][0] == double["clients"][-1]


async def test_an_answer_without_a_list_survives_a_fault_of_lists(
    caller: Caller, superops: Superops, sandbox: Sandbox
) -> None:
    key = next(iter(superops.home.invoices))
    whole = await caller.answer(INVOICE, invoiceId=key)
    sandbox.faults.add("short_page", provider="superops", times=2)
    assert await caller.answer(INVOICE, invoiceId=key) == whole
    refused = (await caller.post(INVOICE, invoiceId="4")).json()
    assert len(refused["errors"]) == 1


@pytest.mark.parametrize("code", sorted(CODES))
async def test_any_documented_code_can_be_answered_once(caller: Caller, code: str) -> None:
    await caller.order("/break", {"how": code})
    assert await caller.refused() == code
    assert await caller.answer(CLIENTS, **FIRST)


async def test_an_operation_is_broken_after_so_many_and_so_often(caller: Caller) -> None:
    rule = {"how": "internal", "operation": "getInvoiceList", "after": 1, "times": 2}
    await caller.order("/break", rule)
    assert await caller.answer(CLIENTS, **FIRST)
    bodies = [(await caller.post(INVOICES, **FIRST)).json() for _ in range(4)]
    assert ["errors" in body for body in bodies] == [False, True, True, False]
    assert bodies[1] == {
        "errors": [{"message": "Internal Server Error(s) while executing query"}],
        "data": {"getInvoiceList": None},
    }


@pytest.mark.parametrize(
    ("how", "data"), [("no_data", {"getClientList": None}), ("empty_data", {})]
)
async def test_an_answer_can_lack_its_data_and_say_nothing(
    caller: Caller, how: str, data: object
) -> None:
    await caller.order("/break", {"how": how})
    assert (await caller.post(CLIENTS, **FIRST)).json() == {"data": data}


async def test_a_limit_that_is_wrapped_can_strike_once(caller: Caller) -> None:
    await caller.order("/break", {"how": "wrapped_rate_limit"})
    body = (await caller.post(CLIENTS, **FIRST)).json()
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["classification"] == "DataFetchingException"


async def test_what_is_broken_for_good_can_be_mended(caller: Caller) -> None:
    await caller.order("/break", {"how": "forbidden", "times": None})
    assert [await caller.refused() for _ in range(3)] == ["forbidden"] * 3
    await caller.order("/break", {"mend": True})
    assert await caller.answer(CLIENTS, **FIRST)


async def test_an_invoice_that_is_not_there_is_told_with_a_code(caller: Caller) -> None:
    answer = await caller.post(INVOICE, invoiceId="4")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"getInvoice": None}
    [error] = answer.json()["errors"]
    assert error["message"] is None
    assert error["extensions"]["clientError"][0]["code"] == "entity_does_not_exist"
