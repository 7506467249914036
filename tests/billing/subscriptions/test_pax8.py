"""What Pax8 sends, in the words of subscriptions: each trap of its contract that is ours to spring.

The traps are numbered as in the contract, section 0; those of the protocol have their tests with
the provider.
"""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
import respx
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.billing.definitions.models import PriceBasis, monthly
from billingone_api.billing.subscriptions.adapters.pax8 import Pax8Portfolio
from billingone_api.billing.subscriptions.models import Product, Subscription
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.retries import RetryPolicy
from billingone_api.providers.errors import ProviderUnavailable
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.tokens import ClientCredentials, Pax8Endpoints
from billingone_api.providers.tokens import MemoryTokenStore

API = "https://pax8.test/v1"
ROW: dict[str, Any] = {"id": "s1", "companyId": "c1", "productId": "p1", "status": "Active"}


@pytest.fixture
def upstream() -> Any:
    with respx.mock(assert_all_called=False) as router:
        bought = {"access_token": "eyJ.a.b", "expires_in": 86400, "token_type": "Bearer"}
        router.post(f"{API}/token").respond(json=bought)
        yield router


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as made:
        yield made


def portfolio(
    http: httpx.AsyncClient, clock: SetClock, time_zone: str = "Australia/Sydney"
) -> Pax8Portfolio:
    client = Pax8Client(
        http=http,
        endpoints=Pax8Endpoints(api_url=API, token_url=f"{API}/token", audience=API),
        credentials=ClientCredentials("id", Secret("secret")),
        tokens=MemoryTokenStore(),
        limiter=Turns(),
        clock=clock,
        sleep=Waits(),
        policy=RetryPolicy(jitter=lambda: 0.5),
    )
    return Pax8Portfolio(client, time_zone=time_zone)


@pytest.fixture
def pax8(http: httpx.AsyncClient, clock: SetClock, upstream: respx.MockRouter) -> Pax8Portfolio:
    return portfolio(http, clock)


def page(*rows: Any, number: int = 0, total: int | None = None, pages: int = 1) -> dict[str, Any]:
    count = len(rows) if total is None else total
    block = {"size": 200, "totalElements": count, "totalPages": pages, "number": number}
    return {"content": list(rows), "page": block}


async def read(pax8: Pax8Portfolio, upstream: respx.MockRouter, **row: Any) -> Subscription:
    upstream.get(f"{API}/subscriptions").respond(json=page(ROW | row))
    (found,) = (await pax8.subscriptions(0)).records
    return found


async def test_trap_1_a_page_tells_where_it_is_and_how_many_there_are(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/companies").respond(
        json=page({"id": "c9", "name": "Redgum"}, number=2, total=401, pages=3)
    )
    listing = await pax8.companies(2)
    assert (listing.number, listing.total_pages, listing.total_records) == (2, 3, 401)
    assert [record.name for record in listing.records] == ["Redgum"]


@pytest.mark.parametrize(
    "row",
    [
        {"commitmentTerm": {"id": "x", "term": "1-Year", "endDate": "2027-01-31T12:00:00Z"}},
        {"commitment": {"id": "x", "term": "1-Year", "endDate": "2027-01-31"}},
        {"commitment": {"term": "1-Year", "endDate": "2027-01-31"}, "commitmentTerm": None},
    ],
)
async def test_trap_3_both_spellings_of_the_commitment_are_read(
    pax8: Pax8Portfolio, upstream: respx.MockRouter, row: dict[str, Any]
) -> None:
    found = await read(pax8, upstream, **row)
    assert (found.commitment_term, found.commitment_ends_on) == ("1-Year", date(2027, 1, 31))


@pytest.mark.parametrize("row", [{}, {"commitment": None}, {"commitmentTerm": None}])
async def test_trap_3_month_to_month_has_no_commitment(
    pax8: Pax8Portfolio, upstream: respx.MockRouter, row: dict[str, Any]
) -> None:
    found = await read(pax8, upstream, **row)
    assert (found.commitment_term, found.commitment_ends_on) == (None, None)


