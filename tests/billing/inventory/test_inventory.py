"""The devices and people behind the counts: every one, whose it is, and never another number."""

import csv
import io
from collections import Counter
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.portfolio import connect_pax8
from tests.support.reconciled import House
from tests.support.sheets import sheets_of, values_of
from tests.support.superops_lists import WALKED, SuperOps

from billingone_api.billing.counts.models import DeviceMetric, DeviceRule
from billingone_api.billing.inventory.models import NotCounted
from billingone_api.process import Process

DEVICES, USERS = "/v1/inventory/devices", "/v1/inventory/users"
SETTINGS = "/v1/reconciliation/settings"
DAY = timedelta(days=1)
CLASSES = ("Windows Machine", "MACBOOK Pro", "Linux Server", "Printer", "iMac", "", None)
CATEGORIES = ("Windows Server", "workstation", "Laptops", "NAS", "Virtual SERVER host", None)
PLATFORMS = (
    "Microsoft Windows Server 2022", "Microsoft Windows 11 Pro", "macOS 14", "Mac OS X 10.15",
    "Darwin", "Ubuntu 22.04", "Red Hat Enterprise 9", "RHEL8", "Videos X1", "", None,
)  # fmt: skip
NAMES = ("PC-1", "TMP-VDI-7", "tmp_vdi%", "Ünïcode-Büro", "=HYPERLINK(1)", "", None)
HOSTS = ("host-1", "tmp-vdi-9", None)
SEEN = (NOW, WALKED - 90 * DAY, WALKED - 90 * DAY - timedelta(seconds=1), NOW - 400 * DAY, None)
IGNORED = ["*-vdi-*", "tmp_vdi%", "ünïcode*"]


@pytest.fixture
def superops(database: Database, process: Process, organisation_id: UUID) -> SuperOps:
    return SuperOps(database, process, organisation_id)


@pytest.fixture
def house(api: Api, database: Database, process: Process) -> House:
    return House(api, database, process)


