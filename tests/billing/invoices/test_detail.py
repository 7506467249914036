"""One invoice with its lines, payments, credits and history, and whose a person makes it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.sales import SalesBooks

from billingone_api.billing.definitions.adapters.versions import MOST_VERSIONS
from billingone_api.kit.ids import new_id

URL = "/v1/invoices"
TODAY = date(2026, 11, 24)


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def shown(api: Api, invoice_id: UUID) -> Any:
    answer = await api.viewer.get(f"{URL}/{invoice_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def patched(
    api: Api, invoice_id: UUID, client_id: UUID | None, *, if_match: str | None = "*"
) -> httpx.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    body = {"client_id": None if client_id is None else str(client_id)}
    return await api.finance.patch(f"{URL}/{invoice_id}", json=body, headers=headers)


async def test_everything_known_of_it_is_told(api: Api, books: SalesBooks) -> None:
    await books.account("account-1", code="200", name="Managed services")
    await books.database.insert(
        "account_mappings",
        organisation_id=books.organisation_id,
        ledger_id=books.ledgers["xero"],
        account_id="account-1",
        category="recurring_services",
        mapped_by="Farah Nair",
        mapped_at=NOW,
    )
    made = await books.invoice(
        source_id="abc",
        subtotal=Decimal(100),
        tax=Decimal(10),
        amount_paid=Decimal(60),
        amount_credited=Decimal(20),
        amount_due=Decimal(30),
        currency_rate=Decimal("1.000000"),
        line_amounts_are="Exclusive",
        sent_to_contact=True,
        source_updated_at=NOW,
    )
    await books.line(made, 2, description="Setup", line_amount=Decimal("46.5586"))
    await books.line(
        made,
        1,
        description="Managed workplace",
        quantity=Decimal("1.5"),
        unit_amount=Decimal("35.6276"),
        discount_rate=Decimal("3.125"),
        discount_amount=Decimal("1.0050"),
        line_amount=Decimal("53.4414"),
        tax_amount=Decimal("5.3444"),
        account_id="account-1",
        account_code="200",
    )
    paid = await books.payment(invoice_source_id="abc", amount=Decimal("70.005"), reference="Bank")
    back = await books.payment(invoice_source_id="abc", is_refund=True, paid_on=date(2026, 11, 13))
    await books.payment(invoice_source_id="abc", is_deleted=True)
    await books.payment(invoice_source_id="abc", gone_at=NOW)
    await books.payment(invoice_source_id="another")
    credit = await books.credit("abc", "19.9950", allocated_on=date(2026, 11, 20))
    await books.credit("abc", "5", is_deleted=True)
    page = await shown(api, made)
    assert (page["subtotal"], page["tax"]) == (money("100.00"), money("10.00"))
    assert (page["amount_paid"], page["amount_credited"]) == (money("60.00"), money("20.00"))
    assert (page["currency_rate"], page["line_amounts_are"]) == ("1.000000", "Exclusive")
    assert (page["counted_as"], page["gone_at"]) == (None, None)
    first, second = page["lines"]
    assert (first["description"], second["description"]) == ("Managed workplace", "Setup")
    # prices, quantities and rates are as received, and amounts have the decimals of their currency
    assert (first["quantity"], first["unit_amount"]) == ("1.5", money("35.6276"))
    assert (first["discount_rate"], first["discount_amount"]) == ("3.125", money("1.01"))
    assert (first["line_amount"], first["tax_amount"]) == (money("53.44"), money("5.34"))
    assert (second["line_amount"], second["tax_amount"]) == (money("46.56"), None)
    assert (first["account_name"], first["category"]) == ("Managed services", "recurring_services")
    assert (second["account_name"], second["category"]) == (None, None)
    assert page["payments"] == [
        {
            "id": str(paid),
            "source_id": str(paid),
            "source_status": "AUTHORISED",
            "paid_on": "2026-11-12",
            "amount": money("70.01"),
            "reference": "Bank",
            "is_refund": False,
        },
        {
            "id": str(back),
            "source_id": str(back),
            "source_status": "AUTHORISED",
            "paid_on": "2026-11-13",
            "amount": money("10.00"),
            "reference": None,
            "is_refund": True,
        },
    ]
    assert page["credits"] == [
        {
            "id": str(credit),
            "source_id": str(credit),
            "source_status": "PAID",
            "kind": "credit_note",
            "number": "CN-1",
            "amount": money("20.00"),
            "allocated_on": "2026-11-20",
        }
    ]


async def test_nothing_beside_it_is_nothing_told(api: Api, books: SalesBooks) -> None:
    page = await shown(api, await books.invoice())
    assert (page["lines"], page["payments"], page["credits"]) == ([], [], [])
    assert [one["changes"] for one in page["history"]] == [[]]
    assert page["history_is_complete"] is True


async def test_the_one_of_superops_leads_to_xeros_and_back(api: Api, books: SalesBooks) -> None:
    made = await books.invoice(source_id="abc", number="INV-7")
    twin = await books.twin(made, number="inv 7")
    page = await shown(api, twin)
    counted_as = page["counted_as"]
    assert counted_as.pop("source_url").endswith("InvoiceID%3Dabc")
    assert counted_as == {
        "id": str(made),
        "source": "xero",
        "source_id": "abc",
        "number": "INV-7",
        "matched_by": "exact",
    }
    assert [one["id"] for one in (await shown(api, made))["also_in"]] == [str(twin)]


async def test_what_stands_in_other_books_by_the_same_id_is_not_its(
    api: Api, books: SalesBooks
) -> None:
    old = await books.open(source_id="old-tenant", is_current=False)
    made = await books.invoice(source_id="abc")
    await books.payment(invoice_source_id="abc", ledger_id=old)
    await books.credit("abc", "20", ledger_id=old)
    page = await shown(api, made)
    assert (page["payments"], page["credits"]) == ([], [])


async def test_each_change_is_told_the_newest_first(
    api: Api, books: SalesBooks, database: Database
) -> None:
    made = await books.invoice(number="INV-1", total=Decimal("10.50"))
    await database.insert(
        "invoice_versions",
        organisation_id=api.organisation_id,
        invoice_id=made,
        version=2,
        seen_at=NOW + timedelta(hours=1),
        number="INV-1",
        contact_id="contact-1",
        contact_name="Harbour Dental Pty Ltd",
        source_status="PAID",
        state="paid",
        issued_on=date(2026, 11, 10),
        due_on=date(2026, 12, 1),
        fully_paid_on=date(2026, 11, 24),
        currency="AUD",
        total=Decimal("10.50"),
        amount_due=Decimal(0),
    )
    newest, first = (await shown(api, made))["history"]
    assert newest == {
        "version": 2,
        "seen_at": "2026-11-24T02:00:00Z",
        "changes": [
            {"fact": "source_status", "before": "AUTHORISED", "after": "PAID"},
            {"fact": "state", "before": "approved", "after": "paid"},
            {"fact": "fully_paid_on", "before": None, "after": "2026-11-24"},
            {"fact": "amount_due", "before": "10.50", "after": "0"},
        ],
    }
    assert first == {"version": 1, "seen_at": "2026-11-24T01:00:00Z", "changes": []}


async def test_a_history_that_is_too_long_says_so(
    api: Api, books: SalesBooks, database: Database
) -> None:
    made = await books.invoice()
    await database.as_owner(
        "INSERT INTO invoice_versions (organisation_id, invoice_id, version, seen_at, total)"
        " SELECT $1, $2, n, now(), n FROM generate_series(2, $3::int) n",
        api.organisation_id,
        made,
        MOST_VERSIONS + 1,
    )
    page = await shown(api, made)
    assert len(page["history"]) == MOST_VERSIONS
    assert page["history_is_complete"] is False


async def test_its_tag_changes_with_the_day_that_makes_it_overdue(
    api: Api, books: SalesBooks, clock: SetClock
) -> None:
    made = await books.invoice(due_on=TODAY)
    before = await api.viewer.get(f"{URL}/{made}")
    tag = before.headers["etag"]
    known = await api.viewer.get(f"{URL}/{made}", headers={"If-None-Match": tag})
    assert known.status_code == 304
    clock.move(days=1)
    after = await api.viewer.get(f"{URL}/{made}", headers={"If-None-Match": tag})
    assert (after.status_code, after.json()["badge"]) == (200, "overdue")
    # and yet nobody who read it before meets a conflict
    client = await books.client("Harbour Dental")
    assert (await patched(api, made, client, if_match=tag)).status_code == 200


@pytest.mark.parametrize("wanted", [new_id(), "42", "%00", "1.5", "counts%2F"])
async def test_what_is_not_there(api: Api, books: SalesBooks, wanted: object) -> None:
    answer = await api.viewer.get(f"{URL}/{wanted}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# Whose it is


async def test_a_person_says_whose_it_is_and_that_is_a_new_version(
    api: Api, books: SalesBooks, database: Database, clock: SetClock
) -> None:
    client = await books.client("Kurrajong Café")
    made = await books.invoice()
    clock.move(hours=1)
    tag = (await api.viewer.get(f"{URL}/{made}")).headers["etag"]
    answer = await patched(api, made, client, if_match=tag)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["client"] == {"id": str(client), "name": "Kurrajong Café"}
    assert page["client_by_hand"] is True
    assert page["history"][0] == {
        "version": 2,
        "seen_at": "2026-11-24T02:00:00Z",
        "changes": [{"fact": "client_id", "before": None, "after": str(client)}],
    }
    assert answer.headers["etag"] == (await api.viewer.get(f"{URL}/{made}")).headers["etag"] != tag
    assert await books.versions(made) == [(1, None), (2, client)]
    kept = await books.kept(made, "client_id", "client_by_hand", "client_label", "version")
    assert kept == (client, True, "Kurrajong Café", 2)
    found = (await api.viewer.get(URL, params={"q": "kurrajong"})).json()["items"]
    assert [one["id"] for one in found] == [str(made)]
    (entry,) = await database.as_owner("SELECT * FROM audit WHERE action = 'invoice.client_set'")
    assert entry["resource_id"] == str(made)
    assert "client_by_hand" in entry["after"]


async def test_saying_the_same_again_changes_nothing(
    api: Api, books: SalesBooks, database: Database
) -> None:
    client = await books.client("Harbour Dental")
    made = await books.invoice()
    first = await patched(api, made, client)
    again = await patched(api, made, client)
    assert again.headers["etag"] == first.headers["etag"]
    assert len(await books.versions(made)) == 2
    assert len(await database.as_owner("SELECT 1 FROM audit")) == 1


async def test_confirming_the_mapping_by_hand_is_a_version_too(api: Api, books: SalesBooks) -> None:
    client = await books.client("Harbour Dental")
    made = await books.invoice(client_id=client, client_label="Harbour Dental")
    page = (await patched(api, made, client)).json()
    assert (page["client_by_hand"], page["history"][0]["changes"]) == (True, [])
    assert await books.versions(made) == [(1, client), (2, client)]


@pytest.mark.parametrize("is_linked", [True, False])
async def test_null_leaves_it_to_its_contacts_link_again(
    api: Api,
    books: SalesBooks,
    is_linked: bool,  # noqa: FBT001 - a column of a table of cases
) -> None:
    linked, chosen = await books.client("Linked"), await books.client("Chosen")
    if is_linked:
        await books.link("contact-1", linked)
    made = await books.invoice()
    await patched(api, made, chosen)
    page = (await patched(api, made, None)).json()
    expected = {"id": str(linked), "name": "Linked"} if is_linked else None
    assert (page["client"], page["client_by_hand"]) == (expected, False)
    label = "Linked" if is_linked else "Harbour Dental Pty Ltd"
    assert await books.kept(made, "client_label") == (label,)
    # taking back what nobody said changes nothing
    again = await patched(api, made, None)
    assert again.json()["history"][0]["version"] == page["history"][0]["version"] == 3


async def test_a_contact_that_belongs_to_nobody_by_hand_stays_nobodys(
    api: Api, books: SalesBooks
) -> None:
    await books.link("contact-1", None)
    made = await books.invoice(client_by_hand=True, client_id=await books.client("Chosen"))
    assert (await patched(api, made, None)).json()["client"] is None


async def test_a_client_that_is_not_there_or_is_retired(
    api: Api, books: SalesBooks, database: Database
) -> None:
    made = await books.invoice()
    retired = await books.client("Retired", active=False)
    elsewhere = SalesBooks(database, await database.add_organisation(new_id()))
    foreign = await elsewhere.client("Foreign")
    for client, status, code in (
        (new_id(), 404, "client_not_found"),
        (foreign, 404, "client_not_found"),
        (retired, 409, "client_retired"),
    ):
        answer = await patched(api, made, client)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await books.versions(made) == [(1, None)]


async def test_the_version_that_was_read_is_asked_for(api: Api, books: SalesBooks) -> None:
    made = await books.invoice()
    client = await books.client("Harbour Dental")
    for if_match, status in ((None, 428), ('"7"', 412), ('"nonsense"', 412), ("*", 200)):
        assert (await patched(api, made, client, if_match=if_match)).status_code == status
    assert (await patched(api, new_id(), client)).status_code == 404


async def test_whose_it_is_says_which_other_one_is_the_same(api: Api, books: SalesBooks) -> None:
    client, another = await books.client("Harbour Dental"), await books.client("Mallee Dental")
    made = await books.invoice(number="INV-7", client_id=client)
    other = await books.invoice(
        "superops", number="inv 7", client_id=another, total=Decimal("99.00")
    )
    assert (await shown(api, made))["also_in"] == []
    assert (await patched(api, other, client)).status_code == 200
    [twin] = (await shown(api, made))["also_in"]
    assert (twin["id"], twin["matched_by"]) == (str(other), "other_total")
    assert (await patched(api, made, another)).status_code == 200
    assert (await shown(api, made))["also_in"] == []


@pytest.mark.parametrize(
    "body", [{}, {"client_id": "42"}, {"client_id": 1}, {"client_id": None, "more": 1}, [], None]
)
async def test_a_body_that_is_not_valid_is_422(api: Api, books: SalesBooks, body: Any) -> None:
    made = await books.invoice()
    answer = await api.finance.patch(f"{URL}/{made}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("role", ["Viewer", "Engineer"])
async def test_readers_may_not_say_whose_it_is(api: Api, books: SalesBooks, role: str) -> None:
    made = await books.invoice()
    answer = await api.as_role(role).patch(
        f"{URL}/{made}", json={"client_id": None}, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_organisations_invoice_is_not_there(
    api: Api, books: SalesBooks, database: Database
) -> None:
    made = await books.invoice()
    other = api.of(await database.add_organisation(new_id()))
    answer = await patched(other, made, None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
