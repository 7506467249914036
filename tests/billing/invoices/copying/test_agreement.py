"""The same money by two computations: Xero's raw answers in plain Python, our tables in SQL."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import SetClock
from tests.support.copied import Copied
from tests.support.deaths import dying_everywhere, killed_and_replaced
from tests.support.disturbed import Disturbed
from tests.support.figures import Figure
from tests.support.reckoning import Money, money_kept
from tests.support.xero import xero_settings

from billingone_api.billing.invoices.jobs import XeroSource


async def agree(copied: Copied) -> Money:
    ours, theirs = await money_kept(copied.database), await copied.money_told()
    for part in fields(Money):
        assert getattr(ours, part.name) == getattr(theirs, part.name), part.name
    return ours


async def test_everything_agrees_to_the_cent_after_a_first_sync(
    copied: Copied, figure: Figure
) -> None:
    run = await copied.sync()
    assert (run["status"], run["counts"]["quarantined"]) == ("partial", 3)
    money = await agree(copied)
    assert {state for _, _, state in money.invoices} >= {
        "draft",
        "awaiting_approval",
        "approved",
        "paid",
        "void",
        "unknown",
    }
    assert {currency for _, currency, _ in money.invoices} >= {"AUD", "USD", "NZD", "SGD"}
    assert any(unit != round(unit, 2) for _, _, unit, *_ in money.lines.values() if unit)
    assert {is_refund for *_, is_refund in money.payments} == {False, True}
    assert {kind for kind, *_ in money.credits} == {"credit_note", "overpayment", "prepayment"}
    assert money.rates
    assert not any(currency == "SGD" for currency, _ in money.rates)
    figure(
        f"12: {sum(row[0] for row in money.invoices.values())} invoices with {len(money.lines):,} "
        f"lines in {len({key[1] for key in money.invoices})} currencies agree to the cent with a "
        "second computation"
    )


async def invoice_in(copied: Copied, state: str, *, paid_in_part: bool = True) -> dict[str, Any]:
    """One that is kept, the oldest of its state."""
    [found, *_] = await copied.rows(
        "SELECT source_id, amount_due, total FROM invoices WHERE state = $1 AND total > 10 "
        "AND ($2 OR amount_due = total) ORDER BY issued_on, source_id",
        state,
        paid_in_part,
    )
    return found


async def happens(copied: Copied) -> None:
    """All that can be done to books in an afternoon."""
    ledger = copied.tenant.ledger
    opened = await copied.rows(
        "SELECT source_id FROM invoices WHERE state = 'approved' AND amount_due = total "
        "AND total > 100 ORDER BY source_id LIMIT 5"
    )
    whole, part, void, lines, foreign = (row["source_id"] for row in opened)
    [payment, *_] = await copied.rows(
        "SELECT source_id FROM payments WHERE NOT is_deleted AND NOT is_refund ORDER BY paid_on"
    )
    draft = await invoice_in(copied, "draft")
    [credit, *_] = await copied.rows(
        "SELECT source_id, remaining FROM client_credits WHERE kind = 'credit_note' "
        "AND state = 'approved' AND remaining > 1 ORDER BY source_id"
    )
    record = ledger.invoices.record(lines)
    changed = [*record["LineItems"][1:], record["LineItems"][0] | {"Description": "Moved down"}]
    await copied.mutate(
        {"do": "pay", "id": whole},
        {"do": "pay", "id": part, "amount": "33.33", "date": "2026-11-20"},
        {"do": "void", "id": void},
        {"do": "delete_payment", "id": payment["source_id"]},
        {"do": "void", "id": draft["source_id"]},
        {"do": "add"},
        {"do": "add", "fields": {"CurrencyCode": "USD", "CurrencyRate": 0.6501}},
        {"do": "change", "kind": "invoice", "id": lines, "fields": {"LineItems": changed}},
        {
            "do": "change",
            "kind": "invoice",
            "id": foreign,
            "fields": {"CurrencyCode": "NZD", "CurrencyRate": 1.1},
        },
        {
            "do": "change",
            "kind": "credit_note",
            "id": credit["source_id"],
            "fields": {
                "RemainingCredit": float(credit["remaining"]) - 1,
                "Allocations": [
                    {
                        "AllocationID": "8b3c1f8e-0000-4000-8000-000000000001",
                        "Amount": 1.0,
                        "Date": "/Date(1795132800000+0000)/",
                        "Invoice": {"InvoiceID": part, "InvoiceNumber": "INV"},
                    }
                ],
            },
        },
        {"do": "touch", "count": 30},
    )


async def test_everything_agrees_after_a_delta_of_all_that_can_happen(
    copied: Copied, clock: SetClock
) -> None:
    await copied.sync()
    before = await copied.money_told()
    clock.move(hours=3)
    await happens(copied)
    run = await copied.sync()
    assert run["status"] == "succeeded"
    assert run["counts"]["created"] == 4, "two invoices, two payments"
    steps = {step["name"]: step["counts"] for step in run["steps"]}
    assert steps["invoices"]["changed"] >= 8
    money = await agree(copied)
    assert money != before
    clock.move(minutes=5)
    again = await copied.sync(mode="full")
    assert again["counts"]["created"] == again["counts"]["changed"] == again["counts"]["gone"] == 0
    assert await agree(copied) == money


async def test_a_payment_that_leaves_its_invoice_untouched_is_seen_there_all_the_same(
    copied: Copied, clock: SetClock
) -> None:
    await copied.sync()
    await copied.control("/xero/manners", {"silent_payments": True})
    clock.move(hours=1)
    paid = await invoice_in(copied, "approved", paid_in_part=False)
    await copied.mutate({"do": "pay", "id": paid["source_id"]})
    await copied.sync()
    [row] = await copied.rows(
        "SELECT state, amount_due FROM invoices WHERE source_id = $1", paid["source_id"]
    )
    assert (row["state"], row["amount_due"]) == ("paid", 0)
    await agree(copied)


async def test_nothing_is_lost_when_invoices_change_while_they_are_read(
    copied: Copied, clock: SetClock
) -> None:
    book = copied.tenant.ledger.invoices

    async def mood(place: str) -> None:
        if place in {"fetch invoices 1", "fetch invoices 2", "fetch payments 1"}:
            clock.move(seconds=2)
            open_ = next(
                key
                for key in book.keys()  # noqa: SIM118 - a book is no dictionary
                if book.record(key)["Status"] == "AUTHORISED" and book.record(key)["AmountDue"] > 0
            )
            await copied.mutate(
                {"do": "touch", "count": 90}, {"do": "add"}, {"do": "pay", "id": open_}
            )

    there = {one.get("InvoiceID") for one in book.records() if one["Type"] == "ACCREC"}
    run = await copied.sync(source=Disturbed(XeroSource(), mood))
    assert run["finished_at"] is not None
    rows = await copied.rows("SELECT source_id FROM invoices WHERE gone_at IS NULL")
    quarantined = await copied.rows("SELECT record_key FROM quarantined_records")
    met = {row["source_id"] for row in rows} | {row["record_key"] for row in quarantined}
    assert there - {None} <= met
    clock.move(minutes=5)
    await copied.sync()
    await agree(copied)


async def test_a_run_whose_worker_dies_at_every_step_of_every_batch_ends_like_an_undisturbed_one(
    copied: Copied, figure: Figure
) -> None:
    run, died = await dying_everywhere(copied, XeroSource())
    assert (run["status"], run["problem"]) == ("partial", None)
    assert (run["counts"]["gone"], run["counts"]["changed"]) == (0, 0)
    assert {"fetch invoices 2", "write invoices 2", "wrote payments 2"} <= died
    await agree(copied)
    for table in ("invoice", "credit", "payment"):
        versions = await copied.rows(f"SELECT FROM {table}_versions WHERE version > 1")
        assert versions == []
    figure(f"11: a sync of Xero that died at {len(died)} places ends like an undisturbed one")


@pytest.mark.parametrize("place", ["wrote invoices 2", "fetch payments 2"])
async def test_a_worker_killed_in_mid_sync_is_replaced_and_everything_agrees(
    copied: Copied, tmp_path: Path, place: str
) -> None:
    settings = xero_settings(copied.host)
    run = await killed_and_replaced(copied, tmp_path, place, source="xero", settings=settings)
    assert (run["status"], run["counts"]["gone"]) == ("partial", 0)
    await agree(copied)
