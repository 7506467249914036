import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from billingone_api.sandbox.listing import DOCUMENTED_STATUSES, DOCUMENTED_TERMS
from billingone_api.sandbox.portfolio import Portfolio

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Portfolio:
    """The portfolio of the demo; tests that change one make their own."""
    return Portfolio.generate(seed=7, clients=60, now=NOW)


def small() -> Portfolio:
    return Portfolio.generate(seed=3, clients=5, now=NOW)


def rows_of(portfolio: Portfolio) -> list[dict[str, Any]]:
    return list(portfolio.subscriptions.rows())


def test_the_same_seed_gives_the_same_portfolio(demo: Portfolio) -> None:
    again = Portfolio.generate(seed=7, clients=60, now=NOW)
    for name in ("subscriptions", "companies", "products", "clients"):
        assert list(getattr(again, name).rows()) == list(getattr(demo, name).rows())


def test_another_seed_gives_other_ids(demo: Portfolio) -> None:
    other = Portfolio.generate(seed=8, clients=60, now=NOW)
    assert not set(other.subscriptions.keys()) & set(demo.subscriptions.keys())
    assert not set(other.companies.keys()) & set(demo.companies.keys())


def test_a_client_has_about_twelve_subscriptions(demo: Portfolio) -> None:
    assert len(demo.subscriptions) == 720
    assert len(demo.companies) == 60


def test_a_hundred_thousand_subscriptions_are_all_different() -> None:
    portfolio = Portfolio.generate(seed=1, clients=1000, subscriptions=100_000, now=NOW)
    assert len(portfolio.subscriptions) == 100_000
    assert len({row["name"] for row in portfolio.companies.rows()}) == 1000
    ordered = portfolio.subscriptions.select(sort=("createdDate", False))
    assert len(set(ordered)) == 100_000


def test_ids_look_like_uuids(demo: Portfolio) -> None:
    for key in [*demo.subscriptions.keys(), *demo.companies.keys(), demo.organisation["id"]]:
        assert str(UUID(key)) == key


def test_every_documented_status_and_a_few_new_words_occur(demo: Portfolio) -> None:
    met = {row["status"] for row in rows_of(demo)}
    assert met == DOCUMENTED_STATUSES | {"Suspended", "Migrating"}


def test_every_documented_term_and_an_unknown_one_occur(demo: Portfolio) -> None:
    terms = Counter(row["billingTerm"] for row in rows_of(demo))
    assert set(terms) == DOCUMENTED_TERMS | {"Quarterly"}
    assert terms.most_common(1)[0][0] == "Monthly"


def test_currencies_are_mostly_aud(demo: Portfolio) -> None:
    currencies = Counter(row.get("currencyCode") for row in rows_of(demo))
    assert set(currencies) == {"AUD", "USD", "NZD", None}
    assert currencies["AUD"] > 500


@pytest.mark.parametrize("field", ["price", "currencyCode", "productName", "partnerCost"])
def test_a_field_is_sometimes_absent_and_sometimes_null(demo: Portfolio, field: str) -> None:
    rows = rows_of(demo)
    assert any(field not in row for row in rows)
    assert any(field in row and row[field] is None for row in rows)


def test_commitments_come_under_two_names_null_and_absent(demo: Portfolio) -> None:
    rows = rows_of(demo)
    for key in ("commitmentTerm", "commitment"):
        assert any(isinstance(row.get(key), dict) for row in rows)
        assert any(key in row and row[key] is None for row in rows)
    assert any("commitmentTerm" not in row and "commitment" not in row for row in rows)
    assert not any("commitmentTerm" in row and "commitment" in row for row in rows)


@pytest.mark.parametrize("field", ["startDate", "createdDate", "updatedDate"])
def test_a_date_field_comes_in_four_shapes(demo: Portfolio, field: str) -> None:
    def shape(text: str) -> str:
        return "".join("9" if letter.isdigit() else letter for letter in text)

    assert {shape(row[field]) for row in rows_of(demo) if row.get(field)} == {
        "9999-99-99T99:99:99Z",
        "9999-99-99T99:99:99.999-9999",
        "9999-99-99",
        "9999-99-99T99:99:99.999-99:99",
    }


def test_cancelling_subscriptions_end_in_the_future_and_in_the_past(demo: Portfolio) -> None:
    ends = [row["endDate"][:10] for row in rows_of(demo) if row["status"] == "PendingCancel"]
    assert any(end > "2026-11-24" for end in ends)
    assert any(end < "2026-11-24" for end in ends)


def test_addons_hang_on_a_subscription_of_the_same_company(demo: Portfolio) -> None:
    rows = {row.get("id"): row for row in rows_of(demo)}
    addons = [row for row in rows.values() if "parentSubscriptionId" in row]
    assert len(addons) > 20
    for addon in addons:
        assert rows[addon["parentSubscriptionId"]]["companyId"] == addon["companyId"]


def test_usage_billed_subscriptions_have_a_price_of_zero(demo: Portfolio) -> None:
    plan = next(row["id"] for row in demo.products.rows() if row["name"] == "Microsoft Azure Plan")
    prices = {row["price"] for row in rows_of(demo) if row["productId"] == plan and "price" in row}
    assert prices <= {0, None}
    assert 0 in prices


def test_some_prices_need_four_decimals(demo: Portfolio) -> None:
    prices = [row.get("price") for row in rows_of(demo)]
    assert any(isinstance(p, Decimal) and -int(p.as_tuple().exponent) == 4 for p in prices)


