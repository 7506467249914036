"""The list of invoices and its counts, over HTTP and a real database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.queries import queries_of
from tests.support.sales import SalesBooks

from billingone_api.billing.invoices.adapters.postgres.lists import SORTS
from billingone_api.billing.invoices.schemas.queries import InvoicesQuery
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

URL = "/v1/invoices"
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


async def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = await api.viewer.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def numbers(api: Api, query: str = "") -> list[str]:
    return [item["number"] for item in await listed(api, query)]


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def test_a_row_says_what_is_owed_by_whom_and_where_to_open_it(
    api: Api, books: SalesBooks
) -> None:
    client = await books.client("Harbour Dental")
    made = await books.invoice(
        source_id="5ad1c5d5",
        number="INV-1042",
        reference="November",
        client_id=client,
        client_label="Harbour Dental",
        total=Decimal("1234.5"),
        amount_due=Decimal(1000),
    )
    answer = await api.viewer.get(URL)
    page = answer.json()
    assert (page["next_cursor"], page["total"]) == (None, None)
    (item,) = page["items"]
    assert item == {
        "id": str(made),
        "source": "xero",
        "source_id": "5ad1c5d5",
        "source_status": "AUTHORISED",
        "source_url": "https://go.xero.com/organisationlogin/default.aspx?shortcode=!9kQx2"
        "&redirecturl=%2FAccountsReceivable%2FView.aspx%3FInvoiceID%3D5ad1c5d5",
        "badge": "submitted",
        "flags": [],
        "number": "INV-1042",
        "reference": "November",
        "client": {"id": str(client), "name": "Harbour Dental"},
        "client_by_hand": False,
        "contact": {"source_id": "contact-1", "name": "Harbour Dental Pty Ltd"},
        "amount": money("1234.50"),
        "amount_due": money("1000.00"),
        "issued_on": "2026-11-10",
        "due_on": "2026-12-01",
        "paid_on": None,
        "also_in": [],
        "changed_at": "2026-11-24T01:00:00Z",
    }


CASES: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"state": "draft", "due_on": TODAY - DAY}, "draft", []),
    ({"state": "awaiting_approval", "due_on": TODAY - DAY}, "submitted", []),
    ({"due_on": TODAY}, "submitted", []),
    ({"due_on": TODAY - DAY}, "overdue", []),
    ({"due_on": TODAY - DAY, "amount_due": Decimal("0.01")}, "overdue", []),
    ({"due_on": TODAY - DAY, "amount_due": Decimal(0)}, "paid", []),
    ({"due_on": TODAY - DAY, "amount_due": Decimal(-5)}, "paid", []),
    ({"due_on": TODAY - DAY, "amount_due": None}, "submitted", []),
    ({"due_on": None, "issued_on": TODAY - DAY}, "overdue", ["no_due_date"]),
    ({"due_on": None, "issued_on": TODAY}, "submitted", ["no_due_date"]),
    ({"due_on": None, "issued_on": None}, "submitted", ["no_due_date"]),
    ({"issued_on": None, "due_on": TODAY - DAY}, "overdue", []),
    ({"issued_on": TODAY + DAY, "due_on": TODAY - DAY}, "submitted", ["post_dated"]),
    ({"state": "paid", "amount_due": Decimal(0)}, "paid", []),
    ({"state": "paid", "due_on": TODAY - DAY}, "paid", []),
    ({"state": "void"}, "void", []),
    ({"gone_at": NOW}, "void", ["gone"]),
    ({"state": "paid", "gone_at": NOW}, "void", ["gone"]),
    ({"state": "unknown", "source_status": None, "due_on": TODAY - DAY}, "unknown", []),
]
EVERY = "badge=draft&badge=submitted&badge=overdue&badge=paid&badge=void&badge=unknown"


@pytest.mark.parametrize(("facts", "badge", "flags"), CASES)
async def test_badge_and_flags_of_a_row(
    api: Api, books: SalesBooks, facts: dict[str, Any], badge: str, flags: list[str]
) -> None:
    await books.invoice(**facts)
    (item,) = await listed(api, EVERY)
    assert (item["badge"], item["flags"]) == (badge, flags)
    assert len(await listed(api, f"badge={badge}")) == 1
    others = {"draft", "submitted", "overdue", "paid", "void", "unknown"} - {badge}
    assert await listed(api, "&".join(f"badge={other}" for other in others)) == []
    assert len(await listed(api)) == (badge != "void")


async def test_it_is_overdue_from_midnight_in_the_organisations_zone(
    api: Api, books: SalesBooks, clock: SetClock
) -> None:
    await books.invoice(due_on=TODAY)
    clock.instant = datetime(2026, 11, 24, 12, 59, 59, tzinfo=UTC)  # a second before midnight
    assert [one["badge"] for one in await listed(api)] == ["submitted"]
    clock.move(seconds=1)
    assert [one["badge"] for one in await listed(api)] == ["overdue"]


async def test_an_amount_without_a_currency_is_none(api: Api, books: SalesBooks) -> None:
    await books.invoice(currency=None)
    await books.invoice(currency="JPY", total=Decimal("10.5"), issued_on=TODAY - 90 * DAY)
    first, second = await listed(api)
    assert (first["amount"], first["amount_due"]) == (None, None)
    assert second["amount"] == money("11", "JPY")


async def test_without_a_short_code_and_in_superops_links_are_what_they_can_be(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await database.as_owner("UPDATE ledgers SET short_code = NULL")
    await books.invoice(source_id="abc", issued_on=TODAY)
    await books.invoice("superops", source_id="123", contact_id=None, contact_name=None)
    xero, superops = await listed(api)
    assert xero["source_url"].endswith("/AccountsReceivable/View.aspx?InvoiceID=abc")
    assert (superops["source_url"], superops["contact"]) == (None, None)


# The same invoice in both systems


@pytest.mark.parametrize(
    ("by", "flags"),
    [
        ("exact", ["duplicate"]),
        ("other_total", ["duplicate", "other_total"]),
        ("unmapped", ["duplicate", "matched_without_client"]),
    ],
)
async def test_an_invoice_in_both_systems_is_one_row_with_both_links(
    api: Api, books: SalesBooks, by: str, flags: list[str]
) -> None:
    made = await books.invoice(source_id="abc", number="INV-7")
    twin = await books.twin(made, by=by, source_id="6194875036", number="inv 7", total=Decimal(9))
    (item,) = await listed(api, "with_total=true")
    assert (item["id"], item["flags"]) == (str(made), flags)
    assert "InvoiceID%3Dabc" in item["source_url"]
    assert item["also_in"] == [
        {
            "id": str(twin),
            "source": "superops",
            "source_id": "6194875036",
            "source_status": "APPROVED",
            "source_url": None,
            "number": "inv 7",
            "amount": money("9.00"),
            "matched_by": by,
        }
    ]
    counts = (await api.viewer.get(f"{URL}/counts")).json()
    assert (counts["total"], counts["badges"]["submitted"]) == (1, 1)
    assert len(await listed(api, f"duplicates={by}")) == 1
    others = {"exact", "other_total", "unmapped"} - {by}
    assert await listed(api, "&".join(f"duplicates={other}" for other in others)) == []


async def test_where_xeros_is_void_it_is_void_and_flagged(api: Api, books: SalesBooks) -> None:
    made = await books.invoice(state="void", source_status="VOIDED")
    await books.twin(made)
    assert await listed(api) == []
    (item,) = await listed(api, "badge=void")
    assert item["flags"] == ["duplicate", "void_in_xero_only"]


async def test_void_in_both_needs_no_flag(api: Api, books: SalesBooks) -> None:
    made = await books.invoice(state="void")
    await books.twin(made, state="void")
    (item,) = await listed(api, "badge=void")
    assert item["flags"] == ["duplicate"]


async def test_books_that_are_read_no_longer_are_not_shown(
    api: Api, books: SalesBooks, database: Database
) -> None:
    kept = await books.invoice(number="old")
    made = await books.invoice("superops", number="of SuperOps")
    await database.as_owner("UPDATE ledgers SET is_current = false WHERE source = 'xero'")
    await books.open("xero", source_id="another-tenant")
    await books.invoice(number="new", issued_on=TODAY)
    assert await numbers(api) == ["new", "of SuperOps"]
    assert (await api.viewer.get(f"{URL}/{kept}")).status_code == 404
    assert (await api.viewer.get(f"{URL}/{made}")).status_code == 200
    counts = (await api.viewer.get(f"{URL}/counts")).json()
    assert counts["total"] == 2


# Searching and filtering


async def portfolio(books: SalesBooks) -> UUID:
    client = await books.client("Harbour Dental")
    await books.invoice(
        number="INV-1",
        reference="PO 2026.10",
        client_id=client,
        client_label="Harbour Dental",
        total=Decimal("1234.50"),
        issued_on=TODAY - DAY,
        due_on=TODAY + DAY,
    )
    await books.invoice(
        number="INV-2",
        reference="100% done",
        contact_name="Redgum",
        client_label="Redgum",
        total=Decimal(1234),
        amount_due=Decimal("34.5"),
        currency="NZD",
        issued_on=TODAY - 2 * DAY,
        due_on=TODAY - DAY,
    )
    await books.invoice(
        number="INV-3",
        state="paid",
        contact_name="3M Supplies",
        client_label="3M Supplies",
        total=Decimal("1.234"),
        amount_due=Decimal(0),
        currency="KWD",
        issued_on=TODAY - 3 * DAY,
        due_on=None,
    )
    await books.invoice(
        number="SO-4",
        source="superops",
        state="draft",
        contact_name="Çay Evi",
        client_label="Çay Evi",
        total=None,
        amount_due=None,
        issued_on=None,
        due_on=None,
    )
    return client  # fmt: skip


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("inv-1", ["INV-1"]),
        ("INV", ["INV-1", "INV-2", "INV-3"]),
        ("harbour", ["INV-1"]),
        ("dental inv-2", []),
        ("2026.10", ["INV-1"]),
        ("100%", ["INV-2"]),
        ("%", []),
        ("_", []),
        ("3m", ["INV-3"]),
        ("çay", ["SO-4"]),
        ("1,234.50", ["INV-1"]),
        ("$1234.5", ["INV-1"]),
        ("1.234,50", ["INV-1"]),
        ("1 234,50", ["INV-1"]),
        ("AUD 1234.50", ["INV-1"]),
        ("34.50", ["INV-2"]),
        ("1234", ["INV-2"]),
        ("1,234", ["INV-2", "INV-3"]),
        ("1.234", ["INV-2", "INV-3"]),
        ("harbour 1234.50", ["INV-1"]),
        ("redgum 1234.50", []),
        ("1234.50 harbour", ["INV-1"]),
        ("inv 1,234", ["INV-2", "INV-3"]),
        ("1234.51", []),
        ("99999999999999", []),
        ("   ", ["INV-1", "INV-2", "INV-3", "SO-4"]),
        ("'; DROP TABLE invoices; --", []),
        ("\\", []),
    ],
)
async def test_search_finds_number_reference_client_contact_and_amount(
    api: Api, books: SalesBooks, q: str, found: list[str]
) -> None:
    await portfolio(books)
    answer = await api.viewer.get(URL, params={"q": q, "with_total": "true"})
    assert answer.status_code == 200, answer.text
    assert sorted(item["number"] for item in answer.json()["items"]) == found
    assert answer.json()["total"] == len(found)
    counts = (await api.viewer.get(f"{URL}/counts", params={"q": q})).json()
    assert counts["total"] == len(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("badge=overdue", ["INV-2"]),
        ("badge=draft&badge=paid", ["INV-3", "SO-4"]),
        ("source=superops", ["SO-4"]),
        ("unmapped=true", ["INV-2", "INV-3", "SO-4"]),
        ("unmapped=false", ["INV-1"]),
        ("client_id=0192f0c1-2222-7000-8000-000000000001", []),
        ("currency=NZD", ["INV-2"]),
        ("issued_from=2026-11-22", ["INV-1", "INV-2"]),
        ("issued_to=2026-11-22", ["INV-2", "INV-3"]),
        ("issued_from=2026-11-22&issued_to=2026-11-22", ["INV-2"]),
        ("due_from=2026-11-25", ["INV-1"]),
        ("due_to=2026-11-22", ["INV-3"]),
        ("amount_from=1234", ["INV-1", "INV-2"]),
        ("amount_to=1234", ["INV-2", "INV-3"]),
        ("amount_from=1.234&amount_to=1.234", ["INV-3"]),
        ("amount_from=-5&amount_to=0", []),
        ("duplicates=exact", []),
        ("unmapped=true&badge=overdue&currency=NZD&q=redgum&amount_from=1", ["INV-2"]),
    ],
)
async def test_filters_of_list_counts_and_file(
    api: Api, books: SalesBooks, query: str, found: list[str]
) -> None:
    await portfolio(books)
    assert sorted(await numbers(api, query)) == found
    file = (await api.viewer.get(f"{URL}/export.csv?{query}")).text
    assert len(file.splitlines()) == len(found) + 1
    if "badge" not in query:
        counts = (await api.viewer.get(f"{URL}/counts?{query}")).json()
        assert counts["total"] == len(found) == sum(counts["badges"].values())


async def test_a_clients_invoices_are_found_by_its_id(api: Api, books: SalesBooks) -> None:
    client = await portfolio(books)
    assert await numbers(api, f"client_id={client}") == ["INV-1"]


# Order and paging


def test_every_sort_that_is_documented_is_known() -> None:
    allowed = set(get_args(InvoicesQuery.model_fields["sort"].annotation))
    assert allowed == {*SORTS, *(f"-{name}" for name in SORTS)}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-issued_on", ["INV-1", "INV-2", "INV-3", "SO-4"]),
        ("issued_on", ["SO-4", "INV-3", "INV-2", "INV-1"]),
        # without a due date by its date
        ("due_on", ["SO-4", "INV-3", "INV-2", "INV-1"]),
        ("amount", ["SO-4", "INV-3", "INV-2", "INV-1"]),
        ("-amount_due", ["INV-1", "INV-2", "INV-3", "SO-4"]),
        ("number", ["INV-1", "INV-2", "INV-3", "SO-4"]),
        ("client", ["INV-3", "INV-1", "INV-2", "SO-4"]),
        ("-client", ["SO-4", "INV-2", "INV-1", "INV-3"]),
    ],
)
async def test_each_order_is_what_it_says(
    api: Api, books: SalesBooks, sort: str, expected: list[str]
) -> None:
    await portfolio(books)
    assert await numbers(api, f"sort={sort}") == expected


async def walked(api: Api, query: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = (await api.viewer.get(f"{URL}?{query}&limit={limit}{cursor}")).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(
    "query", ["sort=number", "q=inv&sort=-amount", "badge=overdue&sort=due_on"]
)
async def test_a_filtered_walk_is_the_one_big_list(api: Api, books: SalesBooks, query: str) -> None:
    for number in range(17):
        await books.invoice(
            number=f"INV-{number % 3}" if number % 4 else None,
            total=Decimal(number % 5),
            due_on=TODAY - (number % 3) * DAY,
        )
    whole = [item["id"] for item in await listed(api, f"{query}&limit=200")]
    for limit in (1, 3, 7):
        assert await walked(api, query, limit) == whole


async def test_the_longest_number_still_fits_into_a_cursor(api: Api, books: SalesBooks) -> None:
    for place in range(3):
        await books.invoice(number="語" * 400 + str(place))
    assert len(await walked(api, "sort=number", 1)) == 3


# Bad input


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("nonsense=1", "/nonsense"),
        ("sort=name", "/sort"),
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("badge=Paid", "/badge/0"),
        ("source=pax8", "/source"),
        ("client_id=42", "/client_id"),
        ("unmapped=perhaps", "/unmapped"),
        ("q=%00", "/q"),
        ("q=" + "1" * 201, "/q"),
        ("currency=aud", "/currency"),
        ("currency=ZZZ", "/currency"),
        ("issued_from=2026-02-30", "/issued_from"),
        ("issued_to=1795482000", "/issued_to"),
        ("due_from=soon", "/due_from"),
        ("issued_from=2026-02-02&issued_to=2026-02-01", ""),
        ("amount_from=1,000", "/amount_from"),
        ("amount_from=NaN", "/amount_from"),
        ("amount_to=1e5", "/amount_to"),
        ("amount_to=999999999999999", "/amount_to"),
        ("amount_from=2&amount_to=1", ""),
        ("duplicates=none", "/duplicates/0"),
        ("with_total=maybe", "/with_total"),
    ],
)
async def test_a_query_that_is_not_valid_is_422_and_points_at_it(
    api: Api, query: str, pointer: str
) -> None:
    answer = await api.viewer.get(f"{URL}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(error["in"], error["pointer"]) for error in answer.json()["errors"]] == [
        ("query", pointer)
    ]


@pytest.mark.parametrize("parameter", ["badge", "sort", "limit", "cursor", "with_total"])
async def test_counts_take_no_parameter_that_means_nothing_to_them(
    api: Api, parameter: str
) -> None:
    answer = await api.viewer.get(f"{URL}/counts?{parameter}=paid")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{parameter}")


async def test_a_cursor_belongs_to_one_list_order_filter_and_organisation(
    api: Api, books: SalesBooks, database: Database
) -> None:
    for _ in range(3):
        await books.invoice()
    cursor = (await api.viewer.get(f"{URL}?limit=1")).json()["next_cursor"]
    other = api.of(await database.add_organisation(new_id()))
    refused = [
        await api.viewer.get(f"{URL}?sort=amount&cursor={cursor}"),
        await api.viewer.get(f"{URL}?badge=paid&cursor={cursor}"),
        await api.viewer.get(f"{URL}?amount_from=1&cursor={cursor}"),
        await api.viewer.get(f"{URL}?q=a&cursor={cursor}"),
        await api.viewer.get(f"/v1/subscriptions?cursor={cursor}"),
        await other.viewer.get(f"{URL}?cursor={cursor}"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {
        (422, "cursor_invalid")
    }


# Counts, and whether to believe them


async def test_counts_of_each_badge(api: Api, books: SalesBooks) -> None:
    for facts, _, _ in CASES:
        await books.invoice(**facts)
    counts = (await api.viewer.get(f"{URL}/counts")).json()
    expected = [badge for _, badge, _ in CASES]
    assert counts["badges"] == {
        badge: expected.count(badge)
        for badge in ("draft", "submitted", "overdue", "paid", "void", "unknown")
    }
    assert counts["total"] == len(CASES)


@pytest.mark.parametrize(
    ("runs", "rows", "last", "never", "partial"),
    [
        ([], 0, None, True, False),
        ([], 1, None, True, True),
        (["failed"], 0, None, True, False),
        (["succeeded"], 0, "2026-11-24T00:00:00Z", False, False),
        (["partial"], 1, "2026-11-24T00:00:00Z", False, True),
        (["partial", "succeeded"], 1, "2026-11-24T01:00:00Z", False, False),
    ],
)
async def test_never_synced_empty_and_partial_are_three_answers(
    api: Api,
    books: SalesBooks,
    runs: list[str],
    rows: int,
    last: str | None,
    never: Any,
    partial: Any,
) -> None:
    for _ in range(rows):
        await books.invoice("superops")
    for hour, status in enumerate(runs):
        at = datetime.fromisoformat(f"2026-11-24T0{hour}:00:00+00:00")
        await books.run("superops", status, at=at)
    counts = (await api.viewer.get(f"{URL}/counts")).json()
    assert counts["total"] == rows
    xero, superops = counts["freshness"]
    assert (xero["source"], xero["never_synced"], xero["is_partial"]) == ("xero", True, False)
    assert superops == {
        "source": "superops",
        "is_connected": False,
        "last_success_at": last,
        "never_synced": never,
        "is_partial": partial,
    }


# Who may, and whose


@pytest.mark.parametrize("path", ["", "/counts", "/summary", "/export.csv", "/export.xlsx"])
async def test_readers_only(api: Api, path: str) -> None:
    assert (await api.nobody.get(URL + path)).status_code == 401
    assert (await api.service("dashboard:read").get(URL + path)).status_code == 403
    for role in ("Owner", "Admin", "Finance", "Engineer", "Viewer"):
        assert (await api.as_role(role).get(URL + path)).status_code == 200


async def test_another_organisation_sees_nothing_of_it(
    api: Api, books: SalesBooks, database: Database
) -> None:
    made = await books.invoice()
    other = api.of(await database.add_organisation(new_id(), name="Other"))
    assert await listed(other) == []
    counts = (await other.viewer.get(f"{URL}/counts")).json()
    assert (counts["total"], counts["freshness"][0]["never_synced"]) == (0, True)
    assert len((await other.viewer.get(f"{URL}/export.csv")).text.splitlines()) == 1
    assert (await other.viewer.get(f"{URL}/{made}")).status_code == 404


# Much of it


TEN_THOUSAND = """
INSERT INTO invoices (organisation_id, id, source, ledger_id, source_id, number, state, currency,
  total, amount_due, issued_on, due_on, client_label, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'xero', $2, 'inv-' || n, 'INV-' || lpad(n::text, 5, '0'),
  CASE WHEN n % 50 = 0 THEN 'approved' ELSE 'paid' END, 'AUD', n, CASE WHEN n % 50 = 0 THEN n
  ELSE 0 END, date '2025-01-01' + n % 600, date '2025-01-15' + n % 600,
  'Client-' || lpad((n % 100)::text, 3, '0'), now(), now()
FROM generate_series(1, 10000) AS n
"""


async def test_ten_thousand_rows_are_walked_completely(
    api: Api, books: SalesBooks, database: Database
) -> None:
    await database.as_owner(TEN_THOUSAND, api.organisation_id, books.ledgers["xero"])
    await database.as_owner("ANALYZE invoices")
    found = await walked(api, "sort=client", 200)
    assert len(found) == len(set(found)) == 10_000
    answer = (await api.viewer.get(f"{URL}?q=client-042&with_total=true&limit=200")).json()
    assert answer["total"] == 100 == len(answer["items"])
    assert await numbers(api, "q=10,000.00") == ["INV-10000"]
    assert await numbers(api, "sort=-amount&limit=1") == ["INV-10000"]


async def test_a_page_costs_the_same_statements_whatever_is_asked(
    api: Api, books: SalesBooks, process: Process, database: Database
) -> None:
    await database.as_owner(TEN_THOUSAND, api.organisation_id, books.ledgers["xero"])
    cursor = (await api.viewer.get(URL)).json()["next_cursor"]
    for query, statements in [
        ("", 1),
        (f"?cursor={cursor}", 1),
        ("?q=client&badge=paid&sort=-amount", 1),
        ("?with_total=true", 2),
        ("/counts", 2),
        ("/summary", 6),
    ]:
        async with queries_of(process) as queries:
            assert (await api.viewer.get(URL + query)).status_code == 200
        assert len(_of_the_area(queries)) == statements, (query, queries)


def _of_the_area(queries: Sequence[str]) -> list[str]:
    """Without what every request asks before: who calls, for which organisation."""
    tables = ("FROM invoices", "sync_runs", "ledgers", "exchange_rates")
    return [query for query in queries if any(table in query for table in tables)]
