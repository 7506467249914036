"""A portfolio of 1,000 clients with planted faults: each is found, and nothing else is."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.clock import NOW
from tests.support.figures import Figure
from tests.support.portfolio import subscription
from tests.support.reconciled import House

from billingone_api.kit.ids import new_id

CLIENTS = 1_000
EACH = 10
"""Subscriptions of a client."""
TODAY = NOW.date()
METRICS = ("devices", "users", "servers", "workstations")
SUITES = {metric: tuple(f"{metric}-{letter}" for letter in "abc") for metric in METRICS}


@dataclass
class Client:
    """What one client holds and uses; `expected` is the status of each metric's line."""

    id: UUID
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)


def seats(client: Client, metric: str) -> int:
    return int(sum(row["quantity"] for row in client.held[metric]))


def clean(rng: random.Random) -> Client:
    """Seats spread over substitutes, as many as are used."""
    client = Client(new_id())
    for metric in METRICS:
        client.held[metric] = [
            subscription(
                client_id=client.id,
                product_id=rng.choice(SUITES[metric]),
                quantity=Decimal(rng.randint(1, 40)),
                price=Decimal(rng.randint(100, 9900)) / 100,
                billing_term=rng.choice(("Monthly", "Annual")),
                source_status=rng.choice(("Active", "Active", "Trial")),
            )
            for _ in range(2 if metric in METRICS[:2] else 3)
        ]
        client.counts[metric] = (seats(client, metric), NOW - timedelta(hours=rng.randint(0, 48)))
        client.expected[metric] = "matched"
    return client


def used_more(client: Client, metric: str, rng: random.Random) -> str:
    count, at = client.counts[metric]
    client.counts[metric] = (count + rng.randint(1, 20), at)
    return "under_licensed"


def used_less(client: Client, metric: str, rng: random.Random) -> str:
    count, at = client.counts[metric]
    client.counts[metric] = (max(count - rng.randint(1, 20), 0), at)
    return "over_licensed"


def cancelled(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["source_status"] = "Cancelled"
    return "under_licensed"


def ended(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0] |= {
        "source_status": "PendingCancel",
        "ends_on": TODAY - timedelta(days=1),
    }
    return "under_licensed"


def ends_today(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0] |= {"source_status": "PendingCancel", "ends_on": TODAY}
    return "matched"


def suspended(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["source_status"] = "Suspended"
    return "under_licensed"


def gone(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["gone_at"] = NOW
    return "under_licensed"


def of_nobody(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["client_id"] = None
    return "under_licensed"


def another_product(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["product_id"] = "covered-by-nothing"
    return "under_licensed"


def bought_twice(client: Client, metric: str, _: random.Random) -> str:
    again = dict(client.held[metric][0])
    again["id"] = new_id()
    client.held[metric].append(again | {"source_id": str(again["id"])})
    return "over_licensed"


def never_counted(client: Client, metric: str, _: random.Random) -> str:
    del client.counts[metric]
    return "no_data"


def counted_long_ago(client: Client, metric: str, _: random.Random) -> str:
    count, _at = client.counts[metric]
    client.counts[metric] = (count + 9, NOW - timedelta(hours=49))
    return "no_data"


def without_quantity(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["quantity"] = None
    return "no_data"


def billed_by_usage(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["usage_billed"] = True
    return "no_data"


def without_price(client: Client, metric: str, _: random.Random) -> str:
    for row in client.held[metric]:
        row["price"] = None
    return "matched"


FAULTS: tuple[Callable[[Client, str, random.Random], str], ...] = (
    used_more, used_less, cancelled, ended, ends_today, suspended, gone, of_nobody, another_product,
    bought_twice, never_counted, counted_long_ago, without_quantity, billed_by_usage, without_price,
)  # fmt: skip


async def many(
    connection: asyncpg.Connection, table: str, names: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - ours
    await connection.executemany(statement, rows)


async def fill(house: House, clients: list[Client]) -> None:
    mine = house.organisation_id
    connection = await asyncpg.connect(house.database.owner_url.replace("+asyncpg", ""))
    try:
        people = [(mine, one.id, f"Client {n:04}", True) for n, one in enumerate(clients)]
        await many(connection, "clients", ("organisation_id", "id", "name", "active"), people)
        held = [row for one in clients for each in one.held.values() for row in each]
        columns = ("organisation_id", *held[0])
        rows = [(mine, *(row[name] for name in held[0])) for row in held]
        await many(connection, "subscriptions", columns, rows)
        counts = [
            (mine, one.id, metric, "ninjaone", at, number, 0, at)
            for one in clients
            for metric, (number, at) in one.counts.items()
        ]
        of = ("client_id", "metric", "source", "counted_at", "count", "excluded", "received_at")
        await many(connection, "client_counts", ("organisation_id", *of), counts)
    finally:
        await connection.close()
    for metric in METRICS:
        for product in SUITES[metric]:
            await house.product(product)
        await house.rule(metric, *SUITES[metric])


async def found(house: House) -> dict[tuple[UUID, str], str]:
    await house.snapshot()
    rows = await house.database.as_owner("SELECT client_id, metric, status FROM snapshot_lines")
    return {(row["client_id"], row["metric"]): row["status"] for row in rows}


def expected(clients: list[Client]) -> dict[tuple[UUID, str], str]:
    return {(one.id, metric): word for one in clients for metric, word in one.expected.items()}


@pytest.mark.parametrize("seed", [1])
async def test_every_planted_fault_is_found_and_nothing_else(
    house: House, figure: Figure, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a portfolio that can be made again
    clients = [clean(rng) for _ in range(CLIENTS)]
    planted: Counter[str] = Counter()
    for client in rng.sample(clients, CLIENTS // 5):
        fault, metric = rng.choice(FAULTS), rng.choice(METRICS)
        client.expected[metric] = fault(client, metric, rng)
        planted[fault.__name__] += 1
    assert planted.keys() == {fault.__name__ for fault in FAULTS}
    await fill(house, clients)
    wanted, lines = expected(clients), await found(house)
    wrong = {"under_licensed", "over_licensed"}
    told = {key for key, word in lines.items() if word in wrong}
    meant = {key for key, word in wanted.items() if word in wrong}
    precision, recall = len(told & meant) / len(told), len(told & meant) / len(meant)
    assert (precision, recall) == (1, 1)
    assert lines == wanted
    figure(
        f"reconciliation: {CLIENTS:,} clients, {len(meant)} findings of {len(FAULTS)} kinds of "
        f"planted faults: precision {precision:.3f}, recall {recall:.3f} (seed {seed})"
    )


async def test_a_clean_portfolio_of_a_thousand_has_no_finding(house: House, figure: Figure) -> None:
    rng = random.Random(3)  # noqa: S311 - a portfolio that can be made again
    clients = [clean(rng) for _ in range(CLIENTS)]
    await fill(house, clients)
    lines = await found(house)
    assert set(lines.values()) == {"matched"}
    (snapshot,) = (await house.read("/snapshots"))["items"]
    assert (snapshot["outcome"], snapshot["coverage"]["doubts"]) == ("clean", [])
    figure(f"reconciliation: a clean portfolio of {CLIENTS:,} clients has no finding")
