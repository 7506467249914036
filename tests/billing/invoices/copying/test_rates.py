"""The rates that invoices tell: which way round, which of two, and which are none."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import LONG_AGO, NOW
from tests.support.databases import Database

from billingone_api.billing.definitions.models import XERO, InvoiceState
from billingone_api.billing.invoices.adapters.postgres.keeping.rates import PostgresRates
from billingone_api.billing.invoices.books import Invoice, Ledger
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

DAY = date(2026, 10, 31)


def told(rate: str | None, *, at: int = 1, **more: Any) -> Invoice:
    """An invoice in US dollars that says so."""
    nothing: dict[str, Any] = dict.fromkeys(Invoice.__dataclass_fields__)
    known = {
        "source_id": str(new_id()),
        "state": InvoiceState.APPROVED,
        "currency": "USD",
        "currency_rate": None if rate is None else Decimal(rate),
        "issued_on": DAY,
        "source_updated_at": datetime(2026, 11, at, tzinfo=UTC),
    }
    return Invoice(**(nothing | known | more))


@pytest.fixture
async def ledger(database: Database, organisation_id: UUID) -> Ledger:
    made = Ledger(new_id(), "AUD")
    await database.insert(
        "ledgers",
        organisation_id=organisation_id,
        id=made.id,
        source=XERO,
        source_id="tenant",
        is_current=True,
        opened_at=LONG_AGO,
        first_seen_at=NOW,
        changed_at=NOW,
    )
    return made


async def kept(
    process: Process,
    database: Database,
    organisation_id: UUID,
    ledger: Ledger,
    *batches: Sequence[Invoice],
    is_foreign_per_base: bool = True,
) -> list[tuple[str, date, Decimal, Decimal]]:
    rates = PostgresRates(ledger, is_foreign_per_base=is_foreign_per_base)
    for invoices in batches:
        async with process.work(organisation_id) as work:
            await rates.write(work, invoices, at=NOW)
    rows = await database.as_owner(
        "SELECT currency, valid_on, rate, per FROM source_rates ORDER BY currency, valid_on"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("is_foreign_per_base", "rate", "per"),
    [(True, Decimal(1), Decimal("0.627")), (False, Decimal("0.627"), Decimal(1))],
)
async def test_which_way_round_a_rate_is_told_the_operator_says(
    process: Process,
    database: Database,
    organisation_id: UUID,
    ledger: Ledger,
    is_foreign_per_base: bool,  # noqa: FBT001 - pytest draws it
    rate: Decimal,
    per: Decimal,
) -> None:
    found = await kept(
        process,
        database,
        organisation_id,
        ledger,
        [told("0.627")],
        is_foreign_per_base=is_foreign_per_base,
    )
    assert found == [("USD", DAY, rate, per)]


async def test_a_word_read_the_other_way_round_since_is_written_again(
    process: Process, database: Database, organisation_id: UUID, ledger: Ledger
) -> None:
    told_once = [told("0.627")]
    await kept(process, database, organisation_id, ledger, told_once)
    found = await kept(
        process, database, organisation_id, ledger, told_once, is_foreign_per_base=False
    )
    assert found == [("USD", DAY, Decimal("0.627"), Decimal(1))]


@pytest.mark.parametrize(
    "batches",
    [
        [[told("0.5", at=2), told("0.8", at=1)]],
        [[told("0.8", at=1), told("0.5", at=2)]],
        [[told("0.8", at=1)], [told("0.5", at=2)]],
        [[told("0.5", at=2)], [told("0.8", at=1)]],
        [[told("0.5", at=2), told("0.4", at=2)]],
        [[told("0.4", at=2)], [told("0.5", at=2)]],
    ],
)
async def test_the_newest_word_of_a_day_stands_in_whatever_order_it_comes(
    process: Process,
    database: Database,
    organisation_id: UUID,
    ledger: Ledger,
    batches: list[list[Invoice]],
) -> None:
    found = await kept(process, database, organisation_id, ledger, *batches)
    assert found == [("USD", DAY, Decimal(1), Decimal("0.5"))]


@pytest.mark.parametrize(
    "one",
    [
        told(None),
        told("0"),
        told("-0.5"),
        told("1", currency="AUD"),
        told("0.5", currency=None),
        told("0.5", issued_on=None),
    ],
)
async def test_what_is_no_rate_is_left_out(
    process: Process, database: Database, organisation_id: UUID, ledger: Ledger, one: Invoice
) -> None:
    assert await kept(process, database, organisation_id, ledger, [one]) == []


async def test_books_without_a_currency_have_no_rates(
    process: Process, database: Database, organisation_id: UUID, ledger: Ledger
) -> None:
    unknown = Ledger(ledger.id, None)
    assert await kept(process, database, organisation_id, unknown, [told("0.5")]) == []
