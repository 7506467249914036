"""The same invoice in Xero and in SuperOps is found, whichever of the two came last."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.billing.definitions.adapters.twins import pair
from billingone_api.billing.definitions.models import MatchedBy
from billingone_api.billing.definitions.twins import Candidate, paired
from billingone_api.database.mapping import write_invoices
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

A, B = new_id(), new_id()
TOTAL = Decimal("110.00")


def candidate(*, is_xeros: bool, **facts: Any) -> Candidate:
    usual = Candidate(
        new_id(), is_xeros, "INV7", A, "AUD", TOTAL, is_void=False, issued_on=date(2026, 11, 1)
    )
    return replace(usual, **facts)


@pytest.mark.parametrize(
    ("xeros", "mine", "expected"),
    [
        ({}, {}, MatchedBy.EXACT),
        ({}, {"total": Decimal("110.0000")}, MatchedBy.EXACT),
        ({"is_void": True}, {}, MatchedBy.EXACT),
        ({"issued_on": None}, {"issued_on": date(2025, 1, 1)}, MatchedBy.EXACT),
        ({}, {"total": Decimal("110.01")}, MatchedBy.OTHER_TOTAL),
        ({}, {"currency": "NZD"}, MatchedBy.OTHER_TOTAL),
        ({}, {"total": None}, MatchedBy.OTHER_TOTAL),
        ({"currency": None}, {"currency": None}, MatchedBy.OTHER_TOTAL),
        ({"client_id": None}, {"client_id": None}, MatchedBy.UNMAPPED),
        ({}, {"client_id": None}, MatchedBy.UNMAPPED),
        ({"client_id": None}, {}, MatchedBy.UNMAPPED),
        ({"client_id": None}, {"client_id": None, "total": Decimal(1)}, None),
        ({"client_id": None}, {"client_id": None, "currency": "NZD"}, None),
        ({"client_id": None, "total": None}, {"client_id": None, "total": None}, None),
        ({}, {"client_id": B}, None),
        ({}, {"number_key": "INV8"}, None),
    ],
)
def test_what_makes_two_invoices_one(
    xeros: dict[str, Any], mine: dict[str, Any], expected: MatchedBy | None
) -> None:
    one, other = candidate(is_xeros=True, **xeros), candidate(is_xeros=False, **mine)
    wanted = {} if expected is None else {other.id: (one.id, expected)}
    assert paired([one, other]) == wanted
    assert paired([other, one]) == wanted


def test_a_number_that_was_given_again_means_the_invoice_that_is_not_void() -> None:
    void = candidate(is_xeros=True, is_void=True)
    again = candidate(is_xeros=True, issued_on=date(2026, 12, 1))
    mine = candidate(is_xeros=False)
    assert paired([void, again, mine]) == {mine.id: (again.id, MatchedBy.EXACT)}


def test_each_of_xeros_is_the_twin_of_one_and_the_surer_one_has_it() -> None:
    xeros = candidate(is_xeros=True)
    exact = candidate(is_xeros=False, issued_on=date(2026, 12, 1))
    other_total = candidate(is_xeros=False, total=Decimal(9))
    unmapped = candidate(is_xeros=False, client_id=None)
    assert paired([other_total, unmapped, exact, xeros]) == {exact.id: (xeros.id, MatchedBy.EXACT)}
    assert paired([other_total, unmapped, xeros]) == {
        other_total.id: (xeros.id, MatchedBy.OTHER_TOTAL)
    }
    assert paired([unmapped, xeros]) == {unmapped.id: (xeros.id, MatchedBy.UNMAPPED)}


def test_an_unmapped_one_finds_the_unmapped_one_among_others_clients() -> None:
    of_b, unmapped = candidate(is_xeros=True, client_id=B), candidate(is_xeros=True, client_id=None)
    mine = candidate(is_xeros=False, is_void=True)
    assert paired([of_b, unmapped, mine]) == {mine.id: (unmapped.id, MatchedBy.UNMAPPED)}


@given(
    st.lists(
        st.builds(
            candidate,
            is_xeros=st.booleans(),
            number_key=st.sampled_from(["1", "2"]),
            client_id=st.sampled_from([A, B, None]),
            total=st.sampled_from([Decimal(1), Decimal(2), None]),
            is_void=st.booleans(),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_no_invoice_has_two_twins_and_their_order_of_coming_is_nothing(
    candidates: list[Candidate], random: Any
) -> None:
    twins = paired(candidates)
    by_id = {one.id: one for one in candidates}
    assert len({xeros for xeros, _ in twins.values()}) == len(twins)
    for mine, (xeros, _) in twins.items():
        assert (by_id[mine].is_xeros, by_id[xeros].is_xeros) == (False, True)
        assert by_id[mine].number_key == by_id[xeros].number_key
    random.shuffle(candidates)
    assert paired(candidates) == twins


@pytest.fixture
def ledgers(database: Database, organisation_id: UUID) -> Ledgers:
    return Ledgers(database, organisation_id)


async def twin(database: Database, invoice_id: UUID) -> tuple[UUID | None, str | None]:
    (row,) = await database.as_owner(
        "SELECT twin_id, twin_by FROM invoices WHERE id = $1", invoice_id
    )
    return row["twin_id"], row["twin_by"]


async def paired_again(process: Process, organisation_id: UUID, *keys: str) -> int:
    async with process.work(organisation_id) as work:
        return await pair(work, keys)


async def test_numbers_are_told_by_letters_and_digits(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID
) -> None:
    client = await ledgers.client("Harbour Dental")
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    one = await ledgers.invoice(xero, "xero", "INV-0042", client_id=client)
    other = await ledgers.invoice(superops, "superops", "inv 0042.", client_id=client)
    assert await paired_again(process, organisation_id, "INV0042") == 1
    assert await twin(database, other) == (one, "exact")
    assert await twin(database, one) == (None, None)
    assert await paired_again(process, organisation_id, "INV0042") == 0


async def test_an_invoice_without_letters_or_digits_has_no_twin(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID
) -> None:
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    await ledgers.invoice(xero, "xero", "--")
    other = await ledgers.invoice(superops, "superops", "#")
    assert await paired_again(process, organisation_id, "") == 0
    assert await twin(database, other) == (None, None)


@pytest.mark.parametrize("change", ["number = 'Other'", "gone_at = now()", "client_id = NULL"])
@pytest.mark.parametrize("source", ["xero", "superops"])
async def test_what_is_no_twin_any_more_counts_again(
    ledgers: Ledgers,
    process: Process,
    database: Database,
    organisation_id: UUID,
    change: str,
    source: str,
) -> None:
    client = await ledgers.client("Harbour Dental")
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    await ledgers.invoice(xero, "xero", "INV-7", client_id=client)
    other = await ledgers.invoice(superops, "superops", "INV7", client_id=client)
    await paired_again(process, organisation_id, "INV7")
    sql = f"UPDATE invoices SET {change} WHERE source = $1"  # noqa: S608 - a test's own words
    await database.as_owner(sql, source)
    await paired_again(process, organisation_id, "INV7", "OTHER")
    expected = "unmapped" if "client" in change else None
    assert (await twin(database, other))[1] == expected


@pytest.mark.parametrize("source", ["xero", "superops"])
async def test_books_that_were_exchanged_have_no_twins(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID, source: str
) -> None:
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    await ledgers.invoice(xero, "xero", "INV-7")
    other = await ledgers.invoice(superops, "superops", "INV7")
    await paired_again(process, organisation_id, "INV7")
    await database.as_owner("UPDATE ledgers SET is_current = false WHERE source = $1", source)
    assert await paired_again(process, organisation_id, "INV7") == 1
    assert await twin(database, other) == (None, None)


async def test_another_organisation_is_no_twin(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID
) -> None:
    stranger = Ledgers(database, await database.add_organisation(new_id()))
    await stranger.invoice(await stranger.ledger("xero"), "xero", "INV-7")
    mine = await ledgers.invoice(await ledgers.ledger("superops"), "superops", "INV7")
    assert await paired_again(process, organisation_id, "INV7") == 0
    assert await twin(database, mine) == (None, None)


async def test_a_deleted_number_frees_its_twin_for_the_next(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID
) -> None:
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    first = await ledgers.invoice(xero, "xero", "INV-7")
    other = await ledgers.invoice(superops, "superops", "INV7")
    await paired_again(process, organisation_id, "INV7")
    second = await ledgers.invoice(xero, "xero", "INV-7", issued_on=date(2026, 12, 1))
    await database.as_owner("UPDATE invoices SET gone_at = $2 WHERE id = $1", first, NOW)
    await paired_again(process, organisation_id, "INV7")
    assert await twin(database, other) == (second, "unmapped")


async def test_two_syncs_that_bring_one_half_each_at_once_find_each_other(
    ledgers: Ledgers, process: Process, database: Database, organisation_id: UUID
) -> None:
    xero, superops = await ledgers.ledger("xero"), await ledgers.ledger("superops")
    one = await ledgers.invoice(xero, "xero", "Other")
    other = await ledgers.invoice(superops, "superops", "INV7")

    async def second() -> None:
        async with process.work(organisation_id) as work:
            await write_invoices(work)
            await pair(work, ["INV7"])

    async with process.work(organisation_id) as work:
        await write_invoices(work)
        waiting = asyncio.create_task(second())
        await database.until_somebody_waits()
        sql = text("UPDATE invoices SET number = 'INV-7' WHERE id = :one")
        await work.connection.execute(sql, {"one": one})
    await waiting
    assert await twin(database, other) == (one, "unmapped")
