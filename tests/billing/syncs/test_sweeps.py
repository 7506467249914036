from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import NOW
from tests.support.databases import Database

from billingone_api.billing.syncs.adapters.sweeps import Quarantine, Seen, is_plausible
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.kit.ids import new_id
from billingone_api.process import Process


@pytest.mark.parametrize(
    ("known", "missing", "plausible"),
    [
        (0, 0, True),
        (10, 10, True),  # a small list may go altogether
        (11, 11, False),
        (5_000, 10, True),
        (5_000, 1_000, True),
        (5_000, 1_001, False),
        (5_000, 5_000, False),
        (54, 11, False),
        (55, 11, True),
    ],
)
def test_a_list_that_shrinks_by_a_fifth_and_more_than_ten_is_not_believed(
    known: int, missing: int, *, plausible: bool
) -> None:
    assert is_plausible(known=known, missing=missing) is plausible


@given(known=st.integers(0, 10**6), missing=st.integers(0, 10**6))
def test_what_is_believed_of_a_shorter_list_is_believed_of_a_longer(
    known: int, missing: int
) -> None:
    if is_plausible(known=known, missing=missing):
        assert is_plausible(known=known + 1, missing=missing)
        assert missing == 0 or is_plausible(known=known, missing=missing - 1)


async def test_what_was_seen_is_counted_once_and_kept_by_run_and_kind(
    process: Process, organisation_id: UUID
) -> None:
    run, other_run = new_id(), new_id()
    async with process.work(organisation_id) as work:
        seen = Seen(work, run, "companies")
        assert await seen.mark(["a", "b", "a"]) == 2
        assert await seen.mark(["b", "c"]) == 1
        assert await seen.mark([]) == 0
        assert await Seen(work, run, "products").mark(["a"]) == 1
        assert await Seen(work, other_run, "companies").mark(["a"]) == 1
    async with process.work(organisation_id) as work:
        seen = Seen(work, run, "companies")
        assert await seen.count() == 3
        assert await seen.ids() == {"a", "b", "c"}
        await seen.forget()
        assert await seen.count() == 0
        assert await Seen(work, run, "products").count() == 1
        assert await Seen(work, other_run, "companies").count() == 1


async def test_what_another_organisation_saw_is_not_seen(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    theirs = await database.add_organisation(new_id(), name="Other IT")
    run = new_id()
    async with process.work(theirs) as work:
        await Seen(work, run, "companies").mark(["a"])
    async with process.work(organisation_id) as work:
        assert await Seen(work, run, "companies").ids() == set()


async def test_a_record_that_cannot_be_read_again_is_the_same_one(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    first, second = new_id(), new_id()
    later = NOW + timedelta(hours=1)
    async with process.work(organisation_id) as work:
        quarantine = Quarantine(work, "pax8", "companies")
        await quarantine.put([], run_id=first, at=NOW)
        await quarantine.put(
            [
                Unreadable("a", "No name.", "{}"),
                Unreadable("a", "No id, either.", "{}"),
                Unreadable(None, "Not an object.", "[1]"),
            ],
            run_id=first,
            at=NOW,
        )
        again = [
            Unreadable("a", "Still no name.", "{}"),
            Unreadable(None, "Not an object.", "[1]"),
        ]
        await quarantine.put(again, run_id=second, at=later)
    rows = await database.as_owner("SELECT * FROM quarantined_records ORDER BY record_key")
    assert [row["reason"] for row in rows] == ["Not an object.", "Still no name."]
    assert {row["first_seen_at"] for row in rows} == {NOW}
    assert {row["last_seen_at"] for row in rows} == {later}
    assert {row["run_id"] for row in rows} == {second}
    assert len(rows[0]["record_key"]) == 64, "a digest of the record without an id"


async def test_a_record_that_can_be_read_after_all_leaves_the_quarantine(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    async with process.work(organisation_id) as work:
        for kind in ("companies", "products"):
            records = [Unreadable(source_id, "No name.", "{}") for source_id in ("a", "b")]
            await Quarantine(work, "pax8", kind).put(records, run_id=new_id(), at=NOW)
        await Quarantine(work, "pax8", "companies").release(["a", "unheard-of"])
        await Quarantine(work, "pax8", "companies").release([])
    rows = await database.as_owner("SELECT kind, record_key FROM quarantined_records ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [
        ("companies", "b"),
        ("products", "a"),
        ("products", "b"),
    ]


async def test_a_complete_sweep_forgets_what_it_has_not_met(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    earlier, latest = new_id(), new_id()
    async with process.work(organisation_id) as work:
        quarantine = Quarantine(work, "pax8", "companies")
        await quarantine.put([Unreadable("a", "No name.", "{}")], run_id=earlier, at=NOW)
        await quarantine.put([Unreadable("b", "No name.", "{}")], run_id=latest, at=NOW)
        await quarantine.forget_earlier(run_id=latest)
    (row,) = await database.as_owner("SELECT record_key FROM quarantined_records")
    assert row["record_key"] == "b"
