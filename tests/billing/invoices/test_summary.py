"""The cards, against a second computation in plain Python, and what they say where they cannot."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.sales import SalesBooks

from billingone_api.billing.definitions.models import MatchedBy
from billingone_api.kit.ids import new_id

URL = "/v1/invoices/summary"
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
CARDS = ("paid_this_month", "outstanding", "draft", "pending", "overdue")
PLACES = {"AUD": 2, "NZD": 2, "JPY": 0, "KWD": 3}


async def shown(api: Api) -> Any:
    answer = await api.viewer.get(URL)
    assert answer.status_code == 200, answer.text
    return answer.json()


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def figures(page: Any) -> dict[str, tuple[int, list[dict[str, str]]]]:
    """Every card's count and amounts."""
    cards = {name: page["cards"][name]["value"] for name in CARDS}
    return {name: (value["count"], value["amounts"]) for name, value in cards.items()}


# Reckoned by hand


async def test_what_is_owed_and_what_was_paid(api: Api, books: SalesBooks) -> None:
    await books.connected()
    await books.invoice(state="draft", total=Decimal(1))
    await books.invoice(state="awaiting_approval", total=Decimal(2), due_on=TODAY - DAY)
    await books.invoice(total=Decimal(10), amount_due=Decimal(4), due_on=TODAY)
    await books.invoice(total=Decimal(8), due_on=TODAY - DAY)
    # post-dated: pending by its status, and not owed before its date
    await books.invoice(total=Decimal(16), issued_on=TODAY + DAY)
    await books.invoice(total=Decimal(32), due_on=None, issued_on=TODAY - DAY)
    await books.invoice(total=Decimal(64), amount_due=Decimal(0))
    await books.invoice(total=Decimal(128), state="void")
    await books.invoice(total=Decimal(256), gone_at=NOW)
    await books.invoice(total=Decimal(512), state="unknown")
    await books.payment(amount=Decimal(100), paid_on=date(2026, 11, 1))
    await books.payment(amount=Decimal(10), paid_on=date(2026, 11, 30))
    await books.payment(amount=Decimal(7), is_refund=True)
    await books.payment(amount=Decimal(1000), paid_on=date(2026, 10, 31))
    await books.payment(amount=Decimal(1000), paid_on=date(2026, 12, 1))
    await books.payment(amount=Decimal(1000), is_deleted=True)
    await books.payment(amount=Decimal(1000), gone_at=NOW)
    page = await shown(api)
    assert figures(page) == {
        "paid_this_month": (2, [money("103.00")]),
        "outstanding": (3, [money("44.00")]),
        "draft": (1, [money("1.00")]),
        "pending": (4, [money("23.00")]),
        "overdue": (2, [money("40.00")]),
    }
    assert (page["day"], page["month_from"], page["month_to"]) == (
        "2026-11-24", "2026-11-01", "2026-11-30",
    )  # fmt: skip
    assert page["coverage"]["counted"] == 6
    assert page["coverage"]["excluded"] == [{"reason": "status", "count": 1}]


async def test_the_same_invoice_in_both_systems_is_counted_once_with_xeros_money(
    api: Api, books: SalesBooks
) -> None:
    await books.connected()
    for by in MatchedBy:
        made = await books.invoice(total=Decimal(10), due_on=TODAY - DAY)
        await books.twin(made, by=by, total=Decimal(11), due_on=TODAY - DAY)
    paid = await books.invoice(state="paid", amount_due=Decimal(0))
    await books.twin(paid, state="paid", amount_due=Decimal(0), fully_paid_on=TODAY)
    void = await books.invoice(state="void")
    await books.twin(void, due_on=TODAY - DAY)
    page = await shown(api)
    assert figures(page)["overdue"] == (3, [money("30.00")])
    assert figures(page)["paid_this_month"] == (0, [])
    assert page["coverage"]["duplicates"] == {"counted_once": 5, "other_total": 1}


async def test_superops_counts_by_the_day_its_invoices_were_paid(
    api: Api, books: SalesBooks
) -> None:
    await books.connected("superops")
    for day in (date(2026, 11, 1), date(2026, 11, 30), date(2026, 10, 31), None):
        await books.invoice(
            "superops", state="paid", total=Decimal(5), amount_due=Decimal(0), fully_paid_on=day
        )
    assert figures(await shown(api))["paid_this_month"] == (2, [money("10.00")])