async def test_trap_4_a_record_of_nothing_but_its_id_is_read(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/subscriptions").respond(json=page({"id": "s1", "surprise": [1, None]}))
    upstream.get(f"{API}/companies").respond(json=page({"id": "c1"}))
    (found,) = (await pax8.subscriptions(0)).records
    assert found.source_id == "s1"
    assert {getattr(found, name) for name in Subscription.__slots__ if name != "source_id"} == {
        None
    }
    (company,) = (await pax8.companies(0)).records
    assert (company.name, company.source_status) == ("", None)


async def test_trap_4_what_cannot_be_read_is_named_with_its_reason(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/subscriptions").respond(
        json=page(ROW | {"quantity": "many"}, {"quantity": 1}, ROW)
    )
    listing = await pax8.subscriptions(0)
    assert [record.source_id for record in listing.records] == ["s1"]
    assert [(record.source_id, record.reason) for record in listing.unreadable] == [
        ("s1", "/quantity: It is not a number."),
        (None, "/id: It is missing."),
    ]
    assert '"many"' in listing.unreadable[0].excerpt


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2021-01-01T08:30:00Z", "Australia/Sydney", date(2021, 1, 1)),
        ("2021-01-01T14:30:00Z", "Australia/Sydney", date(2021, 1, 2)),
        ("2021-01-01T04:30:00Z", "America/New_York", date(2020, 12, 31)),
        ("2020-12-01T13:20:13.153-0700", "Australia/Sydney", date(2020, 12, 2)),
        ("2020-12-03", "Australia/Sydney", date(2020, 12, 3)),
        ("2020-12-03", "America/New_York", date(2020, 12, 3)),
        ("2000-10-31T01:30:00.000-05:00", "America/Chicago", date(2000, 10, 31)),
        ("2000-10-31T01:30:00.000-05:00", "Pacific/Auckland", date(2000, 10, 31)),
        # what PostgreSQL would keep as "for ever" is a date that was not given
        ("9999-12-31", "UTC", None),
        ("9999-12-31T23:59:59Z", "Australia/Sydney", None),
        ("0001-01-01T00:00:00Z", "America/New_York", None),
        (None, "UTC", None),
        ("", "UTC", None),
    ],
)
async def test_trap_5_each_shape_of_date_becomes_the_organisations_day(
    http: httpx.AsyncClient,
    clock: SetClock,
    upstream: respx.MockRouter,
    text: str | None,
    zone: str,
    day: date | None,
) -> None:
    found = await read(portfolio(http, clock, zone), upstream, startDate=text, endDate=text)
    assert (found.starts_on, found.ends_on) == (day, day)


