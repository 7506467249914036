"""What a sync of Pax8 leaves behind, in a real database, through every oddity of the lists."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.pax8 import (
    PREMIUM,
    Engine,
    FakePortfolio,
    company,
    nothing_happens,
    subscription,
)

from billingone_api.billing.subscriptions.models import Product, Subscription
from billingone_api.billing.syncs.models import Tally, Unreadable
from billingone_api.kit.ids import new_id

TABLES = ("pax8_companies", "products", "subscriptions", "subscription_versions")


async def kept(database: Database, source_id: str = "s1") -> dict[str, Any]:
    rows = await database.as_owner("SELECT * FROM subscriptions WHERE source_id = $1", source_id)
    (row,) = rows
    return dict(row)


async def versions(database: Database, source_id: str = "s1") -> list[dict[str, Any]]:
    rows = await database.as_owner(
        "SELECT v.* FROM subscription_versions v JOIN subscriptions s ON s.id = v.subscription_id "
        "WHERE s.source_id = $1 ORDER BY v.version",
        source_id,
    )
    return [dict(row) for row in rows]


async def living(database: Database) -> list[str]:
    rows = await database.as_owner(
        "SELECT source_id FROM subscriptions WHERE gone_at IS NULL ORDER BY source_id"
    )
    return [row["source_id"] for row in rows]


async def link(database: Database, organisation_id: UUID, name: str = "Harbour Dental Pty") -> UUID:
    client_id = new_id()
    await database.insert(
        "clients", organisation_id=organisation_id, id=client_id, name=name, active=True
    )
    await database.insert(
        "client_links",
        organisation_id=organisation_id,
        source="pax8",
        source_id="harbour",
        client_id=client_id,
        origin="exact",
    )
    return client_id


def many(count: int, **more: Any) -> list[Subscription | Unreadable]:
    return [subscription(f"s{number:03}", **more) for number in range(count)]


async def test_a_first_sync_keeps_every_subscription_with_its_first_version(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", parent_id="s0", vendor_sku_id="CFQ7:0002")]
    report = await engine.sync()
    assert report["companies"] == Tally(created=1)
    assert report["subscriptions"] == Tally(created=1)
    assert report.notices == {}
    row = await kept(database)
    assert row["source"] == "pax8"
    assert (row["quantity"], row["price"], row["partner_cost"], row["currency"]) == (
        Decimal(42),
        Decimal("32.9"),
        Decimal("27.64"),
        "AUD",
    )
    assert (row["client_label"], row["product_name"], row["vendor_name"]) == (
        "Harbour Dental",
        "Microsoft 365 Business Premium",
        "Microsoft",
    )
    assert (row["client_id"], row["usage_billed"], row["gone_at"]) == (None, False, None)
    assert (row["parent_id"], row["vendor_sku_id"]) == ("s0", "CFQ7:0002")
    assert (row["version"], row["first_seen_at"], row["changed_at"]) == (1, NOW, NOW)
    (first,) = await versions(database)
    assert (first["version"], first["seen_at"], first["quantity"]) == (1, NOW, Decimal(42))
    assert (first["commitment_term"], first["commitment_ends_on"]) == ("1-Year", date(2027, 1, 31))


async def test_an_unchanged_portfolio_writes_no_row(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [*many(11), subscription("free", price=Decimal(0))]
    await engine.sync()
    before = await _places(database)
    clock.move(hours=1)
    report = await engine.sync()
    assert report["companies"] == Tally(unchanged=1)
    assert report["subscriptions"] == Tally(unchanged=12)
    assert report.totals["subscriptions"] == 12
    assert await _places(database) == before


async def _places(database: Database) -> list[Any]:
    """Where each row version is and which transactions touched it, row locks included."""
    found = []
    for table in TABLES:
        rows = await database.as_owner(
            f"SELECT ctid::text, xmin::text, xmax::text FROM {table} ORDER BY ctid"  # noqa: S608 - ours
        )
        found.append((table, [tuple(row) for row in rows]))
    return found


async def test_a_changed_fact_is_a_new_version_dated_when_we_saw_it(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1"), subscription("s2")]
    await engine.sync()
    clock.move(days=1)
    engine.pax8.subscriptions_[0] = subscription("s1", quantity=Decimal(45))
    report = await engine.sync()
    assert report["subscriptions"] == Tally(changed=1, unchanged=1)
    first, second = await versions(database)
    assert (first["quantity"], first["seen_at"]) == (Decimal(42), NOW)
    assert (second["quantity"], second["seen_at"]) == (Decimal(45), NOW + timedelta(days=1))
    row = await kept(database)
    assert (row["version"], row["changed_at"]) == (2, NOW + timedelta(days=1))
    assert row["first_seen_at"] == NOW
    assert len(await versions(database, "s2")) == 1


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("source_status", "PendingCancel"),
        ("company_id", "redgum"),
        ("product_id", "basic"),
        ("quantity", None),
        ("price", Decimal("33.0001")),
        ("partner_cost", None),
        ("currency", "NZD"),
        ("billing_term", "Annual"),
        ("starts_on", date(2026, 2, 2)),
        ("ends_on", date(2026, 12, 31)),
        ("commitment_term", None),
        ("commitment_ends_on", date(2028, 1, 31)),
    ],
)
async def test_every_fact_that_pax8_changes_makes_a_version(
    engine: Engine, database: Database, fact: str, value: Any
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    engine.pax8.subscriptions_ = [subscription("s1", **{fact: value})]
    await engine.sync()
    assert [version[fact] for version in await versions(database)] == [
        getattr(subscription("s1"), fact),
        value,
    ]


async def test_what_is_no_fact_is_kept_without_a_version(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    clock.move(hours=1)
    engine.pax8.subscriptions_ = [
        subscription("s1", source_updated_at=NOW, parent_id="s9", product_name="Premium (new)")
    ]
    report = await engine.sync()
    assert report["subscriptions"] == Tally(changed=1)
    row = await kept(database)
    assert (row["product_name"], row["parent_id"]) == ("Premium (new)", "s9")
    assert (row["source_updated_at"], row["version"], row["changed_at"]) == (NOW, 1, NOW)
    assert len(await versions(database)) == 1


async def test_numbers_that_are_equal_are_no_change(engine: Engine, database: Database) -> None:
    engine.pax8.subscriptions_ = [subscription("s1")]
    await engine.sync()
    engine.pax8.subscriptions_ = [
        subscription("s1", quantity=Decimal("42.0"), price=Decimal("32.900"))
    ]
    assert (await engine.sync())["subscriptions"] == Tally(unchanged=1)


async def test_numbers_are_kept_as_received(engine: Engine, database: Database) -> None:
    engine.pax8.subscriptions_ = [
        subscription("s1", price=Decimal("86.45678901234567"), quantity=Decimal("0.333"))
    ]
    await engine.sync()
    row = await kept(database)
    assert str(row["price"]) == "86.45678901234567"
    assert str(row["quantity"]) == "0.333"


async def test_a_linked_company_gives_its_client_and_the_clients_name(
    engine: Engine, database: Database, organisation_id: UUID
) -> None:
    client_id = await link(database, organisation_id)
    engine.pax8.subscriptions_ = [subscription("s1"), subscription("s2", company_id="nobody")]
    await engine.sync()
    row = await kept(database)
    assert (row["client_id"], row["client_label"]) == (client_id, "Harbour Dental Pty")
    (version,) = await versions(database)
    assert version["client_id"] == client_id
    other = await kept(database, "s2")
    assert (other["client_id"], other["client_label"]) == (None, "")


async def test_labels_follow_when_companies_and_products_are_renamed(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", product_name=None)]
    await engine.sync()
    assert (await kept(database))["product_name"] == "Business Premium"
    engine.pax8.companies_ = [company(name="Harbour Dental Group")]
    engine.pax8.products = {"premium": replace(PREMIUM, name="M365 Premium", vendor_name="MSFT")}
    clock.move(days=8)
    report = await engine.sync()
    assert report["companies"] == Tally(changed=1)
    assert report["products"] == Tally(changed=1)
    assert report["subscriptions"] == Tally(changed=1)
    row = await kept(database)
    assert (row["client_label"], row["product_name"], row["vendor_name"]) == (
        "Harbour Dental Group",
        "M365 Premium",
        "MSFT",
    )
    assert len(await versions(database)) == 1


# Trap 10: names of products, vendors and companies stand elsewhere


async def test_trap_10_the_product_names_itself_where_the_subscription_does_not(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [
        subscription("own", product_name="As sold"),
        subscription("older", product_name=None),
        subscription("lost", product_name=None, product_id="withdrawn"),
        subscription("none", product_name=None, product_id=None),
    ]
    await engine.sync()
    names = {
        source_id: (await kept(database, source_id))["product_name"]
        for source_id in ("own", "older", "lost", "none")
    }
    assert names == {"own": "As sold", "older": "Business Premium", "lost": "", "none": ""}


async def test_trap_10_each_product_is_asked_for_once_and_then_believed_for_a_week(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [*many(9), subscription("x", product_id="withdrawn")]
    await engine.sync()
    assert sorted(map(str, engine.pax8.asked("product"))) == ["premium", "withdrawn"]
    (gone,) = await database.as_owner("SELECT * FROM products WHERE source_id = 'withdrawn'")
    assert (gone["name"], gone["gone_at"], gone["fetched_at"]) == (None, NOW, NOW)
    clock.move(days=6)
    await engine.sync()
    assert len(engine.pax8.asked("product")) == 2
    clock.move(days=1, seconds=1)
    report = await engine.sync()
    assert len(engine.pax8.asked("product")) == 4
    assert report["products"] == Tally(unchanged=2)
    clock.move(hours=1)
    assert "products" not in (await engine.sync()).tallies


async def test_a_product_that_is_withdrawn_keeps_its_name_until_it_returns(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", product_name=None)]
    await engine.sync()
    engine.pax8.products = {}
    clock.move(days=8)
    assert (await engine.sync())["products"] == Tally(changed=1)
    (row,) = await database.as_owner("SELECT * FROM products")
    assert (row["name"], row["gone_at"]) == ("Business Premium", clock.now())
    assert (await kept(database))["product_name"] == "Business Premium"
    engine.pax8.products = {"premium": PREMIUM}
    clock.move(days=8)
    assert (await engine.sync())["products"] == Tally(changed=1)
    (row,) = await database.as_owner("SELECT * FROM products")
    assert row["gone_at"] is None


async def test_a_product_that_cannot_be_read_is_put_aside_and_tried_again(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", price=Decimal(0))]
    engine.pax8.products = {"premium": Unreadable("premium", "/name: It is not text.", "{}")}
    report = await engine.sync()
    assert report["subscriptions"] == Tally(created=1, quarantined=1)
    (aside,) = await database.as_owner("SELECT * FROM quarantined_records")
    assert (aside["kind"], aside["record_key"]) == ("products", "premium")
    assert (await kept(database))["product_name"] == "Microsoft 365 Business Premium"
    engine.pax8.products = {"premium": PREMIUM}
    await engine.sync()
    assert (await kept(database))["vendor_name"] == "Microsoft"
    assert await database.as_owner("SELECT * FROM quarantined_records") == []


# Trap 8: usage


async def test_trap_8_a_product_with_usage_summaries_is_billed_by_usage_for_everybody(
    engine: Engine, database: Database
) -> None:
    azure = {"product_id": "azure", "product_name": "Azure Plan"}
    engine.pax8.products["azure"] = Product("azure", name="Azure Plan", vendor_name="Microsoft")
    engine.pax8.subscriptions_ = [
        subscription("priced", price=Decimal(5), **azure),
        *many(12),
        subscription("free", price=Decimal(0), **azure),
    ]
    engine.pax8.used = {"free": True}
    report = await engine.sync()
    assert report["subscriptions"] == Tally(created=14)
    (product,) = await database.as_owner("SELECT * FROM products WHERE source_id = 'azure'")
    assert (product["usage_evidence"], product["usage_checked_at"]) == ("usage_summaries", NOW)
    flags = {
        row["source_id"]: row["usage_billed"]
        for row in await database.as_owner("SELECT source_id, usage_billed FROM subscriptions")
    }
    assert [name for name, is_usage in flags.items() if is_usage] == ["priced", "free"]
    # written in an earlier batch, so that learning of it is a version of its own
    assert [version["usage_billed"] for version in await versions(database, "priced")] == [
        False,
        True,
    ]
    assert [version["usage_billed"] for version in await versions(database, "free")] == [True]


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"price": Decimal(0)}, ["s1"]),
        ({"price": None}, ["s1"]),
        ({"price": Decimal("0.00"), "billing_term": "Annual"}, ["s1"]),
        ({"price": Decimal(0), "billing_term": None}, ["s1"]),
        ({"price": Decimal(1)}, []),
        ({"price": Decimal(0), "billing_term": "Trial", "source_status": "Trial"}, []),
        ({"price": Decimal(0), "billing_term": "One-Time"}, []),
        ({"price": Decimal(0), "source_status": "Cancelled"}, []),
        ({"price": Decimal(0), "product_id": None}, []),
    ],
)
async def test_trap_8_usage_is_looked_for_only_where_something_is_billed_at_no_price(
    engine: Engine, more: dict[str, Any], asked: list[str]
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", **more)]
    await engine.sync()
    assert engine.pax8.asked("usage") == asked


async def test_trap_8_usage_is_looked_for_on_three_subscriptions_and_once_a_week(
    engine: Engine, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = many(20, price=Decimal(0))
    await engine.sync()
    assert engine.pax8.asked("usage") == ["s000", "s001", "s002"]
    clock.move(days=6)
    await engine.sync()
    assert len(engine.pax8.asked("usage")) == 3
    clock.move(days=2)
    await engine.sync()
    assert len(engine.pax8.asked("usage")) == 6


async def test_usage_that_we_may_not_see_is_asked_for_again_next_time(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = many(4, price=Decimal(0))
    engine.pax8.used = {"s000": None}
    await engine.sync()
    assert engine.pax8.asked("usage") == ["s000"]
    (product,) = await database.as_owner("SELECT * FROM products")
    assert (product["usage_evidence"], product["usage_checked_at"]) == (None, None)
    await engine.sync()
    assert engine.pax8.asked("usage") == ["s000", "s000"]


async def test_what_a_person_said_of_a_product_stands_against_the_evidence(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s1", price=Decimal(0))]
    engine.pax8.used = {"s1": True}
    await engine.sync()
    await database.as_owner("UPDATE products SET usage_billed_by_hand = false")
    await engine.sync()
    assert [version["usage_billed"] for version in await versions(database)] == [True, False]


# Gone, returned, hard to believe


async def test_what_a_complete_sweep_does_not_meet_gets_a_tombstone(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.companies_ = [company(), company("redgum", "Redgum Accounting")]
    engine.pax8.subscriptions_ = many(7)
    await engine.sync()
    clock.move(days=1)
    del engine.pax8.subscriptions_[3]
    del engine.pax8.companies_[1]
    report = await engine.sync()
    assert report["companies"] == Tally(unchanged=1, gone=1)
    assert report["subscriptions"] == Tally(unchanged=6, gone=1)
    assert report.notices == {}
    row = await kept(database, "s003")
    assert (row["gone_at"], row["changed_at"], row["version"]) == (clock.now(), clock.now(), 2)
    assert row["source_status"] == "Active"
    assert [version["gone_at"] for version in await versions(database, "s003")] == [
        None,
        clock.now(),
    ]
    (buried,) = await database.as_owner("SELECT * FROM pax8_companies WHERE source_id = 'redgum'")
    assert buried["gone_at"] == clock.now()
    assert (await engine.sync())["subscriptions"] == Tally(unchanged=6)


async def test_a_record_that_comes_back_loses_its_tombstone(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = many(3)
    await engine.sync()
    gone, companies = engine.pax8.subscriptions_.pop(), engine.pax8.companies_
    engine.pax8.companies_ = []
    await engine.sync()
    engine.pax8.subscriptions_.append(gone)
    engine.pax8.companies_ = companies
    clock.move(days=1)
    report = await engine.sync()
    assert report["companies"] == Tally(changed=1)
    assert report["subscriptions"] == Tally(changed=1, unchanged=2)
    assert [version["gone_at"] for version in await versions(database, "s002")] == [None, NOW, None]
    assert await living(database) == ["s000", "s001", "s002"]
    (row,) = await database.as_owner("SELECT gone_at FROM pax8_companies")
    assert row["gone_at"] is None


@pytest.mark.parametrize(
    ("known", "left", "gone", "says"),
    [
        (60, 0, 0, "Pax8 no longer lists 60 of 60 subscriptions."),
        (60, 47, 0, "Pax8 no longer lists 13 of 60 subscriptions."),
        (60, 48, 12, None),
        (10, 0, 10, None),
        (11, 0, 0, "Pax8 no longer lists 11 of 11 subscriptions."),
    ],
)
async def test_a_list_that_shrinks_suspiciously_removes_nothing_and_says_so(
    engine: Engine, database: Database, known: int, left: int, gone: int, says: str | None
) -> None:
    engine.pax8.page_size = 20
    engine.pax8.subscriptions_ = many(known)
    await engine.sync()
    engine.pax8.subscriptions_ = engine.pax8.subscriptions_[:left]
    report = await engine.sync()
    assert report["subscriptions"] == Tally(unchanged=left, gone=gone)
    assert len(await living(database)) == known - gone
    assert report.notices.get("subscriptions", "").startswith(says or "")
    assert ("subscriptions" in report.notices) is (says is not None)


async def test_an_empty_list_of_companies_removes_none_and_stops_nothing(
    engine: Engine, database: Database
) -> None:
    engine.pax8.companies_ = [company(f"c{number:02}") for number in range(15)]
    engine.pax8.subscriptions_ = many(3)
    await engine.sync()
    engine.pax8.companies_ = []
    report = await engine.sync()
    assert report["companies"] == Tally()
    assert "15 of 15 companies" in report.notices["companies"]
    assert report["subscriptions"] == Tally(unchanged=3)


async def test_nothing_of_another_organisation_is_touched(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = many(3)
    await engine.sync()
    other = Engine(engine.process, await database.add_organisation(new_id()), FakePortfolio())
    other.pax8.subscriptions_ = [subscription("s000", quantity=Decimal(1))]
    assert (await other.sync())["subscriptions"] == Tally(created=1)
    assert (await engine.sync())["subscriptions"] == Tally(unchanged=3)


# Records that cannot be read

MANY = Unreadable("s1", "/quantity: It is not a number.", '{"id": "s1", "quantity": "many"}')
NAMELESS = Unreadable(None, "/id: It is missing.", '{"quantity": 1}')


async def test_a_record_that_does_not_parse_is_put_aside_counted_and_not_removed(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    engine.pax8.subscriptions_ = [subscription("s0"), subscription("s1")]
    await engine.sync()
    clock.move(hours=1)
    engine.pax8.subscriptions_ = [subscription("s0"), MANY, NAMELESS]
    report = await engine.sync()
    assert report["subscriptions"] == Tally(unchanged=1, quarantined=2)
    assert report.totals["subscriptions"] == 3
    assert await living(database) == ["s0", "s1"]
    rows = await database.as_owner("SELECT * FROM quarantined_records ORDER BY reason")
    assert [(row["kind"], row["reason"]) for row in rows] == [
        ("subscriptions", "/id: It is missing."),
        ("subscriptions", "/quantity: It is not a number."),
    ]
    assert rows[1]["record_key"] == "s1"


async def test_a_record_is_released_once_it_parses_or_is_gone(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = [subscription("s0"), MANY, NAMELESS]
    await engine.sync()
    engine.pax8.subscriptions_ = [subscription("s0"), subscription("s1")]
    report = await engine.sync()
    assert report["subscriptions"] == Tally(created=1, unchanged=1)
    assert await database.as_owner("SELECT * FROM quarantined_records") == []


# Lists that change while they are read


async def test_a_row_met_on_two_pages_counts_once(engine: Engine, database: Database) -> None:
    rows = many(5)
    engine.pax8.subscriptions_ = [*rows[:2], rows[1], *rows[2:4]]
    engine.pax8.before_read = _once("subscriptions", 0, lambda: None)
    report = await engine.sync()
    # five rows listed and four of them different: the list is read three times, then left
    assert report["subscriptions"].created == 4
    assert "changed each time it was read" in report.notices["subscriptions"]
    engine.pax8.subscriptions_ = rows
    assert (await engine.sync())["subscriptions"] == Tally(created=1, unchanged=4)


async def test_a_row_that_slips_past_is_found_by_reading_again(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = many(30)
    await engine.sync()
    engine.pax8.before_read = _once("subscriptions", 7, lambda: engine.pax8.subscriptions_.pop(0))
    report = await engine.sync()
    # the first round met s000 and missed the row that slid onto a page already read
    assert report["subscriptions"] == Tally(unchanged=29 + 29, gone=1)
    assert report.totals["subscriptions"] == 29 + 29
    assert report.notices == {}
    assert len(await living(database)) == 29
    assert "s000" not in await living(database)


async def test_a_row_added_at_the_end_is_no_reason_to_read_again(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = many(30)
    engine.pax8.before_read = _once(
        "subscriptions", 7, lambda: engine.pax8.subscriptions_.append(subscription("late"))
    )
    report = await engine.sync()
    assert report["subscriptions"] == Tally(created=31)
    assert report.totals["subscriptions"] == 31
    assert engine.pax8.asked("subscriptions") == list(range(16))


async def test_a_list_that_never_keeps_still_removes_nothing(
    engine: Engine, database: Database
) -> None:
    engine.pax8.subscriptions_ = many(30)
    await engine.sync()

    def shrink(kind: str, page: int) -> None:
        if kind == "subscriptions" and page == 5:
            engine.pax8.subscriptions_.pop(0)

    engine.pax8.before_read = shrink
    report = await engine.sync()
    assert report["subscriptions"].gone == 0
    assert report.notices["subscriptions"].startswith(
        "Pax8's list of subscriptions changed each time it was read, 3 times over."
    )
    assert len(await living(database)) == 30
    engine.pax8.before_read = nothing_happens
    assert (await engine.sync())["subscriptions"] == Tally(unchanged=27, gone=3)


def _once(kind: str, page: int, do: Callable[[], Any]) -> Callable[[str, int], None]:
    done = []

    def before(read: str, number: int) -> None:
        if (read, number) == (kind, page) and not done:
            done.append(True)
            do()

    return before


# Crashes


FACTS = """
SELECT source_id, source_status, quantity, price, client_label, product_name, vendor_name,
  usage_billed, gone_at IS NULL AS is_living, version
