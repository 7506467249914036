"""What waits, and what is left of third parties' limits, over all organisations: counts alone."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.database.unit_of_work import directory_work

_DUE: Final = text(
    "SELECT kind, count(*) AS waiting,"
    " extract(epoch FROM now() - min(due_at))::float8 AS oldest_seconds FROM due_work"
    " WHERE due_at < now() AND (lease IS NULL OR leased_until < now()) GROUP BY kind"
)
# Tenants' tables: a reviewed function of the owner's counts what no single organisation may see.
_COUNTED: Final = text("SELECT kind, label, value FROM counted_over_all()")
_PATIENCE: Final = 5.0
"""Seconds that a scrape waits for the database."""
_MINUTE: Final = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """Work of a kind that is due and in nobody's hands, and for how many seconds the oldest is."""

    kind: str
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Counted:
    """`quarantined` records by source; `longest_wait` in seconds and `parked` by provider."""

    kind: str
    label: str
    value: float


async def due(engine: AsyncEngine) -> list[Due]:
    async with directory_work(engine) as connection:
        return [Due(**row) for row in (await connection.execute(_DUE)).mappings()]


def oldest_seconds(found: Iterable[Due]) -> float:
    return max((each.oldest_seconds for each in found), default=0)


async def counted(engine: AsyncEngine) -> list[Counted]:
    async with directory_work(engine) as connection:
        return [Counted(**row) for row in (await connection.execute(_COUNTED)).mappings()]


class Gauges(Collector):
    """What is read when Prometheus asks: the pool, and the counts that stand in the database.

    Asked in the thread of kit/metrics; the database is read on the process's own loop. `rates` are
    our own ceilings for third parties, in requests a second.
    """

    def __init__(
        self, engine: AsyncEngine, loop: asyncio.AbstractEventLoop, *, rates: Mapping[str, float]
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._rates = rates

    def describe(self) -> Iterable[Any]:
        """Nothing beforehand, or registering would ask the database."""
        return []

    def collect(self) -> Iterator[Any]:
        pool: Any = self._engine.sync_engine.pool
        yield _gauge("pool_size", "Connections there may be.", pool.size())
        yield _gauge("pool_in_use", "Connections in use.", pool.checkedout())
        found = self._of_database()
        yield _gauge("database_up", "Whether it answered this scrape.", bool(found))
        yield from found

    def _of_database(self) -> list[Any]:
        asked = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        try:
            return asked.result(_PATIENCE)
        except Exception as error:  # noqa: BLE001 - a scrape tells what it can
            asked.cancel()
            log.warning("metrics_without_database", reason=type(error).__name__)
            return []

    async def _read(self) -> list[Any]:
        waiting, found = await due(self._engine), await counted(self._engine)
        of = {kind: {one.label: one.value for one in found if one.kind == kind} for kind in _KINDS}
        left = {
            provider: max(_MINUTE - wait, 0) * self._rates[provider]
            for provider, wait in of["longest_wait"].items()
            if provider in self._rates
        }
        return [
            _gauge(
                "oldest_due_work_seconds",
                "For how long the oldest due work waits.",
                oldest_seconds(waiting),
            ),
            _by(
                "due_work",
                "Work that is due and in nobody's hands.",
                kind={each.kind: each.waiting for each in waiting},
            ),
            _by("quarantined_records", "Records that cannot be read.", source=of["quarantined"]),
            _by("upstream_parked", "Organisations kept off a third party.", provider=of["parked"]),
            _by(
                "upstream_requests_left",
                "What the organisation with the fewest may still send in the coming minute.",
                provider=left,
            ),
        ]


_KINDS: Final = ("quarantined", "longest_wait", "parked")


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"billingone_{name}", words, value=value)


def _by(name: str, words: str, **labelled: Mapping[str, float]) -> GaugeMetricFamily:
    ((label, values),) = labelled.items()
    family = GaugeMetricFamily(f"billingone_{name}", words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