async def test_trap_5_dates_of_one_record_come_in_different_shapes(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    found = await read(
        pax8,
        upstream,
        createdDate="2026-01-29",
        startDate="2026-02-01T00:00:00Z",
        billingStart="2026-02-01",
        updatedDate="2026-11-03T09:15:44.120-0700",
    )
    assert (found.created_on, found.starts_on) == (date(2026, 1, 29), date(2026, 2, 1))
    assert found.billing_starts_on == date(2026, 2, 1)
    assert found.source_updated_at is not None
    assert found.source_updated_at.isoformat() == "2026-11-03T16:15:44.120000+00:00"


async def test_trap_6_price_and_partner_cost_are_kept_apart(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    found = await read(pax8, upstream, price=32.9, partnerCost=27.64)
    assert (found.price, found.partner_cost) == (Decimal("32.9"), Decimal("27.64"))
    found = await read(pax8, upstream, partnerCost=27.64)
    assert (found.price, found.partner_cost) == (None, Decimal("27.64"))


@pytest.mark.parametrize(
    ("term", "commitment", "price", "month"),
    [
        ("Monthly", None, "32.90", "32.90"),
        # New Commerce: committed for a year and billed by the month
        ("Monthly", "1-Year", "32.90", "32.90"),
        ("Monthly", "3-Year", "32.90", "32.90"),
        ("Annual", "1-Year", "394.80", "32.90"),
        ("1-Year", None, "394.80", "32.90"),
        ("Annual", "3-Year", "394.80", "32.90"),
        ("2-Year", None, "789.60", "32.90"),
        ("3-Year", None, "1184.40", "32.90"),
        ("One-Time", None, "500", None),
        ("Trial", None, "0", None),
        ("Activation", None, "10", None),
        ("Quarterly", None, "98.70", None),
        (None, None, "98.70", None),
    ],
)
async def test_trap_7_the_billing_term_divides_and_the_commitment_does_not(
    pax8: Pax8Portfolio,
    upstream: respx.MockRouter,
    term: str | None,
    commitment: str | None,
    price: str,
    month: str | None,
) -> None:
    found = await read(
        pax8,
        upstream,
        billingTerm=term,
        price=price,
        quantity=1,
        commitment={"term": commitment} if commitment else None,
    )
    parts = PriceBasis("sell", "year").parts_of(found.billing_term or "")
    assert found.price is not None
    got = None if parts is None else monthly(Fraction(found.price) * parts)
    assert got == (None if month is None else Fraction(month))


@pytest.mark.parametrize("status", ["Suspended", "Converted", "SomethingNew"])
async def test_trap_9_a_status_nobody_documents_is_kept_as_it_came(
    pax8: Pax8Portfolio, upstream: respx.MockRouter, status: str
) -> None:
    assert (await read(pax8, upstream, status=status)).source_status == status


async def test_trap_10_a_product_brings_its_vendor(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/products/p1").respond(
        json={"id": "p1", "name": "Premium", "vendorName": "Microsoft", "sku": "MST", "x": 1}
    )
    assert await pax8.product("p1") == Product("p1", "Premium", "Microsoft", "MST", None)


async def test_trap_10_a_product_that_pax8_does_not_know_is_gone(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/products/p1").respond(404, json={"status": 404})
    assert await pax8.product("p1") == Product("p1", is_gone=True)


async def test_a_product_that_is_no_record_is_unreadable(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/products/p1").respond(json=[])
    found = await pax8.product("p1")
    assert isinstance(found, Unreadable)
    assert (found.source_id, found.reason.startswith("Pax8 gave an answer")) == ("p1", True)


@pytest.mark.parametrize(
    ("status", "body", "used"),
    [
        (200, page({"id": "u1"}), True),
        (200, page(pages=0), False),
        (404, {"status": 404}, False),
        (403, {"status": 403}, None),
        (200, ["no list"], None),
    ],
)
async def test_trap_8_usage_is_what_usage_summaries_say(
    pax8: Pax8Portfolio, upstream: respx.MockRouter, status: int, body: Any, used: object
) -> None:
    upstream.get(f"{API}/subscriptions/s1/usage-summaries").respond(status, json=body)
    assert await pax8.has_usage("s1") is used


async def test_pax8_being_away_is_nobodys_usage(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/subscriptions/s1/usage-summaries").respond(503)
    with pytest.raises(ProviderUnavailable):
        await pax8.has_usage("s1")


@pytest.mark.parametrize(
    ("code", "kept"),
    [("AUD", "AUD"), ("nzd", "NZD"), (None, None), ("", None), ("dollars", None), ("A$D", None)],
)
async def test_a_currency_that_is_none_is_missing(
    pax8: Pax8Portfolio, upstream: respx.MockRouter, code: str | None, kept: str | None
) -> None:
    assert (await read(pax8, upstream, currencyCode=code)).currency == kept


async def test_trap_15_money_keeps_every_decimal(
    pax8: Pax8Portfolio, upstream: respx.MockRouter
) -> None:
    upstream.get(f"{API}/subscriptions").respond(
        text='{"content": [{"id": "s1", "price": 86.4567890123, "quantity": 1e1}], "page": '
        '{"size": 200, "totalElements": 1, "totalPages": 1, "number": 0}}'
    )
    (found,) = (await pax8.subscriptions(0)).records
    assert (str(found.price), found.quantity) == ("86.4567890123", Decimal(10))
