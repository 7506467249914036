"""Who is behind companies: when they are read, what is kept of them, and how they are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.pax8 import Engine, FakePortfolio, company, people

from billingone_api.billing.subscriptions.adapters.pax8_contacts import contacts_of
from billingone_api.billing.subscriptions.contacts import MOST_A_DELTA, Contacts
from billingone_api.billing.subscriptions.models import ContactList
from billingone_api.billing.syncs.models import Mode, Removal, Tally, Unreadable
from billingone_api.billing.syncs.ports import Checkpoint
from billingone_api.providers.errors import (
    MalformedAnswer,
    PermissionDenied,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.pax8 import contacts as payloads
from billingone_api.providers.records import RecordReader, Reject
from billingone_api.request import Work

DENIED = "Pax8 does not let us read the contacts of companies."


# When they are read


@dataclass
class FakeRows:
    """So many companies are due; what was asked of it is noted."""

    companies: int
    asked: list[tuple[datetime, int | None]] = field(default_factory=list)

    async def due(self, *, since: datetime, most: int | None) -> Sequence[str]:
        self.asked.append((since, most))
        return [f"c{number:03}" for number in range(self.companies)][:most]

    async def write(self, work: Work, lists: Sequence[ContactList]) -> tuple[Tally, Removal]:
        raise NotImplementedError


async def read(
    companies: int, mode: Mode, *, at: Checkpoint | None = None, pax8: FakePortfolio | None = None
) -> tuple[FakeRows, list[int], list[Checkpoint]]:
    """What rows were asked, how many lists each batch has, and the checkpoints."""
    rows = FakeRows(companies)
    step = Contacts(pax8 or FakePortfolio(), rows, mode, SetClock(NOW))
    batches = [batch async for batch in step.batches(at)]
    return rows, [len(batch.lists) for batch in batches], [batch.checkpoint for batch in batches]


async def test_a_delta_asks_for_so_many_companies_and_a_full_sync_for_all() -> None:
    a_day_ago = NOW - timedelta(days=1)
    rows, sizes, checkpoints = await read(MOST_A_DELTA + 50, Mode.DELTA)
    assert rows.asked == [(a_day_ago, MOST_A_DELTA)]
    assert sizes == [20] * 15
    assert checkpoints[-1] == {"since": a_day_ago.isoformat(), "asked": 300}
    rows, sizes, _ = await read(MOST_A_DELTA + 50, Mode.FULL)
    assert (rows.asked, sum(sizes)) == ([(NOW, None)], 350)
    assert (await read(0, Mode.DELTA))[1] == []


async def test_an_interrupted_step_goes_on_with_what_it_has_not_asked() -> None:
    before = NOW - timedelta(days=1, minutes=7)
    place = {"since": before.isoformat(), "asked": 260}
    rows, sizes, checkpoints = await read(100, Mode.DELTA, at=place)
    assert (rows.asked, sizes) == ([(before, 40)], [20, 20])
    assert checkpoints[-1] == {"since": before.isoformat(), "asked": 300}


async def test_nobody_is_asked_further_once_a_whole_batch_is_denied() -> None:
    everybody = {
        f"c{number:03}": ContactList(f"c{number:03}", denial="No.") for number in range(50)
    }
    pax8 = FakePortfolio(people=everybody)
    assert (await read(50, Mode.DELTA, pax8=pax8))[1] == [20]
    del everybody["c019"]
    assert (await read(50, Mode.DELTA, pax8=pax8))[1] == [20, 20]


# What they are in our words


ROWS: list[dict[str, Any]] = [
    {
        "id": "bills",
        "firstName": "Priya",
        "lastName": "Nair",
        "email": " Accounts@Harbour.example ",
        "phone": "02 5550 1235",
        "types": [{"type": "Billing", "primary": True}, {"type": "Admin", "primary": False}],
    },
    {"id": "plain", "lastName": "Okafor", "email": "ok@harbour.example"},
    {"id": "new", "email": "x@harbour.example", "types": [{"type": "Legal"}, {"primary": True}]},
    # nobody to write to about a bill
    {"id": "devices", "email": "it@harbour.example", "types": [{"type": "Technical"}]},
    {"id": "silent", "firstName": "No address", "email": None, "types": None},
    {"id": "spoken", "email": "call me"},
    {"id": "endless", "email": f"{'a' * 320}@x.example"},
    # of whom no more is kept than the reason
    {"id": "odd", "firstName": "Secret", "types": "Billing"},
    {"firstName": "Secret", "email": "nameless@harbour.example"},
]


async def test_whom_bills_may_go_to_is_kept_and_no_more_of_them_than_that_takes() -> None:
    records, rejects = RecordReader(payloads.Contact).read(ROWS)
    found = await contacts_of(
        "c1", answering(payloads.ContactList(records, rejects, is_whole=True))
    )
    assert found.is_whole
    assert found.contacts == [
        *people(
            "c1",
            "bills",
            email="accounts@harbour.example",
            types=("Billing", "Admin"),
            primary_types=("Billing",),
        ).contacts,
        *people("c1", "plain", name="Okafor", email="ok@harbour.example", types=()).contacts,
        *people("c1", "new", name=None, email="x@harbour.example", types=("Legal",)).contacts,
    ]
    assert [(one.source_id, one.reason) for one in found.unreadable] == [
        ("odd", "/types: It is not a list."),
        (None, "/id: It is missing."),
    ]
    assert "Secret" not in repr(found)
    assert found.unreadable[0].excerpt == ""
    other = Reject(None, "", "", "another")
    again = await contacts_of(
        "c1", answering(payloads.ContactList((), (*rejects, other), is_whole=True))
    )
    assert len({one.key for one in again.unreadable}) == 3


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (RecordNotFound("Gone.", provider="pax8"), ContactList("c1", is_whole=True)),
        (PermissionDenied("No.", provider="pax8"), ContactList("c1", denial="No.")),
        (
            MalformedAnswer("Odd.", provider="pax8"),
            ContactList("c1", unreadable=[Unreadable("c1", "Odd.", "")]),
        ),
    ],
)
async def test_a_list_that_is_not_given_says_why(error: Exception, found: ContactList) -> None:
    assert await contacts_of("c1", failing(error)) == found


async def test_pax8_away_ends_the_step_as_it_ends_any() -> None:
    with pytest.raises(ProviderUnavailable):
        await contacts_of("c1", failing(ProviderUnavailable("Away.", provider="pax8")))


def answering(found: payloads.ContactList) -> Any:
    async def ask(_company_id: str) -> payloads.ContactList:
        return found

    return ask


def failing(error: Exception) -> Any:
    async def ask(_company_id: str) -> payloads.ContactList:
        raise error

    return ask


# What a sync leaves behind


async def kept(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.as_owner(
        "SELECT company_id, source_id, name, email, types, gone_at FROM pax8_contacts "
        "ORDER BY company_id, source_id"
    )
    return [tuple(row) for row in rows]


async def aside(database: Database) -> list[str]:
    rows = await database.as_owner("SELECT record_key FROM quarantined_records ORDER BY 1")
    return [row["record_key"] for row in rows]


async def test_people_are_read_once_a_day_or_when_their_company_is_news(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    pax8 = engine.pax8
    pax8.companies_ = [company("a"), company("b"), company("gone")]
    pax8.people = {"a": people("a", "k1", "k2"), "gone": people("gone", "k9")}
    report = await engine.sync()
    assert report["contacts"] == Tally(created=3)
    assert report.finished[-1] == "contacts"
    assert pax8.asked("contacts") == ["a", "b", "gone"]
    assert (await kept(database))[0] == (
        "a", "k1", "Priya Nair", "k1@a.example", ["Billing"], None,
    )  # fmt: skip
    clock.move(hours=1)
    pax8.companies_ = [company("a"), company("b", source_status="Inactive")]
    pax8.people["b"] = people("b", "k1")
    assert (await engine.sync())["contacts"] == Tally(created=1)
    assert pax8.asked("contacts")[3:] == ["b"]
    # whoever was behind a company that has gone is forgotten with it
    assert (await kept(database))[-1] == ("gone", "k9", None, None, [], clock.now())
    clock.move(hours=23, seconds=1)
    pax8.people["a"] = people("a", "k1", types=("Admin",))
    report = await engine.sync()
    assert report["contacts"] == Tally(changed=1, gone=1)
    assert pax8.asked("contacts")[4:] == ["a"]
    assert (await kept(database))[:2] == [
        ("a", "k1", "Priya Nair", "k1@a.example", ["Admin"], None),
        ("a", "k2", None, None, [], clock.now()),
    ]
    clock.move(minutes=1)
    pax8.people["a"] = people("a", "k1", "k2", types=("Admin",))
    report = await engine.sync(mode=Mode.FULL)
    assert report["contacts"] == Tally(changed=1, unchanged=2)
    assert pax8.asked("contacts")[5:] == ["b", "a"]
    assert (await kept(database))[1][3:] == ("k2@a.example", ["Admin"], None)


async def test_a_list_that_is_not_whole_loses_nobody_and_is_read_again(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    pax8 = engine.pax8
    pax8.companies_ = [company(name) for name in ("denied", "half", "lost", "odd")]
    pax8.people = {name: people(name, "k1", "k2") for name in ("denied", "half", "lost", "odd")}
    await engine.sync()
    clock.move(days=2)
    pax8.people = {
        "denied": ContactList("denied", denial="No."),
        "half": replace(people("half", "k2", "k3"), is_whole=False),
        "lost": ContactList("lost", unreadable=[Unreadable("lost", "No list.", "")]),
        "odd": replace(people("odd", "k2"), unreadable=[Unreadable("k1", "No list of types.", "")]),
    }
    report = await engine.sync()
    assert report["contacts"] == Tally(created=1, unchanged=2, quarantined=2)
    assert report.notices["contacts"].startswith(DENIED)
    assert [row[-1] for row in await kept(database)] == [None] * 9
    assert await aside(database) == ["lost/lost", "odd/k1"]
    pax8.people["denied"] = people("denied", "k1")
    pax8.people["odd"] = replace(people("odd"), unreadable=[Unreadable(None, "No id.", "hash")])
    report = await engine.sync()
    assert report["contacts"] == Tally(unchanged=3, gone=1, quarantined=1)
    assert "changed each time they were read" in report.notices["contacts"]
    assert pax8.asked("contacts")[8:] == ["denied", "half", "lost"]
    report = await engine.sync(mode=Mode.FULL)
    clock.move(seconds=1)
    report = await engine.sync(mode=Mode.FULL)
    # what has no id may be any of those that are missing
    assert report["contacts"].gone == 0
    assert len(await aside(database)) == 2
    clock.move(seconds=1)
    pax8.companies_.pop(2)
    pax8.people |= {name: people(name, "k2") for name in ("half", "odd")}
    report = await engine.sync(mode=Mode.FULL)
    assert report["contacts"] == Tally(unchanged=3, gone=3)
    assert report.notices == {}
    assert await aside(database) == []


async def test_nobody_is_forgotten_where_so_many_do_not_go_at_once(
    engine: Engine, database: Database, clock: SetClock
) -> None:
    names = [f"c{number}" for number in range(6)]
    engine.pax8.companies_ = [company(name) for name in names]
    engine.pax8.people = {name: people(name, "k1", "k2") for name in names}
    await engine.sync()
    engine.pax8.people = {"c0": engine.pax8.people["c0"]}
    clock.move(days=2)
    report = await engine.sync()
    assert report["contacts"] == Tally(unchanged=2, gone=10)
    engine.pax8.people = {name: people(name, *map(str, range(20))) for name in names}
    clock.move(days=2)
    await engine.sync()
    engine.pax8.people = {"c0": engine.pax8.people["c0"]}
    clock.move(days=2)
    report = await engine.sync()
    assert report["contacts"] == Tally(unchanged=20)
    assert report.notices["contacts"].startswith("Pax8 no longer lists 100 of 120 contacts.")
    before = len(engine.pax8.asked("contacts"))
    await engine.sync()
    # until a person confirms it, they are asked again
    assert engine.pax8.asked("contacts")[before:] == names[1:]
