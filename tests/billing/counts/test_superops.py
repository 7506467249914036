"""Counts made of SuperOps' lists: devices by class and platform, people, each client's own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.superops_lists import WALKED, SuperOps

from billingone_api.billing.counts.models import DeviceRule
from billingone_api.process import Process

DAY = timedelta(days=1)


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
    ({"asset_class": "iMac"}, {"devices", "workstations", "mac_devices"}),
    ({"asset_class": "MacBook Pro"}, {"devices", "workstations", "mac_devices"}),
    ({"asset_class": "Coffee Machine", "platform": "Videos X1"}, {"devices"}),
    ({"asset_class": "Printer"}, {"devices"}),
    ({}, {"devices"}),
]


async def test_a_device_counts_by_class_and_platform(superops: SuperOps) -> None:
    books = await superops.ledger()
    clients = []
    for number, (facts, _) in enumerate(KINDS):
        clients.append(await superops.client(f"account {number}", books=books))
        await superops.asset(f"account {number}", books=books, **facts)
    await superops.walked()
    found = await superops.counted()
    for client, (facts, metrics) in zip(clients, KINDS, strict=True):
        assert {of for (who, of), (count, _) in found.items() if who == client and count} == (
            metrics
        ), facts
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
