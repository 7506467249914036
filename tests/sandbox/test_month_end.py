"""The month's end: clients are invoiced for what they hold, but for a leak of each kind."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from httpx import AsyncClient

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.charges import Charges, month_of
from billingone_api.sandbox.leaks import BUNDLE, LEAKS
from billingone_api.sandbox.month_end import WORK
from billingone_api.sandbox.xero.wire import cents, day_in_ms, exactly

Lines = Counter[tuple[str | None, Decimal, Decimal, str]]


def money_of(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    """Of every invoice that somebody is sent."""
    book = sandbox.xero.organisation.ledger.invoices
    names = ("SubTotal", "TotalTax", "Total", "AmountDue", "Status")
    return {
        key: tuple(book.record(key).get(name) for name in names)
        for key in book.keys()  # noqa: SIM118 - a book is no dict
        if book.facts(key)["Type"] == "ACCREC"
    }


def billed(invoice: Mapping[str, Any]) -> Lines:
    return Counter(
        (
            one.get("ItemCode"),
            exactly(one["Quantity"]).normalize(),
            exactly(one["LineAmount"]),
            invoice["CurrencyCode"],
        )
        for one in invoice["LineItems"]
    )


def due_to(sandbox: Sandbox) -> dict[int, Lines]:
    """What each client holds of Pax8, as an invoice would say it."""
    clients = range(len(sandbox.xero.organisation.clerk.sales.clients))
    numbers = {sandbox.portfolio.ids("company", number): number for number in clients}
    due: dict[int, Lines] = {}
    for one in Charges(sandbox.portfolio).due(month_of(sandbox.portfolio.now.date())):
        if one["companyId"] in numbers:
            units, price = Decimal(one["quantity"]), Decimal(one["price"])
            line = (one["sku"], units.normalize(), cents(units * price), one["currencyCode"])
            due.setdefault(numbers[one["companyId"]], Counter())[line] += 1
    return due


async def test_clients_are_invoiced_for_what_they_hold_but_for_a_leak_of_each_kind(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    before, book = money_of(sandbox), sandbox.xero.organisation.ledger.invoices
    answer = await http.post("/_sandbox/month-end")
    assert answer.status_code == 201
    told = answer.json()
    contacts = {one.key: one.number for one in sandbox.xero.organisation.clerk.sales.clients}
    lines: dict[int, Lines] = {}
    for key in told["invoices"]:
        record = book.record(key)
        assert record["Total"] == record["AmountDue"] > 0
        lines.setdefault(contacts[record["Contact"]["ContactID"]], Counter()).update(billed(record))
    due, leaks = due_to(sandbox), told["leaks"]
    assert [one["kind"] for one in leaks] == [one.name for one in LEAKS]
    assert {client for client in due if due[client] != lines.get(client)} == {
        one["client"] for one in leaks
    }
    for one in leaks:
        missing = due[one["client"]] - lines[one["client"]]
        assert [sku for sku, *_ in missing.elements()] == [one["sku"]], one
    # What stood there before is the same money, for the MSP's own work where it is of the month.
    assert {key: money for key, money in money_of(sandbox).items() if key in before} == before
    assert {WORK, "Unused seats", "On-site visit"} <= set(told["services"])
    assert BUNDLE not in told["services"]
    month = month_of(sandbox.portfolio.now.date())
    begin, end = (day_in_ms(month_of(month, months=months)) for months in (0, 1))
    older = [key for key in before if begin <= book.facts(key)["Date"] < end]
    assert older
    for key in older:
        [line] = book.record(key)["LineItems"]
        assert (line["Description"], line.get("ItemCode")) == (WORK, None)


async def test_a_second_month_end_of_the_day_changes_nothing(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    first = (await http.post("/_sandbox/month-end")).json()
    money = money_of(sandbox)
    assert (await http.post("/_sandbox/month-end")).json() == first
    assert money_of(sandbox) == money
