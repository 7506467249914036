"""What a sync of Xero leaves behind, and what the next one makes of it."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.clock import SetClock
from tests.support.copied import Copied

TABLES = (
    "ledgers",
    "accounts",
    "xero_contacts",
    "invoices",
    "invoice_versions",
    "invoice_lines",
    "client_credits",
    "credit_versions",
    "credit_lines",
    "credit_allocations",
    "payments",
    "payment_versions",
    "source_rates",
)


async def writings(copied: Copied) -> dict[str, list[tuple[str, str]]]:
    """Which transaction wrote each row, and where it lies."""
    return {
        table: [
            (row["xmin"], row["ctid"])
            for row in await copied.rows(
                f"SELECT xmin::text, ctid::text FROM {table} ORDER BY ctid"  # noqa: S608 - a test's own words
            )
        ]
        for table in TABLES
    }


async def test_an_unchanged_portfolio_writes_no_row(copied: Copied) -> None:
    first = await copied.sync()
    assert first["counts"]["created"] == 1304
    before = await writings(copied)
    assert all(before.values())
    full = await copied.sync(mode="full")
    assert full["counts"] == first["counts"] | {"created": 0, "unchanged": 1304}
    delta = await copied.sync()
    assert delta["counts"]["created"] == delta["counts"]["changed"] == 0
    assert delta["counts"]["unchanged"] < 100
    assert await writings(copied) == before


# What is kept


async def test_the_books_are_called_what_xero_calls_them(copied: Copied) -> None:
    await copied.sync()
    [ledger] = await copied.rows("SELECT * FROM ledgers")
    assert (ledger["source_id"], ledger["name"], ledger["is_current"]) == (
        copied.tenant.id,
        "Bluegum IT Pty Ltd",
        True,
    )
    assert (ledger["short_code"], ledger["base_currency"], ledger["country"]) == (
        "!1lqVQ",
        "AUD",
        "AU",
    )
    [merged] = await copied.rows("SELECT * FROM xero_contacts WHERE merged_into IS NOT NULL")
    assert merged["merged_into"] in copied.tenant.ledger.contacts
    classes = await copied.rows("SELECT DISTINCT class FROM accounts")
    assert {"REVENUE", "ASSET"} <= {row["class"] for row in classes}


async def test_a_payment_makes_a_dated_version_and_leaves_the_lines_alone(
    copied: Copied, clock: SetClock
) -> None:
    source_id = await copied.add()
    await copied.sync()
    first, before = clock.now(), await copied.lines(source_id)
    clock.move(hours=2)
    await copied.mutate({"do": "pay", "id": source_id, "amount": "10.05"})
    await copied.sync()
    assert await copied.versions(source_id, "amount_due", "state") == [
        (1, first, Decimal("110.0"), "approved"),
        (2, clock.now(), Decimal("99.95"), "approved"),
    ]
    assert await copied.lines(source_id) == before


async def test_lines_that_are_others_replace_those_there_were(
    copied: Copied, clock: SetClock
) -> None:
    source_id = await copied.add()
    await copied.sync()
    clock.move(hours=2)
    line = copied.tenant.ledger.invoices.record(source_id)["LineItems"][0]
    exact = line | {"UnitAmount": 32.9125, "Quantity": 2.2222, "Description": "Premium"}
    words = {"Description": "Thank you", "LineAmount": 0.0}
    await copied.change(source_id, LineItems=[words, exact])
    await copied.sync()
    assert [line[:3] for line in await copied.lines(source_id)] == [
        ("Thank you", None, None),
        ("Premium", Decimal("2.2222"), Decimal("32.9125")),
    ]
    assert len(await copied.versions(source_id)) == 1, "lines are no facts"


async def test_lines_that_did_not_come_along_stay(copied: Copied, clock: SetClock) -> None:
    source_id = await copied.add()
    await copied.sync()
    clock.move(hours=2)
    before = await copied.lines(source_id)
    await copied.change(source_id, LineItems=[], Reference="A summary")
    await copied.sync()
    assert (await copied.kept(source_id))["reference"] == "A summary"
    assert await copied.lines(source_id) == before
    clock.move(hours=2)
    await copied.change(source_id, LineItems=[], SubTotal=0.0, TotalTax=0.0, Total=0.0)
    await copied.sync()
    assert await copied.lines(source_id) == [], "an invoice of nothing has none"


async def test_dates_that_are_none_are_kept_as_none(copied: Copied, clock: SetClock) -> None:
    nothing = {"DateString": None, "Date": "/Date(0+0000)/"}
    source_id = await copied.add()
    await copied.change(source_id, **nothing, DueDateString=None, DueDate="/Date(1795132800000)/")
    await copied.sync()
    row = await copied.kept(source_id)
    assert (row["issued_on"], row["due_on"]) == (None, date(2026, 11, 20))


async def test_a_credit_note_larger_than_the_invoice_keeps_what_is_left_of_it(
    copied: Copied,
) -> None:
    await copied.sync()
    larger = await copied.rows(
        "SELECT c.total, c.remaining, a.amount, i.total AS invoiced, i.state, i.amount_due "
        "FROM client_credits c JOIN credit_allocations a ON a.credit_id = c.id "
        "JOIN invoices i ON i.source_id = a.invoice_source_id "
        "WHERE c.kind = 'credit_note' AND c.total > i.total"
    )
    assert larger
    for row in larger:
        assert (row["state"], row["amount_due"]) == ("paid", 0)
        assert row["amount"] == row["invoiced"]
        assert row["remaining"] == row["total"] - row["invoiced"]


async def test_a_refund_names_the_credit_that_was_paid_back(copied: Copied) -> None:
    await copied.sync()
    refunds = await copied.rows(
        "SELECT p.*, c.kind AS of FROM payments p LEFT JOIN client_credits c "
        "ON c.ledger_id = p.ledger_id AND c.source_id = p.credit_source_id WHERE is_refund"
    )
    assert {row["of"] for row in refunds} == {"credit_note", "overpayment", "prepayment"}
    assert {row["invoice_source_id"] for row in refunds} == {None}
    [gone] = await copied.rows("SELECT count(*) FROM payments WHERE is_deleted AND amount > 0")
    assert gone["count"] > 0
    [batched] = await copied.rows("SELECT count(*) FROM payments WHERE batch_id IS NOT NULL")
    assert batched["count"] > 0


# Rates


async def test_an_invoice_in_a_currency_without_a_rate_is_kept_without_one(copied: Copied) -> None:
    await copied.sync()
    [row] = await copied.rows(
        "SELECT count(*), count(currency_rate) AS rates FROM invoices WHERE currency = 'SGD'"
    )
    assert row["count"] > 0
    assert row["rates"] == 0
    assert await copied.rows("SELECT FROM source_rates WHERE currency IN ('SGD', 'AUD')") == []


async def test_the_newest_word_of_a_day_is_its_rate(copied: Copied, clock: SetClock) -> None:
    usd = {"CurrencyCode": "USD", "Date": "/Date(1700006400000)/", "DateString": None}
    first = await copied.add(**usd, CurrencyRate=0.8)
    clock.move(minutes=1)
    await copied.add(**usd, CurrencyRate=0.5)
    await copied.sync()

    async def rate() -> Any:
        [row] = await copied.rows(
            "SELECT rate, per, base_currency FROM source_rates WHERE valid_on = '2023-11-15'"
        )
        return row["rate"], row["per"], row["base_currency"]

    assert await rate() == (Decimal(1), Decimal("0.5"), "AUD")
    clock.move(hours=1)
    await copied.change(first, CurrencyRate=0.4)
    await copied.sync()
    assert await rate() == (Decimal(1), Decimal("0.4"), "AUD")