def test_some_companies_are_inactive_or_deleted(demo: Portfolio) -> None:
    statuses = Counter(row["status"] for row in demo.companies.rows())
    assert set(statuses) == {"Active", "Inactive", "Deleted"}
    assert statuses["Active"] > 50


def test_two_subscriptions_belong_to_a_company_no_list_shows(demo: Portfolio) -> None:
    strangers = [row for row in rows_of(demo) if row["companyId"] not in demo.companies]
    assert [row["companyId"] for row in strangers] == [demo.hidden_company_id] * 2


def test_fields_nobody_documented_occur(demo: Portfolio) -> None:
    assert any("customAttributes" in row for row in rows_of(demo))


def test_two_records_beyond_reading_are_planted_by_default(demo: Portfolio) -> None:
    rows = rows_of(demo)
    assert sum("id" not in row for row in rows) == 1
    assert sum(row["quantity"] == "many" for row in rows) == 1


def test_no_record_beyond_reading_is_planted_when_none_is_wanted() -> None:
    portfolio = Portfolio.generate(seed=7, clients=20, now=NOW, planted_bad=0)
    assert all(
        isinstance(row["quantity"], int) and row["id"] for row in portfolio.subscriptions.rows()
    )
    assert len(portfolio.subscriptions) == 240


def test_clients_link_to_companies_by_id_but_for_one_in_ten(demo: Portfolio) -> None:
    links = [row["external_ids"].get("pax8_company_id") for row in demo.clients.rows()]
    assert links[:60].count(None) == 6
    assert all(link in demo.companies for link in links if link)


def test_a_few_clients_are_known_by_superops_alone(demo: Portfolio) -> None:
    known = [set(row["external_ids"]) for row in demo.clients.rows()]
    assert known[60:] == [{"superops_client_id"}] * 5
    ids = [row["external_ids"].get("superops_client_id") for row in demo.clients.rows()]
    assert len(set(ids)) == 37
    assert all(key is None or re.fullmatch(r"\d{18,20}", key) for key in ids)


def test_what_pax8_shows_is_pinned_to_the_byte(demo: Portfolio) -> None:
    """Others compare with it over months: what is added elsewhere must not move it."""
    shelves = (demo.companies, demo.products, demo.subscriptions)
    pinned = sha256(b"\n".join(raw for shelf in shelves for raw in shelf.raw(shelf.keys())))
    assert pinned.hexdigest() == "9d96be663e01d91cab840148fd01b3af38bf7113aff7fd29515f6e69ba8f41ed"


def test_names_differ_a_little_between_the_systems(demo: Portfolio) -> None:
    companies = {row["id"]: row["name"] for row in demo.companies.rows()}
    pairs = [
        (client["name"], companies[client["external_ids"]["pax8_company_id"]])
        for client in demo.clients.rows()
        if "pax8_company_id" in client["external_ids"]
    ]
    assert all(company.startswith(client) for client, company in pairs)
    assert sum(company != client for client, company in pairs) > 30


def test_the_organisation_is_an_australian_msp(demo: Portfolio) -> None:
    organisation = {key: value for key, value in demo.organisation.items() if key != "id"}
    assert organisation == {
        "name": "Bluegum IT",
        "slug": "bluegum-it",
        "time_zone": "Australia/Sydney",
        "reporting_currency": "AUD",
    }


def test_dates_move_with_the_day_they_are_told_from() -> None:
    later = Portfolio.generate(seed=3, clients=5, now=NOW + timedelta(days=365))
    newest = max(row["createdDate"][:10] for row in later.subscriptions.rows())
    assert newest > "2027-01-01"


def test_a_changed_subscription_keeps_its_past() -> None:
    portfolio = small()
    key = portfolio.subscriptions.keys()[0]
    before = portfolio.subscriptions.get(key)
    assert before is not None
    portfolio.change_subscription(key, quantity=1000, price=Decimal("1.2345"))
    after = portfolio.subscriptions.get(key)
    assert after == before | {
        "quantity": 1000,
        "price": Decimal("1.2345"),
        "updatedDate": "2026-11-24T00:00:01Z",
    }
    assert portfolio.past_of(key) == [before]


def test_subscriptions_come_and_go() -> None:
    portfolio = small()
    count = len(portfolio.subscriptions)
    company = portfolio.add_company(name="Wombat Cafe")
    first = portfolio.add_subscription(companyId=company, quantity=4)
    second = portfolio.add_subscription(companyId=company)
    assert first != second
    portfolio.remove_subscription(second)
    assert len(portfolio.subscriptions) == count + 1
    assert portfolio.subscriptions.select(where={"companyId": company}) == [first]


def test_a_company_that_leaves_the_list_leaves_its_subscriptions() -> None:
    portfolio = small()
    company = portfolio.companies.keys()[1]
    owned = portfolio.subscriptions.select(where={"companyId": company})
    portfolio.change_company(portfolio.companies.keys()[2], status="Deleted")
    portfolio.remove_company(company)
    assert company not in portfolio.companies
    assert portfolio.subscriptions.select(where={"companyId": company}) == owned != []


def test_what_is_not_there_cannot_be_changed() -> None:
    portfolio = small()
    with pytest.raises(KeyError, match="nobody"):
        portfolio.change_subscription("nobody", quantity=1)
    with pytest.raises(KeyError, match="nobody"):
        portfolio.remove_company("nobody")


def test_a_shift_takes_the_oldest_and_appends_the_newest() -> None:
    portfolio = small()
    before = portfolio.subscriptions.select(sort=("createdDate", False))
    portfolio.shift()
    after = portfolio.subscriptions.select(sort=("createdDate", False))
    assert after[:-1] == before[1:]
    assert after[-1] not in before
