"""What a client paid a month and was invoiced, by month."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database
from tests.support.ledgers import Ledgers
from tests.support.sales import SalesBooks

from billingone_api.billing.clients.trend import months_until
from billingone_api.kit.ids import new_id

SYDNEY_DAY = date(2026, 11, 24)


def money(amount: str, currency: str = "AUD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def test_twelve_months_end_when_their_last_day_does_where_the_organisation_is() -> None:
    months = months_until(date(2026, 3, 15), time_zone="Australia/Sydney")
    assert [month.first for month in months][::10] == [date(2025, 4, 1), date(2026, 2, 1)]
    assert (len(months), months[-2].day, months[-1].day) == (
        12,
        date(2026, 2, 28),
        date(2026, 3, 15),
    )
    in_utc = [months[at].until.astimezone(UTC) for at in (5, 6)]
    # summer time begins on 4 October
    assert in_utc == [
        datetime(2025, 9, 30, 14, tzinfo=UTC),
        datetime(2025, 10, 31, 13, tzinfo=UTC),
    ]


async def test_each_month_shows_what_was_known_at_its_end(api: Api, database: Database) -> None:
    """Seen since August: 10 a month, 30 from September's last instant, cancelled in November.

    One came to the client in October, and one ends on the last day of September.
    """
    books, client, other = Books(database, api.organisation_id), new_id(), new_id()
    await books.connected()
    body = {"name": "Acacia", "external_ids": {"pax8_company_id": "c-1", "xero_contact_id": "x-1"}}
    for id_, pushed in ((client, body), (other, {"name": "Other"})):
        path = f"/v1/panelone/clients/{id_}"
        assert (await api.service("clients:write").put(path, json=pushed)).status_code == 201
    await books.company("c-1", "Acacia", first_seen_at=datetime(2026, 8, 3, tzinfo=UTC))

    async def versions(*changes: tuple[datetime, dict[str, Any]], **facts: Any) -> None:
        id_ = await books.subscription("c-1", client_id=client)
        facts = {"source_status": "Active", "quantity": Decimal(1), "currency": "AUD"} | facts
        facts = {"billing_term": "Monthly", "client_id": client, "price": Decimal(10)} | facts
        for number, (seen_at, change) in enumerate(changes, start=1):
            facts |= change
            row = {"subscription_id": id_, "version": number, "seen_at": seen_at, **facts}
            await database.insert(
                "subscription_versions", organisation_id=api.organisation_id, **row
            )

    first = datetime(2026, 8, 3, tzinfo=UTC)
    # a second before October begins in Sydney
    last_of_september = datetime(2026, 9, 30, 13, 59, 59, tzinfo=UTC)
    await versions(
        (first, {}),
        (last_of_september, {"quantity": Decimal(3)}),
        (datetime(2026, 11, 2, tzinfo=UTC), {"source_status": "Cancelled"}),
    )
    await versions(
        (first, {"client_id": other}),
        (datetime(2026, 10, 5, tzinfo=UTC), {"client_id": client}),
        currency="USD",
        price=Decimal(24),
        billing_term="Annual",
    )
    ending = {"source_status": "PendingCancel", "ends_on": date(2026, 9, 30)}
    await versions((first, {}), price=Decimal("0.50"), **ending)
    await versions((first, {}), price=None)
    sales = SalesBooks(database, api.organisation_id)
    await sales.connected()
    ledger, ledgers = await sales.open(), Ledgers(database, api.organisation_id)
    for day, facts in [
        (date(2025, 12, 1), {"subtotal": Decimal(100)}),
        (date(2025, 11, 30), {"subtotal": Decimal(7)}),
        (SYDNEY_DAY, {"subtotal": Decimal(50), "state": "paid"}),
        (SYDNEY_DAY, {"subtotal": Decimal(5), "currency": "USD"}),
        (SYDNEY_DAY, {"subtotal": None, "total": Decimal(9)}),
        (SYDNEY_DAY, {"subtotal": Decimal(9), "state": "draft"}),
    ]:
        await ledgers.invoice(
            ledger, "xero", str(new_id()), client_id=client, issued_on=day, **facts
        )
    shown = (await api.viewer.get(f"/v1/clients/{client}")).json()["trend"]
    mrr = {
        one["as_of"]: one["mrr"]["reason"] or (one["mrr"]["amounts"], one["mrr"]["excluded"])
        for one in shown
    }
    assert mrr["2026-07-31"] == "never_synced"
    assert [mrr[day] for day in ("2026-08-31", "2026-09-30", "2026-10-31", "2026-11-24")] == [
        ([money("10.50")], 1),
        ([money("30.50")], 1),
        ([money("30.00"), money("2.00", "USD")], 1),
        ([money("2.00", "USD")], 1),
    ]
    invoiced = [one["invoiced"] for one in shown]
    assert invoiced[0] == {"amounts": [money("100.00")], "reason": None, "excluded": 0}
    assert invoiced[1] == {"amounts": [], "reason": None, "excluded": 0}
    assert invoiced[-1] == {
        "amounts": [money("50.00"), money("5.00", "USD")],
        "reason": None,
        "excluded": 1,
    }
    theirs = (await api.viewer.get(f"/v1/clients/{other}")).json()["trend"]
    assert [one["mrr"]["amounts"] for one in theirs[-3:]] == [[money("2.00", "USD")], [], []]
    assert {one["invoiced"]["reason"] for one in theirs} == {"not_linked"}