class Listed:
    """Walks a list as somebody who may only look."""

    def __init__(self, api: Api, path: str) -> None:
        self.api, self.path = api, path

    async def page(self, **query: Any) -> dict[str, Any]:
        answer = await self.api.viewer.get(self.path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def all(self, **query: Any) -> list[dict[str, Any]]:
        page = await self.page(limit=100, with_total=True, **query)
        items: list[dict[str, Any]] = page["items"]
        total = page["total"]
        while page["next_cursor"]:
            page = await self.page(limit=100, cursor=page["next_cursor"], **query)
            items += page["items"]
        assert len(items) == total
        assert (
            len({(one["source_id"], str(one["client"] or one["company"])) for one in items})
            == total
        )
        return items

    async def numbers(self, **query: Any) -> dict[str, dict[str, int]]:
        answer = await self.api.viewer.get(f"{self.path}/counts", params=query)
        assert answer.status_code == 200, answer.text
        return {one.pop("metric"): one for one in answer.json()["metrics"]}


async def portfolio(superops: SuperOps) -> list[UUID]:
    """Companies of two clients, of nobody and one that is gone, with devices of all kinds."""
    chance = Random(20261124)  # noqa: S311 - the same portfolio each time
    books, left = await superops.ledger(), await superops.ledger(is_current=False)
    first, second, gone = [
        await superops.client(name, books=books) for name in ("acme", "bondi", "gone")
    ]
    await superops.client("acme-west", books=books, client=first)
    for account in ("nobody's", "unknown"):
        await superops.client(account, books=books)
    await superops.database.as_owner(
        "UPDATE client_links SET client_id = NULL, origin = 'manual' WHERE source_id = 'nobody''s'"
    )
    await superops.database.as_owner("DELETE FROM client_links WHERE source_id = 'unknown'")
    await superops.database.as_owner(
        "UPDATE superops_clients SET gone_at = $1 WHERE source_id = 'gone'", NOW
    )
    accounts = ("acme", "acme-west", "bondi", "gone", "nobody's", "unknown", "in no list", None)
    words = list(product(CLASSES, CATEGORIES, PLATFORMS))
    for account, (kind, category, platform) in zip(
        accounts * 25, chance.sample(words, 200), strict=True
    ):
        facts = {
            "asset_class": kind, "device_category": category, "platform": platform,
            "name": chance.choice(NAMES), "host_name": chance.choice(HOSTS),
            "serial_number": chance.choice(("S-1", None)), "last_seen_at": chance.choice(SEEN),
            "gone_at": chance.choice((None, None, None, NOW)), "source_status": "ONLINE",
        }  # fmt: skip
        is_left = chance.random() < 0.1
        await superops.asset(account, books=left if is_left else books, **facts)
    people = product(accounts[:-1], ("ann", "bob", "cem", "dee"))
    for account, user in chance.sample(sorted(people), 20):
        for _ in range(chance.choice((1, 2))):
            name = chance.choice((user.title(), None))
            has_left = chance.choice((None, None, NOW))
            await superops.person(str(account), user, books=books, name=name, gone_at=has_left)
    return [first, second, gone]


def summed(items: list[dict[str, Any]]) -> dict[tuple[UUID, str], tuple[int, int]]:
    """What the list says of each client and metric: counted, and left out."""
    numbers: dict[bool, Counter[tuple[UUID, str]]] = {True: Counter(), False: Counter()}
    for one in items:
        assert one["counted"] is (one["reason"] is None)
        assert (one["client"] is None) is (one["reason"] == "unmapped")
        if one["client"] is not None:
            client_id = UUID(one["client"]["id"])
            numbers[one["counted"]].update((client_id, metric) for metric in one["metrics"])
    keys = {*numbers[True], *numbers[False]}
    return {key: (numbers[True][key], numbers[False][key]) for key in keys}


async def test_the_list_and_the_counts_agree_by_every_rule_and_filter(
    superops: SuperOps, api: Api, clock: SetClock, house: House
) -> None:
    """Of 200 devices spelt in many ways; long after they were counted, too."""
    clients = await portfolio(superops)
    await superops.walked()
    listed = Listed(api, DEVICES)
    kept = await superops.counted(DeviceRule())
    for rule in (
        {},
        {"ignored_device_names": IGNORED},
        {"idle_device_days": None},
        {"idle_device_days": 30, "ignored_device_names": []},
    ):
        if rule:
            answer = await api.finance.patch(SETTINGS, headers={"If-Match": "*"}, json=rule)
            assert answer.status_code == 200, answer.text
            await house.work()
            kept = await superops.kept()
        clock.move(days=7)
        items = await listed.all()
        by_metric = {key: value for key, value in kept.items() if key[1] != "users"}
        assert summed(items) == {key: value for key, value in by_metric.items() if any(value)}
        assert {who for who, _ in kept} == set(clients[:2])
        told = await listed.numbers()
        reasons = Counter((metric, one["reason"]) for one in items for metric in one["metrics"])
        assert told == {
            metric: {why or "counted": reasons[metric, why] for why in (None, *NotCounted)}
            for metric in DeviceMetric
        }
    clock.move(days=-28)
    assert len({tuple(one["metrics"]) for one in items}) >= 8
    assert {one["reason"] for one in items} == {None, "unmapped", "idle"}
    of_client = {client_id: await listed.numbers(client_id=str(client_id)) for client_id in clients}
    for client_id, metric in product(clients, DeviceMetric):
        numbers = of_client[client_id][metric]
        theirs = {"client_id": str(client_id), "metric": metric}
        count, excluded = kept.get((client_id, metric), (0, 0))
        assert len(await listed.all(**theirs, counted=True)) == count == numbers["counted"]
        left_out = await listed.all(**theirs, reason=["idle", "ignored"])
        assert len(left_out) == excluded == numbers["idle"] + numbers["ignored"]
        assert left_out == await listed.all(**theirs, counted=False)
    for query, is_meant in (
        ({"reason": "unmapped"}, lambda one: one["client"] is None),
        ({"q": "VDI"}, lambda one: "vdi" in f"{one['name']} {one['host_name']}".lower()),
        ({"q": "s-1", "metric": "servers"}, lambda one: one["serial_number"] == "S-1"
         and "servers" in one["metrics"]),
    ):  # fmt: skip
        found = await listed.all(**query)
        assert found == [one for one in items if is_meant(one)]
        assert found


async def test_the_people_listed_are_the_users_counted(superops: SuperOps, api: Api) -> None:
    await portfolio(superops)
    await superops.walked()
    kept = await superops.counted()
    listed = Listed(api, USERS)
    items = await listed.all()
    found = Counter(UUID(one["client"]["id"]) for one in items if one["client"])
    users = {client: count for (client, metric), (count, _) in kept.items() if metric == "users"}
    assert found == {client: count for client, count in users.items() if count}
    assert {one["counted"] for one in items} == {True, False}
    for one in items:
        assert one["counted"] is (one["client"] is not None)
        assert one.keys() == {"source", "source_id", "client", "company", "name", "counted"}
    by_name = sorted(items, key=lambda one: one["name"] or "")
    assert [one["name"] for one in items] == [one["name"] for one in by_name]
    some = [one for one in items if one["name"] == "Ann"]
    assert await listed.all(q="ANN") == some != []
    assert await listed.all(counted=False) == [one for one in items if not one["counted"]]


async def test_the_way_from_a_line_of_a_snapshot_leads_to_the_machines_it_counted(
    superops: SuperOps, api: Api, house: House
) -> None:
    client, *_ = await portfolio(superops)
    await superops.walked()
    await house.synced()
    for metric in ("servers", "users"):
        await house.rule(metric, await house.product(f"for {metric}"))
    lines = await house.lines(await house.snapshot(), client)
    found = {}
    for line in lines:
        assert line["count"]["source"] == "superops"
        is_of_people = line["metric"] == "users"
        listed = Listed(api, USERS if is_of_people else DEVICES)
        asked = {"client_id": str(client)} | ({} if is_of_people else {"metric": line["metric"]})
        page = await listed.page(**asked, counted=True, limit=200)
        assert page["standing"]["counted_at"] == line["count"]["counted_at"]
        left_out = [] if is_of_people else await listed.all(**asked, reason=["idle", "ignored"])
        numbers = (line["count"]["count"], line["count"]["excluded"])
        assert numbers == (len(page["items"]), len(left_out))
        found[line["metric"]] = numbers
    assert all(count for count, _ in found.values())
    assert found["servers"][1] > 0
    detail = (await api.viewer.get(f"/v1/clients/{client}")).json()
    devices = await Listed(api, DEVICES).all(client_id=str(client), counted=True)
    assert detail["devices"] == {"value": len(devices), "reason": None}


async def test_the_files_hold_what_the_list_shows(superops: SuperOps, api: Api) -> None:
    await portfolio(superops)
    await superops.walked()
    query = {"metric": "windows_devices", "sort": "-last_seen_at"}
    items = await Listed(api, DEVICES).all(**query)
    text = (await api.viewer.get(f"{DEVICES}/export.csv", params=query)).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["Device Id"] for row in rows] == [one["source_id"] for one in items]
    for row, one in zip(rows, items, strict=True):
        assert row["Device"].removeprefix("'") == (one["name"] or "")
        assert row["Client"] == (one["client"] or {"name": ""})["name"]
        assert row["Metrics"] == ", ".join(one["metrics"])
        assert (row["Counted"], row["Not Counted Because"]) == (
            str(one["counted"]).lower(),
            one["reason"] or "",
        )
    assert "'=HYPERLINK(1)" in {row["Device"] for row in rows}
    answer = await api.viewer.get(f"{DEVICES}/export.xlsx", params=query)
    (sheet,) = sheets_of(answer.content)
    header, *cells = values_of(sheet)
    assert header == list(rows[0])
    assert [dict(zip(header, row, strict=True))["Device"] for row in cells] == [
        one["name"] for one in items
    ]
    names = [
        (await api.viewer.get(f"{DEVICES}/export.{kind}")).headers["content-disposition"]
        for kind in ("csv", "xlsx")
    ]
    assert names == [
        f'attachment; filename="devices-2026-11-24.{kind}"' for kind in ("csv", "xlsx")
    ]