async def test_books_that_are_read_no_longer_count_nowhere(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    await books.invoice(due_on=TODAY - DAY)
    await books.payment()
    await database.as_owner("UPDATE ledgers SET is_current = false WHERE source = 'xero'")
    await books.open("xero", source_id="another-tenant")
    assert figures(await shown(api)) == dict.fromkeys(CARDS, (0, []))


async def test_what_lacks_money_is_counted_and_told(api: Api, books: SalesBooks) -> None:
    await books.connected()
    await books.invoice(currency=None)
    await books.invoice(amount_due=None)
    await books.invoice(state="unknown", currency=None)
    await books.payment(currency=None)
    await books.payment(amount=None)
    page = await shown(api)
    assert figures(page)["pending"] == (2, [])
    assert page["coverage"]["excluded"] == [
        {"reason": "status", "count": 1},
        {"reason": "currency", "count": 1},
        {"reason": "amount", "count": 1},
    ]
    assert (page["coverage"]["counted"], page["coverage"]["unusable_payments"]) == (0, 2)


async def test_what_was_paid_on_no_day_that_is_known_is_in_no_month_and_told(
    api: Api, books: SalesBooks
) -> None:
    await books.connected()
    await books.connected("superops")
    paid: dict[str, Any] = {"state": "paid", "amount_due": Decimal(0), "fully_paid_on": None}
    await books.payment(amount=Decimal(100), paid_on=date(2026, 11, 1))
    await books.payment(amount=Decimal(1000), paid_on=None)
    await books.payment(amount=Decimal(1000), paid_on=None, is_refund=True)
    await books.payment(amount=None, currency=None, paid_on=None)
    await books.invoice("superops", **paid)
    # none of these was paid, or counts
    await books.payment(amount=Decimal(1000), paid_on=None, is_deleted=True)
    await books.payment(amount=Decimal(1000), paid_on=None, gone_at=NOW)
    await books.invoice("superops", **(paid | {"state": "void"}))
    await books.invoice("superops", fully_paid_on=None)
    await books.twin(await books.invoice(**(paid | {"fully_paid_on": TODAY})), **paid)
    page = await shown(api)
    assert figures(page)["paid_this_month"] == (1, [money("100.00")])
    coverage = page["coverage"]
    assert (coverage["undated_payments"], coverage["unusable_payments"]) == (4, 0)
    assert page["cards"]["paid_this_month"]["detail"] == (
        "Without 4 whose day of payment is not known: they are in no month."
    )
    assert page["cards"]["outstanding"]["detail"] is None


async def test_open_invoices_of_no_client_are_told(api: Api, books: SalesBooks) -> None:
    await books.connected()
    client = await books.client("Harbour Dental")
    await books.invoice(client_id=client)
    await books.invoice(total=Decimal(7))
    await books.invoice(total=Decimal(7), amount_due=Decimal(0))
    assert (await shown(api))["coverage"]["unmapped"] == {"count": 1, "amounts": [money("7.00")]}


async def test_a_total_in_the_reporting_currency_needs_every_rate(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    await books.invoice(total=Decimal("0.004"))
    await books.invoice(total=Decimal("0.004"), currency="NZD")
    page = await shown(api)
    card = page["cards"]["outstanding"]
    assert card["value"]["amounts"] == [money("0.00"), money("0.00", "NZD")]
    assert card["value"]["reporting"] == {
        "amount": None, "missing_rates": ["NZD"], "rates_used": [],
    }  # fmt: skip
    assert card["detail"] == "No total in AUD: a rate is missing for NZD."
    await database.insert(
        "exchange_rates",
        organisation_id=api.organisation_id,
        currency="NZD",
        reporting_currency="AUD",
        valid_on=TODAY - DAY,
        rate=Decimal("1.5"),
        entered_by="Farah Nair",
    )
    card = (await shown(api))["cards"]["outstanding"]
    # rounded once: 0.004 + 0.006
    assert card["value"]["reporting"]["amount"] == money("0.01")
    assert [one["rate"] for one in card["value"]["reporting"]["rates_used"]] == ["1.5"]
    assert card["detail"] is None


# Against plain Python


def reference_badge(row: dict[str, Any]) -> str:
    """From the definitions, by other means than the code under test."""
    if row["gone_at"] or row["state"] == "void":
        return "void"
    if row["state"] != "approved":
        return {"draft": "draft", "awaiting_approval": "submitted", "paid": "paid"}.get(
            row["state"], "unknown"
        )
    due, issued = row["amount_due"], row["issued_on"]
    if due is not None and due <= 0:
        return "paid"
    day = row["due_on"] or issued
    is_late = due is not None and day is not None and day < TODAY
    return "overdue" if is_late and not (issued and issued > TODAY) else "submitted"


def reference_is_owed(row: dict[str, Any]) -> bool:
    if row["state"] != "approved" or row["gone_at"] or not row["amount_due"]:
        return False
    return bool(row["amount_due"] > 0) and not (row["issued_on"] and row["issued_on"] > TODAY)


def added_up(pairs: list[tuple[str | None, Decimal | None]]) -> list[dict[str, str]]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in pairs:
        if currency is not None and amount is not None:
            sums[currency] += amount
    written = []
    for currency, amount in sorted(sums.items()):
        unit = Decimal(1).scaleb(-PLACES[currency])
        rounded = amount.quantize(unit, ROUND_HALF_UP) + 0  # which takes the sign off a zero
        written.append(money(format(rounded, "f"), currency))
    return written


def expected(
    rows: list[dict[str, Any]], paid: list[dict[str, Any]]
) -> dict[str, tuple[int, list[dict[str, str]]]]:
    def card(wanted: Any) -> tuple[int, list[dict[str, str]]]:
        found = [row for row in rows if wanted(row)]
        return len(found), added_up([(row["currency"], row["amount_due"]) for row in found])

    signed = [
        (one["currency"], one["amount"] and one["amount"] * (-1 if one["is_refund"] else 1))
        for one in paid
        if not one["is_deleted"] and one["paid_on"] and one["paid_on"].month == 11
    ]
    received = [
        one
        for one in paid
        if not one["is_deleted"] and not one["is_refund"] and one["paid_on"]
        and one["paid_on"].month == 11
    ]  # fmt: skip
    return {
        "paid_this_month": (len(received), added_up(signed)),
        "outstanding": card(reference_is_owed),
        "draft": card(lambda row: reference_badge(row) == "draft"),
        "pending": card(lambda row: reference_badge(row) in {"draft", "submitted"}),
        "overdue": card(lambda row: reference_badge(row) == "overdue"),
    }


DAYS = st.none() | st.dates(TODAY - 2 * DAY, TODAY + 2 * DAY)
AMOUNTS = st.none() | st.decimals(Decimal(-99), Decimal(999999), places=4)
CURRENCIES = st.sampled_from(("AUD", "AUD", "NZD", "JPY", "KWD", None))
INVOICES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(
            ("draft", "awaiting_approval", "approved", "approved", "approved", "paid", "void",
             "unknown")
        ),
        "issued_on": DAYS,
        "due_on": DAYS,
        "currency": CURRENCIES,
        "amount_due": AMOUNTS,
        "gone_at": st.sampled_from((None, None, None, NOW)),
    }
)  # fmt: skip
PAYMENTS = st.fixed_dictionaries(
    {
        "paid_on": st.none() | st.dates(date(2026, 10, 30), date(2026, 12, 2)),
        "currency": CURRENCIES,
        "amount": st.none() | st.decimals(Decimal(0), Decimal(999999), places=4),
        "is_refund": st.booleans(),
        "is_deleted": st.sampled_from((False, False, True)),
    }
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(INVOICES, max_size=12), paid=st.lists(PAYMENTS, max_size=8))
async def test_the_cards_agree_with_a_second_computation_to_the_cent(
    api: Api,
    database: Database,
    rows: list[dict[str, Any]],
    paid: list[dict[str, Any]],
) -> None:
    """Each example in an organisation of its own."""
    other = api.of(await database.add_organisation(new_id()))
    books = SalesBooks(database, other.organisation_id)
    await books.open()
    await books.connected()
    await insert(database, "invoices", [books.row(**row) for row in rows])
    await insert(
        database,
        "payments",
        [
            {
                "organisation_id": other.organisation_id,
                "id": (made := new_id()),
                "source": "xero",
                "ledger_id": books.ledgers["xero"],
                "source_id": str(made),
                "first_seen_at": NOW,
                "changed_at": NOW,
            }
            | one
            for one in paid
        ],
    )
    page = await shown(other)
    assert figures(page) == expected(rows, paid)
    counts = (await other.viewer.get("/v1/invoices/counts")).json()["badges"]
    badges = [reference_badge(row) for row in rows]
    assert counts == {badge: badges.count(badge) for badge in counts}


