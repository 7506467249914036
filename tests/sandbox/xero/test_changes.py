from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient
from tests.sandbox.xero.conftest import Caller
from tests.support.clock import SetClock

from billingone_api.sandbox.xero.book import Selection
from billingone_api.sandbox.xero.room import Xero


async def change(http: AsyncClient, **one: Any) -> Any:
    answer = await http.post("/_sandbox/xero/mutate", json=one)
    assert answer.status_code == 200, answer.text
    return answer.json()["ids"][0]


async def delta(caller: Caller, name: str = "Invoices") -> list[dict[str, Any]]:
    """What was changed since the books began."""
    return await caller.rows(name, since="2026-11-24T00:00:00", page=1, unitdp=4)


def waiting(xero: Xero) -> str:
    """An invoice that awaits its payment."""
    for row in xero.organisation.ledger.invoices.records():
        if row["Status"] == "AUTHORISED" and row["Type"] == "ACCREC" and not row["AmountPaid"]:
            return str(row["InvoiceID"])
    raise AssertionError("nobody owes anything")


async def test_a_new_invoice_comes_with_the_next_delta(caller: Caller, http: AsyncClient) -> None:
    assert await delta(caller) == []
    key = await change(http, do="add", fields={"Reference": "by hand", "UnknownField": [1]})
    [row] = await delta(caller)
    assert (row["InvoiceID"], row["Reference"], row["UnknownField"]) == (key, "by hand", [1])
    assert (row["Total"], row["AmountDue"], row["Status"]) == (110.0, 110.0, "AUTHORISED")


