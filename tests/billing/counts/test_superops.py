"""Counts made of SuperOps' lists: devices by class and platform, people, each client's own."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers

from billingone_api.billing.counts.models import DeviceRule
from billingone_api.billing.counts.wiring import count_superops
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

DAY = timedelta(days=1)
WALKED = NOW - timedelta(hours=3)
ALL = DeviceRule(None, ())


class SuperOps:
    """What a sync of SuperOps would have left behind."""

    def __init__(self, database: Database, process: Process, organisation_id: UUID) -> None:
        self.database, self.process, self.organisation_id = database, process, organisation_id
        self.ledgers = Ledgers(database, organisation_id)
        self.books: UUID | None = None

    async def insert(self, table: str, **row: Any) -> None:
        await self.database.insert(table, organisation_id=self.organisation_id, **row)

    async def ledger(self, **more: Any) -> UUID:
        return await self.ledgers.ledger("superops", **more)

    async def client(self, account: str, *, books: UUID, client: UUID | None = None) -> UUID:
        """A client of ours that is linked to an account of theirs."""
        dated = {"first_seen_at": NOW, "changed_at": NOW}
        await self.insert(
            "superops_clients", ledger_id=books, source_id=account, name=account, **dated
        )
        made = client or await self.ledgers.client(account)
        await self.insert(
            "client_links", source="superops", source_id=account, client_id=made, origin="exact"
        )
        return made

    async def asset(self, account: str, *, books: UUID, **facts: Any) -> None:
        plain = {"source_id": str(new_id()), "first_seen_at": NOW, "changed_at": NOW}
        await self.insert(
            "superops_assets", ledger_id=books, client_source_id=account, **plain | facts
        )

    async def person(self, account: str, user: str, *, books: UUID, **more: Any) -> None:
        plain = {"source_id": str(new_id()), "first_seen_at": NOW, "changed_at": NOW}
        ids = {"ledger_id": books, "client_source_id": account, "user_source_id": user}
        await self.insert("superops_users", **ids, **plain | more)

    async def walked(
        self, at: datetime = WALKED, *, status: str = "succeeded", step: str = "done"
    ) -> None:
        run = new_id()
        times = {"queued_at": at, "started_at": at, "finished_at": at}
        await self.insert(
            "sync_runs", id=run, source="superops", mode="full", connection_id=new_id(),
            status=status, **times,
        )  # fmt: skip
        await self.insert("sync_steps", run_id=run, position=0, name="assets", status=step)

    async def counted(self, rule: DeviceRule = ALL) -> dict[tuple[UUID, str], tuple[int, int]]:
        async with self.process.work(self.organisation_id) as work:
            await count_superops(work, rule, now=NOW)
        rows = await self.database.as_owner("SELECT * FROM client_counts")
        assert {row["source"] for row in rows} <= {"superops"}
        return {(row["client_id"], row["metric"]): (row["count"], row["excluded"]) for row in rows}


@pytest.fixture
def superops(database: Database, process: Process, organisation_id: UUID) -> SuperOps:
    return SuperOps(database, process, organisation_id)


KINDS: list[tuple[dict[str, Any], set[str]]] = [
    (
        {"device_category": "Windows Workstation", "platform": "Microsoft Windows 10 Home"},
        {"devices", "workstations", "windows_devices"},
    ),
    (
        {"device_category": "Windows Server", "platform": "Microsoft Windows Server 2022"},
        {"devices", "servers", "windows_devices"},
    ),
    ({"platform": "Windows Server 2019 Standard"}, {"devices", "servers", "windows_devices"}),
    ({"asset_class": "Mac", "platform": "macOS 14"}, {"devices", "workstations", "mac_devices"}),
    (
        {"asset_class": "Linux Server", "platform": "Ubuntu"},
        {"devices", "servers", "linux_devices"},
    ),
    ({"asset_class": "Printer"}, {"devices"}),
    ({}, {"devices"}),
]


@pytest.mark.parametrize(("facts", "metrics"), KINDS)
async def test_a_device_counts_by_class_and_platform(
    superops: SuperOps, facts: dict[str, Any], metrics: set[str]
) -> None:
    books = await superops.ledger()
    client = await superops.client("acme", books=books)
    await superops.asset("acme", books=books, **facts)
    await superops.walked()
    found = await superops.counted()
    assert {metric for (_, metric), (count, _) in found.items() if count} == metrics
    assert found[client, "users"] == (0, 0)


async def test_people_of_two_sites_are_one_and_whoever_is_gone_is_none(superops: SuperOps) -> None:
    books = await superops.ledger()
    client = await superops.client("acme", books=books)
    for user in ("ann", "ann", "bob"):
        await superops.person("acme", user, books=books)
    await superops.person("acme", "gone", books=books, gone_at=NOW)
    await superops.walked()
    assert (await superops.counted())[client, "users"] == (2, 0)


async def test_idle_and_ignored_devices_are_left_out_and_shown_as_such(superops: SuperOps) -> None:
    books = await superops.ledger()
    client = await superops.client("acme", books=books)
    for name, seen in (
        ("PC-1", NOW),
        ("PC-2", NOW - 91 * DAY),
        ("TMP-VDI-7", NOW),
        ("never-seen", None),
    ):
        await superops.asset("acme", books=books, name=name, last_seen_at=seen)
    await superops.walked()
    rule = DeviceRule(NOW - 90 * DAY, ("*-vdi-*",))
    assert (await superops.counted(rule))[client, "devices"] == (2, 2)
    assert (await superops.counted())[client, "devices"] == (4, 0)


async def test_two_accounts_of_a_client_add_up_and_books_not_read_do_not_count(
    superops: SuperOps,
) -> None:
    books, left = await superops.ledger(), await superops.ledger(is_current=False)
    client = await superops.client("acme", books=books)
    await superops.client("acme-west", books=books, client=client)
    for account in ("acme", "acme-west"):
        await superops.asset(account, books=books)
    await superops.asset("acme", books=left)
    await superops.asset("acme", books=books, gone_at=NOW)
    await superops.walked()
    assert (await superops.counted())[client, "devices"] == (2, 0)


@pytest.mark.parametrize(
    ("status", "step", "expected"),
    [
        ("succeeded", "done", True),
        ("partial", "done", True),
        ("partial", "partial", False),
        ("failed", "done", False),
    ],
)
async def test_a_list_that_was_not_read_to_the_end_counts_nothing(
    superops: SuperOps,
    status: str,
    step: str,
    expected: bool,  # noqa: FBT001 - a column of a table of cases
) -> None:
    books = await superops.ledger()
    client = await superops.client("acme", books=books)
    await superops.asset("acme", books=books)
    await superops.walked(status=status, step=step)
    found = await superops.counted()
    assert ((client, "devices") in found) is expected


async def test_a_count_is_of_the_instant_at_which_the_list_was_read(
    superops: SuperOps, database: Database
) -> None:
    books = await superops.ledger()
    await superops.client("acme", books=books)
    await superops.walked()
    await superops.counted()
    await superops.counted()
    rows = await database.as_owner("SELECT DISTINCT counted_at FROM client_count_history")
    assert [row["counted_at"] for row in rows] == [WALKED]
