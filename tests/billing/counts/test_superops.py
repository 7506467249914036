"""Counts made of SuperOps' lists: devices by class and platform, people, each client's own."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.reconciled import House
from tests.support.superops_lists import ALL, WALKED, SuperOps

from billingone_api.billing.counts.models import DeviceRule
from billingone_api.billing.counts.wiring import count_superops
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
        # by the list, which was read three hours ago, it was not silent for so long
        ("PC-3", NOW - 90 * DAY - timedelta(hours=1)),
        ("TMP-VDI-7", NOW),
        ("never-seen", None),
    ):
        await superops.asset("acme", books=books, name=name, last_seen_at=seen)
    await superops.walked()
    rule = DeviceRule(90, ("*-vdi-*",))
    assert (await superops.counted(rule))[client, "devices"] == (3, 2)
    assert (await superops.counted())[client, "devices"] == (5, 0)


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


async def devices_on(database: Database, day: datetime) -> dict[UUID, int]:
    """What was known on a day, as the history tells it."""
    rows = await database.as_owner(
        "SELECT DISTINCT ON (client_id) client_id, count FROM client_count_history"
        " WHERE metric = 'devices' AND received_at <= $1"
        " ORDER BY client_id, counted_at DESC, received_at DESC",
        day,
    )
    return {row["client_id"]: row["count"] for row in rows if row["count"] is not None}


async def test_counts_follow_the_mapping_and_the_settings_and_what_is_past_stays(
    superops: SuperOps, api: Api, database: Database, process: Process, clock: SetClock
) -> None:
    """By a person's hand at once, for the two that are concerned alone; soon for all where it is
    undone, where PanelOne pushes an identifier, and where other devices are called idle.
    """
    books = await superops.ledger()
    left = await superops.client("acme", books=books)
    right = await superops.ledgers.client("Right")
    await superops.client("acme-west", books=books, client=right)
    for account in ("acme", "acme", "acme-west"):
        await superops.asset(account, books=books)
    await superops.walked()
    house = House(api, database, process)
    await house.synced()
    await house.rule("devices", await house.product("edr"))
    other = await superops.client("else", books=books)
    snapshot = await house.snapshot()
    frozen = [await house.lines(snapshot, client) for client in (left, right)]

    async def now() -> dict[UUID, int]:
        rows = await database.as_owner("SELECT * FROM client_counts WHERE metric = 'devices'")
        assert {row["counted_at"] for row in rows} == {WALKED}
        return {row["client_id"]: row["count"] for row in rows}

    asked = [await now()]
    await superops.asset("else", books=books, last_seen_at=NOW - 50 * DAY)
    for step in ("link", "undo", "push", "idle"):
        clock.move(hours=1)
        if step == "link":
            body = {"client_id": str(right)}
            answer = await api.finance.put("/v1/clients/links/superops/acme", json=body)
        elif step == "undo":
            (deed,) = (await api.viewer.get("/v1/clients/mapping/deeds")).json()["items"]
            path = f"/v1/clients/mapping/deeds/{deed['id']}/undo"
            answer = await api.finance.post(path, json={})
        elif step == "idle":
            patch = {"idle_device_days": 30}
            path, always = "/v1/reconciliation/settings", {"If-Match": "*"}
            answer = await api.finance.patch(path, json=patch, headers=always)
        else:
            body = {"name": "Right", "active": True, "external_ids": {"superops_client_id": "acme"}}
            service = api.service("clients:write")
            answer = await service.put(f"/v1/panelone/clients/{right}", json=body)
        assert answer.status_code == 200, answer.text
        if step != "link":
            await house.work()
        asked.append(await now())
    # Undone it is nobody's: no identifier names it.
    assert asked == [
        {left: 2, right: 1, other: 0},
        {right: 3, other: 0},
        {right: 1, other: 1},
        {right: 3, other: 1},
        {right: 3, other: 0},
    ]
    assert await database.as_owner("SELECT 1 FROM due_work WHERE kind = 'superops_counts'") == []
    days = [NOW + timedelta(hours=hour) for hour in range(5)]
    assert [await devices_on(database, day) for day in days] == asked
    assert [await house.lines(snapshot, client) for client in (left, right)] == frozen


async def test_a_company_that_is_gone_counts_nowhere_any_more(
    superops: SuperOps, database: Database
) -> None:
    books = await superops.ledger()
    gone, here = [await superops.client(name, books=books) for name in ("gone", "here")]
    await superops.walked()
    assert {client for client, _ in await superops.counted()} == {gone, here}
    await database.as_owner(
        "UPDATE superops_clients SET gone_at = $1 WHERE source_id = 'gone'", NOW
    )
    await database.insert(
        "client_counts", organisation_id=superops.organisation_id, client_id=gone,
        metric="devices", source="superops2", counted_at=NOW, count=7, received_at=NOW,
    )  # fmt: skip
    async with superops.process.work(superops.organisation_id) as work:
        await count_superops(work, ALL, now=NOW)
    rows = await database.as_owner("SELECT DISTINCT client_id, source FROM client_counts")
    assert {(row["client_id"], row["source"]) for row in rows} == {
        (gone, "superops2"),
        (here, "superops"),
    }