async def test_a_payment_settles_the_invoice_and_stands_in_its_list(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    invoice = await change(http, do="add")
    part = await change(http, do="pay", id=invoice, amount="60.00", date="2026-11-23")
    [row] = await delta(caller)
    assert (row["Status"], row["AmountPaid"], row["AmountDue"]) == ("AUTHORISED", 60.0, 50.0)
    rest = await change(http, do="pay", id=invoice)
    [row] = await delta(caller)
    assert (row["Status"], row["AmountPaid"], row["AmountDue"]) == ("PAID", 110.0, 0.0)
    assert row["FullyPaidOnDate"] == "/Date(1795478400000+0000)/"
    assert [one["PaymentID"] for one in row["Payments"]] == [part, rest]
    payments = await delta(caller, "Payments")
    assert [(one["PaymentID"], one["Amount"]) for one in payments] == [(part, 60.0), (rest, 50.0)]
    assert {one["Invoice"]["InvoiceID"] for one in payments} == {invoice}


async def test_a_deleted_payment_is_owed_again(caller: Caller, http: AsyncClient) -> None:
    invoice = await change(http, do="add")
    payment = await change(http, do="pay", id=invoice)
    await change(http, do="delete_payment", id=payment)
    [row] = await delta(caller)
    assert (row["Status"], row["AmountPaid"], row["AmountDue"]) == ("AUTHORISED", 0.0, 110.0)
    assert row["Payments"] == []
    assert "FullyPaidOnDate" not in row
    [deleted] = await delta(caller, "Payments")
    assert (deleted["PaymentID"], deleted["Status"]) == (payment, "DELETED")


async def test_a_payment_can_leave_its_invoice_as_if_untouched(
    caller: Caller, http: AsyncClient, clock: SetClock
) -> None:
    """Nobody knows whether every payment moves its invoice: a full sweep has to find it."""
    await http.post("/_sandbox/xero/manners", json={"silent_payments": True})
    invoice = await change(http, do="add")
    clock.move(minutes=5)
    await change(http, do="pay", id=invoice)
    assert await caller.rows("Invoices", since="2026-11-24T00:01:00", page=1) == []
    assert len(await caller.rows("Payments", since="2026-11-24T00:01:00", page=1)) == 1
    [row] = await caller.rows("Invoices", page=1, IDs=invoice)
    assert (row["Status"], row["AmountDue"]) == ("PAID", 0.0)


async def test_a_payment_in_foreign_money_reaches_the_bank_converted(
    caller: Caller, http: AsyncClient
) -> None:
    foreign = {"CurrencyCode": "USD", "CurrencyRate": 0.5}
    invoice = await change(http, do="add", fields=foreign)
    await change(http, do="pay", id=invoice)
    [payment] = await delta(caller, "Payments")
    assert (payment["Amount"], payment["BankAmount"]) == (110.0, 220.0)


@pytest.mark.parametrize(
    ("status", "gone"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED"), ("SUBMITTED", "DELETED")]
)
async def test_an_invoice_is_voided_or_deleted(
    caller: Caller, http: AsyncClient, status: str, gone: str
) -> None:
    invoice = await change(http, do="add", fields={"Status": status})
    await change(http, do="void", id=invoice)
    [row] = await delta(caller)
    assert (row["Status"], row["Total"], row["AmountDue"]) == (gone, 110.0, 0.0)


async def test_any_field_of_any_record_can_be_changed(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    contact = xero.organisation.ledger.contacts.keys()[0]
    await change(http, do="change", kind="contact", id=contact, fields={"Name": "Acacia Renamed"})
    assert [row["Name"] for row in await delta(caller, "Contacts")] == ["Acacia Renamed"]
    account = xero.organisation.ledger.accounts.keys()[0]
    await change(http, do="change", kind="account", id=account, fields={"Status": "ARCHIVED"})
    archived = await caller.rows("Accounts", where='Status=="ARCHIVED"')
    assert account in {row["AccountID"] for row in archived}
    invoice = waiting(xero)
    lines = {"LineItems": [], "DueDate": None, "Total": "a lot"}
    await change(http, do="change", kind="invoice", id=invoice, fields=lines)
    [row] = await delta(caller)
    assert (row["LineItems"], row["Total"], "DueDate" in row) == ([], "a lot", False)
    await change(http, do="change", kind="organisation", fields={"BaseCurrency": "NZD"})
    [organisation] = (await caller.get("/Organisation")).json()["Organisations"]
    assert organisation["BaseCurrency"] == "NZD"


async def test_changes_of_another_tenant_are_not_ours(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    await change(http, do="add", tenant=xero.tenants[1].id)
    assert await delta(caller) == []
    caller.tenant = xero.tenants[1].id
    [row] = await delta(caller)
    assert row["CurrencyCode"] == "NZD"


async def test_many_changes_at_one_moment_have_an_order(
    caller: Caller, http: AsyncClient, clock: SetClock
) -> None:
    keys = await change(http, do="touch", count=120)
    rows = await caller.rows("Invoices", since="2026-11-24T00:00:00", page=1, pageSize=1000)
    assert [row["InvoiceID"] for row in rows] == keys
    assert len({row["UpdatedDateUTC"] for row in rows}) == 120
    clock.move(minutes=1)
    await change(http, do="touch")
    assert len(await caller.rows("Invoices", since="2026-11-24T00:01:00", page=1)) == 1


@pytest.mark.parametrize(
    "one",
    [
        {"do": "paint"},
        {},
        {"do": "pay", "id": "nobody"},
        {"do": "pay"},
        {"do": "void", "id": "nobody"},
        {"do": "delete_payment", "id": "nobody"},
        {"do": "change", "kind": "planet", "id": "x", "fields": {}},
        {"do": "change", "kind": "invoice", "id": "nobody", "fields": {}},
        {"do": "change", "kind": "invoice"},
        {"do": "add", "fields": "many"},
        {"do": "touch", "count": "many"},
        {"do": "add", "tenant": "nobody"},
    ],
)
async def test_a_change_that_cannot_be_made_is_422(http: AsyncClient, one: dict[str, Any]) -> None:
    answer = await http.post("/_sandbox/xero/mutate", json=one)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/consent", {"tenants": ["nobody"]}),
        ("/scopes/withhold", {}),
        ("/disconnect", {"tenant": "nobody"}),
        ("/apps", {"client_id": "nobody"}),
        ("/apps", {}),
        ("/limits", {"second": 1}),
        ("/limits", {"minute": "many"}),
        ("/limits/use", {}),
        ("/manners", {"polite": True}),
        ("/webhooks/send", {}),
        ("/webhooks/send", {"url": "http://hook.test", "events": [{}]}),
        ("/webhooks/intend", {"url": 5}),
    ],
)
async def test_an_order_that_makes_no_sense_is_422(
    http: AsyncClient, path: str, body: dict[str, Any]
) -> None:
    answer = await http.post(f"/_sandbox/xero{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_the_state_lists_what_can_be_done(http: AsyncClient, caller: Caller) -> None:
    state = (await http.get("/_sandbox/xero/")).json()
    assert [one["kind"] for one in state["tenants"]] == ["ORGANISATION", "ORGANISATION", "PRACTICE"]
    assert len(state["connections"]) == 3
    assert state["limits"] == {"concurrent": 5, "minute": 60, "day": 5000, "app_minute": 10_000}
    assert {"/consent", "/limits", "/mutate", "/webhooks/send"} <= set(state["verbs"])


async def test_plain_paging_misses_a_row_when_a_read_one_is_edited(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    """The drift of offset paging: it jumps to the end, and everything moves up by one."""
    rule = {"fault": "shift", "provider": "xero", "path": "/api.xro/2.0/Invoices", "after": 1}
    truth = list(xero.organisation.ledger.invoices.select(Selection()))
    await http.post("/_sandbox/faults", json=rule)
    seen = [
        row.get("InvoiceID")
        for page in (1, 2, 3, 4, 5)
        for row in await caller.rows("Invoices", page=page, order="UpdatedDateUTC ASC")
    ]
    assert truth[100] not in seen
    assert len(seen) == 499


async def test_a_sweep_by_keyset_misses_nothing_however_it_is_edited(
    caller: Caller, http: AsyncClient, xero: Xero
) -> None:
    rule = {"fault": "shift", "provider": "xero", "path": "/api.xro/2.0/Invoices", "times": None}
    await http.post("/_sandbox/faults", json=rule)
    seen: set[tuple[Any, str]] = set()
    page, since, size = 1, "1990-01-01T00:00:00", 30
    while True:
        rows = await caller.rows(
            "Invoices", since=since, page=page, pageSize=size, order="UpdatedDateUTC ASC"
        )
        new = {(row.get("InvoiceID"), row["UpdatedDateUTC"]) for row in rows} - seen
        seen |= new
        if not new and len(rows) < size:
            break
        page = 1 if new else page + 1
        if new:
            last = max(int(row["UpdatedDateUTC"][6:19]) for row in rows)
            since = _second(last)
        if len(rows) < size:
            break
    found = {key for key, _ in seen}
    readable = {
        row["InvoiceID"]
        for row in xero.organisation.ledger.invoices.records()
        if "InvoiceID" in row
    }
    assert readable <= found


def _second(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
