"""The control door: what people do in SuperOps while somebody reads it."""

from typing import Any

import pytest
from tests.sandbox.superops.conftest import INVOICE, LISTS, Caller

from billingone_api.sandbox.superops.room import EU, Superops


async def changed(caller: Caller, **one: Any) -> str:
    [key] = (await caller.order("/mutate", one))["ids"]
    return str(key)


async def test_an_invoice_is_changed_in_its_row_and_in_full(
    caller: Caller, superops: Superops
) -> None:
    key = next(iter(superops.home.invoices))
    fields = {"statusEnum": "WRITTEN_OFF", "totalAmount": None, "paymentDate": "soon", "items": []}
    assert await changed(caller, do="change", kind="invoice", id=key, fields=fields) == key
    rows = {row["invoiceId"]: row for row in await caller.everything("getInvoiceList")}
    invoice = await caller.answer(INVOICE, invoiceId=key)
    for one in (rows[key], invoice):
        assert (one["statusEnum"], one["totalAmount"], one["paymentDate"]) == (
            "WRITTEN_OFF", None, "soon",
        )  # fmt: skip
    assert invoice["items"] == []


@pytest.mark.parametrize(
    ("kind", "operation"),
    list(zip(("client", "invoice", "asset", "association"), LISTS, strict=True)),
)
async def test_records_come_and_go(
    caller: Caller, superops: Superops, kind: str, operation: str
) -> None:
    id_field = superops.home.collections[kind].id
    before = [row[id_field] for row in await caller.everything(operation)]
    key = await changed(caller, do="add", kind=kind, fields={"name": "New"})
    after = [row[id_field] for row in await caller.everything(operation)]
    assert after == [*before, key]
    await changed(caller, do="remove", kind=kind, id=before[0])
    assert [row[id_field] for row in await caller.everything(operation)] == after[1:]
    await changed(caller, do="remove", kind=kind, id=key)
    assert [row[id_field] for row in await caller.everything(operation)] == before[1:]


async def test_a_client_is_renamed(caller: Caller, superops: Superops) -> None:
    key = next(iter(superops.home.clients))
    await changed(caller, do="change", kind="client", id=key, fields={"name": "Wombat Cafe"})
    names = {row["accountId"]: row["name"] for row in await caller.everything("getClientList")}
    assert names[key] == "Wombat Cafe"


async def test_a_value_that_cannot_be_written_fails_its_page(
    caller: Caller, superops: Superops
) -> None:
    key = next(iter(superops.home.invoices))
    await changed(caller, do="change", kind="invoice", id=key, fields={"invoiceDate": None})
    answer = await caller.post(INVOICE, invoiceId=key)
    assert answer.json() == {
        "errors": [{"message": "Internal Server Error(s) while executing query"}],
        "data": {"getInvoice": None},
    }


async def test_changes_in_one_account_do_not_touch_the_other(
    caller: Caller, superops: Superops
) -> None:
    before = len(superops.home.invoices)
    await changed(caller, do="add", kind="invoice", subdomain=EU)
    assert len(superops.home.invoices) == before
    assert len(superops.account(EU).invoices) == 10


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/mutate", {"do": "paint", "kind": "invoice"}),
        ("/mutate", {"do": "add", "kind": "planet"}),
        ("/mutate", {"do": "add"}),
        ("/mutate", {"do": "add", "kind": "invoice", "fields": 5}),
        ("/mutate", {"do": "change", "kind": "invoice", "id": "nobody", "fields": {}}),
        ("/mutate", {"do": "remove", "kind": "asset", "id": "nobody"}),
        ("/mutate", {"do": "add", "kind": "invoice", "subdomain": "nobody"}),
        ("/break", {"how": "fire"}),
        ("/break", {"operation": "getClientList"}),
        ("/fields", {"undefined": ["Asset.colour"]}),
        ("/fields", {"unwritable": 5}),
        ("/tokens/regenerate", {"token": "nobody"}),
        ("/tokens/revoke", {}),
        ("/subscription", {"state": "happy"}),
        ("/subscription", {"state": "paused", "subdomain": "nobody"}),
        ("/limits", {"minute": "many"}),
        ("/limits", {}),
        ("/manners", {"limit": "loud"}),
    ],
)
async def test_an_order_that_makes_no_sense_is_422(
    caller: Caller, path: str, body: dict[str, Any]
) -> None:
    answer = await caller.http.post(f"/_sandbox/superops{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_the_state_lists_what_is_there_and_what_can_be_done(caller: Caller) -> None:
    await caller.order("/break", {"how": "internal", "after": 3})
    await caller.order("/fields", {"undefined": ["Asset.platformFamily"]})
    state = (await caller.http.get("/_sandbox/superops/")).json()
    assert [(one["subdomain"], one["region"]) for one in state["accounts"]] == [
        ("bluegumit", "us"), ("bluegum-europe", "eu"),
    ]  # fmt: skip
    assert state["accounts"][0]["records"]["client"] == 15
    assert {one["role"] for one in state["tokens"].values()} == {
        "Administrator", "Technician", "Helpdesk",
    }  # fmt: skip
    assert state["broken"] == [
        {"how": "internal", "operation": "*", "after": 3, "times": 1, "seen": 0}
    ]
    assert state["undefined"] == ["Asset.platformFamily"]
    assert {"/mutate", "/break", "/fields", "/subscription"} <= set(state["verbs"])


async def test_the_guide_says_how_to_begin(caller: Caller) -> None:
    guide = (await caller.http.get("/")).json()["superops"]
    assert guide["us_url"] == "http://127.0.0.1:8790/superops/us/msp"
    assert guide["eu_url"] == "http://127.0.0.1:8790/superops/eu/msp"
    caller.token, caller.subdomain, caller.region = (
        guide["token"], guide["subdomain"], guide["region"],
    )  # fmt: skip
    assert len(await caller.everything("getClientList")) == guide["clients"]
    assert len(await caller.everything("getInvoiceList")) == guide["invoices"]