async def test_not_connected_never_synced_empty_and_partial_are_told_apart(
    superops: SuperOps, api: Api, database: Database
) -> None:
    async def told() -> tuple[Any, ...]:
        pages = [await Listed(api, path).page() for path in (DEVICES, USERS)]
        assert pages[0]["standing"] == pages[1]["standing"]
        standing = pages[0]["standing"]
        names = ("is_connected", "never_synced", "is_partial", "counted_at")
        return (len(pages[0]["items"]), *(standing[name] for name in names))

    walked = WALKED.isoformat().replace("+00:00", "Z")
    assert await told() == (0, False, True, False, None)
    await connect_pax8(
        database, api.organisation_id, provider="superops", auth_mode="api_token",
        last_success_at=None,
    )  # fmt: skip
    assert await told() == (0, True, True, False, None)
    books = await superops.ledger()
    await superops.client("acme", books=books)
    await superops.asset("acme", books=books)
    # the first sync is under way
    assert await told() == (1, True, True, True, None)
    await superops.walked()
    assert await told() == (1, True, False, False, walked)
    await superops.walked(NOW, status="partial", step="partial")
    assert await told() == (1, True, False, True, walked)
    for number, kind in enumerate(("assets", "users", "invoices")):
        await superops.insert(
            "quarantined_records", source="superops", kind=kind, record_key=str(number),
            reason="/name: It is no text.", record="{}", last_seen_at=NOW, run_id=books,
        )  # fmt: skip
    assert (await Listed(api, DEVICES).page())["standing"]["quarantined"] == 2
    await database.as_owner("UPDATE superops_assets SET gone_at = now()")
    await superops.walked(NOW + DAY)
    _, *_, counted_at = await told()
    assert counted_at == (NOW + DAY).isoformat().replace("+00:00", "Z")
    rule = (await Listed(api, DEVICES).page())["rule"]
    assert rule == {
        "idle_device_days": 90,
        "idle_since": (NOW - 89 * DAY).isoformat().replace("+00:00", "Z"),
        "ignored_device_names": [],
    }