async def insert(database: Database, table: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        await database.insert(table, **row)


# Not connected, never synced, empty, partial


async def test_without_a_source_nothing_is_zero(api: Api) -> None:
    page = await shown(api)
    for name in CARDS:
        card = page["cards"][name]
        assert (card["value"], card["reason"]) == (None, "source_not_connected")
        assert card["detail"] == "No source of invoices is connected."
    assert page["coverage"]["is_partial"] is False
    assert [one["never_synced"] for one in page["freshness"]] == [True, True]


async def test_before_the_first_sync_nothing_is_zero(api: Api, books: SalesBooks) -> None:
    await books.connected("superops", last_success_at=None)
    await books.invoice("superops")
    page = await shown(api)
    for name in CARDS:
        card = page["cards"][name]
        assert (card["value"], card["reason"]) == (None, "never_synced")
        assert card["detail"] == "SuperOps: no sync has come through yet."
    assert page["coverage"]["is_partial"] is True


async def test_of_other_books_nothing_is_known_before_all_of_them_came_through(
    api: Api, books: SalesBooks
) -> None:
    await books.connected(last_success_at=NOW - timedelta(minutes=5))
    await books.invoice()
    await books.opened(NOW - timedelta(minutes=4))
    page = await shown(api)
    for name in CARDS:
        card = page["cards"][name]
        assert (card["value"], card["reason"]) == (None, "never_synced")
    assert page["freshness"][0]["never_synced"] is True
    await books.opened(NOW - timedelta(minutes=5))
    assert (await shown(api))["cards"]["outstanding"]["value"]["count"] == 1


async def test_empty_is_zero(api: Api, books: SalesBooks) -> None:
    await books.connected()
    page = await shown(api)
    assert figures(page) == dict.fromkeys(CARDS, (0, []))
    assert page["cards"]["overdue"]["value"]["reporting"]["amount"] == money("0.00")
    assert page["coverage"]["is_partial"] is False


async def test_one_source_is_enough_and_the_missing_one_makes_it_partial(
    api: Api, books: SalesBooks
) -> None:
    await books.connected()
    await books.connected("superops", last_success_at=None)
    page = await shown(api)
    card = page["cards"]["draft"]
    assert card["value"]["count"] == 0
    assert card["detail"] == "Without SuperOps, which has not been synced yet."
    assert page["coverage"]["is_partial"] is True


async def test_a_sync_that_left_something_out_makes_it_partial(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    await books.run("xero", "partial")
    await database.insert(
        "quarantined_records",
        organisation_id=api.organisation_id,
        source="xero",
        kind="invoices",
        record_key="record-1",
        reason="/Total: It is not a number.",
        record="{}",
        last_seen_at=NOW,
        run_id=new_id(),
    )
    coverage = (await shown(api))["coverage"]
    assert (coverage["is_partial"], coverage["quarantined"]) == (True, 1)


async def test_what_was_kept_after_a_disconnection_is_still_shown(
    api: Api, books: SalesBooks
) -> None:
    await books.invoice()
    await books.run("xero", "succeeded")
    page = await shown(api)
    assert figures(page)["pending"][0] == 1
    assert page["freshness"][0]["is_connected"] is False


async def test_another_organisation_sees_nothing_of_it(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await books.connected()
    await books.invoice()
    await books.payment()
    other = api.of(await database.add_organisation(new_id()))
    assert (await shown(other))["cards"]["pending"]["reason"] == "source_not_connected"
    theirs = SalesBooks(database, other.organisation_id)
    await theirs.connected()
    assert figures(await shown(other)) == dict.fromkeys(CARDS, (0, []))
