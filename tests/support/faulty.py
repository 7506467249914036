"""Clients that use what they hold, and faults to plant among them, each with what it has to be."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.portfolio import subscription

from billingone_api.kit.ids import new_id

METRICS = ("devices", "users", "servers", "workstations")
SUITES = {metric: tuple(f"{metric}-{letter}" for letter in "abc") for metric in METRICS}
Lines: TypeAlias = dict[tuple[UUID, str], str]
"""The status of each client's line of each metric."""


@dataclass
class Client:
    """What one client holds and uses; `expected` is the status of each metric's line."""

    id: UUID
    now: datetime
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)


def seats(client: Client, metric: str) -> int:
    return int(sum(row["quantity"] for row in client.held[metric]))


def clean(rng: random.Random, now: datetime = NOW) -> Client:
    """Seats spread over substitutes, as many as are used."""
    client = Client(new_id(), now)
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
        client.counts[metric] = (seats(client, metric), now - timedelta(hours=rng.randint(0, 47)))
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
        "ends_on": client.now.date() - timedelta(days=2),
    }
    return "under_licensed"


def ends_soon(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0] |= {
        "source_status": "PendingCancel",
        "ends_on": client.now.date() + timedelta(days=1),
    }
    return "matched"


def suspended(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["source_status"] = "Suspended"
    return "under_licensed"


def gone(client: Client, metric: str, _: random.Random) -> str:
    client.held[metric][0]["gone_at"] = client.now
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
    client.counts[metric] = (count + 9, client.now - timedelta(hours=49))
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


Fault: TypeAlias = Callable[[Client, str, random.Random], str]
FAULTS: tuple[Fault, ...] = (
    used_more, used_less, cancelled, ended, ends_soon, suspended, gone, of_nobody, another_product,
    bought_twice, never_counted, counted_long_ago, without_quantity, billed_by_usage, without_price,
)  # fmt: skip


async def many(
    connection: asyncpg.Connection, table: str, names: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - ours
    await connection.executemany(statement, rows)


async def fill(database: Database, organisation_id: UUID, clients: Sequence[Client]) -> None:
    connection = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    try:
        people = [
            (organisation_id, one.id, f"Client {n:04}", True) for n, one in enumerate(clients)
        ]
        await many(connection, "clients", ("organisation_id", "id", "name", "active"), people)
        held = [row for one in clients for each in one.held.values() for row in each]
        columns = ("organisation_id", *held[0])
        rows = [(organisation_id, *(row[name] for name in held[0])) for row in held]
        await many(connection, "subscriptions", columns, rows)
        counts = [
            (organisation_id, one.id, metric, "ninjaone", at, number, 0, at)
            for one in clients
            for metric, (number, at) in one.counts.items()
        ]
        of = ("client_id", "metric", "source", "counted_at", "count", "excluded", "received_at")
        await many(connection, "client_counts", ("organisation_id", *of), counts)
        products = [
            (organisation_id, "pax8", product, product, clients[0].now)
            for each in SUITES.values()
            for product in each
        ]
        of = ("source", "source_id", "name", "fetched_at")
        await many(connection, "products", ("organisation_id", *of), products)
    finally:
        await connection.close()


@dataclass
class Portfolio:
    """Clients, of whom some have a fault; `planted` says which, and of which metric."""

    clients: list[Client]
    planted: dict[tuple[UUID, str], Fault]

    @property
    def expected(self) -> Lines:
        return {
            (one.id, metric): word for one in self.clients for metric, word in one.expected.items()
        }


def portfolio(seed: int, *, clients: int, faulty: int, now: datetime = NOW) -> Portfolio:
    """One fault each for so many of them, all kinds in turn."""
    rng = random.Random(seed)  # noqa: S311 - a portfolio that can be made again
    every = [clean(rng, now) for _ in range(clients)]
    planted: dict[tuple[UUID, str], Fault] = {}
    for number, client in enumerate(rng.sample(every, faulty)):
        fault, metric = FAULTS[number % len(FAULTS)], rng.choice(METRICS)
        client.expected[metric] = fault(client, metric, rng)
        planted[client.id, metric] = fault
    return Portfolio(every, planted)
