"""SuperOps' invoices against themselves and against Xero's, by what both answer on the wire."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.conftest import NOW
from tests.sandbox.superops.conftest import INVOICE, Caller, Rows
from tests.sandbox.xero.conftest import consented
from tests.support.clock import SetClock

from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.superops.room import SuperopsSettings

TODAY = NOW.date().isoformat()
Record = dict[str, Any]


def normalised(number: str) -> str:
    return "".join(letter for letter in number.upper() if letter.isalnum())


def readable(row: Record) -> bool:
    money = re.fullmatch(r"-?\d+(\.\d+)?", row["totalAmount"])
    return money is not None and row["invoiceDate"][4] == "-"


async def in_full(caller: Caller) -> Rows:
    rows = await caller.everything("getInvoiceList")
    return [await caller.answer(INVOICE, invoiceId=row["invoiceId"]) for row in rows]


async def test_an_invoice_in_full_says_the_same_as_its_row(caller: Caller) -> None:
    for row in await caller.everything("getInvoiceList"):
        whole = await caller.answer(INVOICE, invoiceId=row["invoiceId"])
        assert {name: whole[name] for name in row} == row


async def test_totals_follow_from_lines_taxes_and_discounts(caller: Caller) -> None:
    discounted = 0
    for one in filter(readable, await in_full(caller)):
        amount = sum(Decimal(item["amount"]) for item in one["items"])
        [tax] = one["taxes"]
        less = Decimal(one["additionalDiscount"] or 0)
        assert Decimal(tax["taxableAmount"]) == amount
        assert Decimal(one["totalAmount"]) == amount + Decimal(tax["taxAmount"]) - less
        off = Decimal(0)
        for item in one["items"]:
            full = Decimal(item["quantity"]) * Decimal(item["unitPrice"])
            off += full - Decimal(item["amount"])
            assert (item["discountRate"] is None) or off > 0
        assert abs(off - Decimal(one["discountAmount"] or 0)) < Decimal("0.05")
        discounted += less > 0
    assert discounted


async def test_statuses_follow_from_days(caller: Caller) -> None:
    rows = [row for row in await caller.everything("getInvoiceList") if readable(row)]
    for row in rows:
        assert (row["statusEnum"] == "PAID") is bool(row["paymentDate"])
        due = row["dueDate"]
        assert row["statusEnum"] != "OVERDUE" or due < TODAY
        assert row["statusEnum"] != "APPROVED" or due is None or due >= TODAY
        assert (row["statusEnum"] == "DRAFT") is not row["sentToClient"]


@dataclass(frozen=True)
class Books:
    """What SuperOps and Xero each answered, and what PanelOne knows of their clients."""

    superops: Rows
    xero: dict[str, Record]
    known: dict[str, Record]

    def twins(self) -> Iterator[tuple[Record, Record]]:
        for row in self.superops:
            number = normalised(row["displayId"])
            if number in self.xero:
                yield row, self.xero[number]

    def is_mapped(self, field: str, key: str) -> bool:
        return any(ids.get(field) == key for ids in self.known.values())


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    """As many clients as the demo has."""
    return create_sandbox(SandboxSettings(clock=clock, algorithms=("ES256",)))


@pytest.fixture
async def books(caller: Caller, sandbox: Sandbox) -> Books:
    bearer = await consented(caller.http, sandbox.xero.organisation.id)
    sales = await bearer.everything("Invoices", where='Type=="ACCREC"')
    known = {row["id"]: row["external_ids"] for row in sandbox.portfolio.clients.rows()}
    return Books(
        await caller.everything("getInvoiceList"),
        {normalised(row["InvoiceNumber"]): row for row in sales if row.get("InvoiceNumber")},
        known,
    )


async def test_a_share_of_the_invoices_is_xeros_once_more(books: Books) -> None:
    pairs = list(books.twins())
    assert 25 <= len(pairs) <= len(books.superops) // 2
    same = Counter(
        Decimal(ours["totalAmount"]) == Decimal(str(theirs["Total"]))
        for ours, theirs in pairs
        if readable(ours)
    )
    assert same[True] > 20
    assert 3 <= same[False] <= 9
    gone = {theirs["Status"] for ours, theirs in pairs if ours["statusEnum"] != "VOID"}
    assert gone & {"VOIDED", "DELETED"}
    assert {theirs["CurrencyCode"] for _, theirs in pairs} == {"AUD"}
    assert any(ours["displayId"] != theirs["InvoiceNumber"] for ours, theirs in pairs)
    assert len({theirs["InvoiceID"] for _, theirs in pairs}) == len(pairs)


async def test_payments_that_xero_knows_have_not_all_reached_superops(books: Books) -> None:
    told = Counter((theirs["Status"], ours["statusEnum"]) for ours, theirs in books.twins())
    assert told["PAID", "PAID"] > 10
    assert told["PAID", "OVERDUE"]


async def test_twins_are_of_one_client_except_where_nobody_knows_it(books: Books) -> None:
    told = Counter[tuple[bool, bool]]()
    for ours, theirs in books.twins():
        here, there = str(ours["client"]["accountId"]), theirs["Contact"]["ContactID"]
        mapped = (
            books.is_mapped("superops_client_id", here),
            books.is_mapped("xero_contact_id", there),
        )
        told[mapped] += 1
        if all(mapped):
            [ids] = [one for one in books.known.values() if one.get("xero_contact_id") == there]
            assert ids["superops_client_id"] == here
    assert told[True, True] > 20
    assert 0 < told[False, False] < 10
    assert 0 < told[False, True] < 10


async def test_other_clients_are_invoiced_in_one_of_them_only(books: Books) -> None:
    paired = {str(ours["client"]["accountId"]) for ours, _ in books.twins()}
    billed = {str(row["client"]["accountId"]) for row in books.superops}
    assert len(billed - paired) >= 15
    both = [ids for ids in books.known.values() if "xero_contact_id" in ids]
    assert any("superops_client_id" not in ids for ids in both)
    alone = [ids for ids in books.known.values() if set(ids) == {"superops_client_id"}]
    assert len(alone) == 5
    assert {ids["superops_client_id"] for ids in alone} <= billed - paired


async def test_two_invoices_cannot_be_read_unless_none_is_planted(books: Books) -> None:
    bad = [row for row in books.superops if not readable(row)]
    assert len(bad) == 2
    none = create_sandbox(
        SandboxSettings(superops=SuperopsSettings(planted_bad=0), algorithms=("ES256",))
    )
    assert all(map(readable, none.superops.home.invoices.records()))


@pytest.mark.parametrize(("clients", "invoices"), [(1, 0), (1, 1), (2, 5), (3, 40)])
def test_a_small_account_is_possible(clients: int, invoices: int) -> None:
    made = create_sandbox(
        SandboxSettings(
            clients=clients,
            superops=SuperopsSettings(invoices=invoices),
            algorithms=("ES256",),
        )
    )
    home = made.superops.home
    assert len(list(home.invoices.records())) == len(home.invoices) == invoices
    assert len(list(home.assets.records())) == len(home.assets) > 0
    assert len(list(home.associations.records())) == len(home.associations) > 0


def test_two_thousand_invoices_are_all_different(clock: SetClock) -> None:
    made = create_sandbox(
        SandboxSettings(
            superops=SuperopsSettings(invoices=2000), clock=clock, algorithms=("ES256",)
        )
    )
    rows = list(made.superops.home.invoices.records())
    assert len(rows) == 2000
    assert len({row["invoiceId"] for row in rows}) == 2000
    assert len({normalised(row["displayId"]) for row in rows}) == 2000