FROM subscriptions ORDER BY source_id
"""


@pytest.mark.parametrize("batches", range(9))
async def test_a_run_that_goes_on_after_a_crash_ends_like_an_undisturbed_one(
    engine: Engine, database: Database, clock: SetClock, batches: int
) -> None:
    expected = await _disturbed(engine, clock, crashes_after=None)
    other = Engine(engine.process, await database.add_organisation(new_id()), FakePortfolio())
    found = await _disturbed(other, clock, crashes_after=batches)
    assert found == expected
    rows = {
        organisation_id: [
            tuple(row)
            for row in await database.as_owner(
                FACTS.replace(
                    "FROM subscriptions", "FROM subscriptions WHERE organisation_id = $1"
                ),
                organisation_id,
            )
        ]
        for organisation_id in (engine.organisation_id, other.organisation_id)
    }
    assert rows[other.organisation_id] == rows[engine.organisation_id]
    assert len(rows[other.organisation_id]) == 41


async def _disturbed(engine: Engine, clock: SetClock, *, crashes_after: int | None) -> Any:
    """A portfolio, a second one with all that can happen to it, and the sync of that."""
    engine.pax8.subscriptions_ = many(40)
    await engine.sync()
    rows = engine.pax8.subscriptions_
    rows[5] = subscription("s005", quantity=Decimal(7))
    rows[20] = subscription("s020", price=Decimal(0), product_id="azure")
    rows[30] = Unreadable("s030", "/price: It is not a number.", "{}")
    rows.append(subscription("new"))
    del rows[10]
    engine.pax8.products["azure"] = Product("azure", name="Azure Plan")
    engine.pax8.used = {"s020": True}
    engine.pax8.before_read = _once("subscriptions", 12, lambda: rows.pop(2))
    report = await engine.sync(crashes_after=crashes_after)
    assert report.notices == {}
    tally = report["subscriptions"]
    return tally.created, tally.changed, tally.gone
