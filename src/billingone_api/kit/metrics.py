"""What Prometheus reads of a process: counts and durations, by labels of which there are few.

No label names an organisation, a person or an id: each of them would be a series of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server
from prometheus_client.registry import Collector

LOOPBACK: Final = "127.0.0.1"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUEST_SECONDS: Final = Histogram(
    "billingone_request_seconds",
    "From a request's arrival to the end of its answer.",
    ("method", "route", "status"),
    buckets=_SECONDS,
)
REQUESTS_IN_FLIGHT: Final = Gauge(
    "billingone_requests_in_flight", "Requests whose answer has not ended; streams among them."
)
STREAMS_OPEN: Final = Gauge("billingone_event_streams_open", "Event streams somebody listens to.")
RUNS: Final = Counter(
    "billingone_runs", "Runs that ended, by what they copied and how.", ("source", "status")
)
CALL_SECONDS: Final = Histogram(
    "billingone_call_seconds",
    "One request to a third party, without waiting for its turn.",
    ("host", "status"),
    buckets=_SECONDS,
)
UNREADABLE_WEBHOOKS: Final = Counter(
    "billingone_unreadable_webhooks",
    "Events of signed webhooks that nobody could read; a body without events is one.",
    ("provider",),
)
REQUESTS_UNCOUNTED: Final = Gauge(
    "billingone_requests_uncounted",
    "Requests let through since the start because nobody could count them.",
)
AFTER_COMMIT_FAILURES: Final = Counter(
    "billingone_after_commit_failures", "What should have followed a commit and failed."
)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def status_class(status: int | None) -> str:
    """`2xx`; an answer that broke off or never came has none."""
    return "none" if status is None else f"{status // 100}xx"


def observe_request(method: str, route: str | None, status: int | None, seconds: float) -> None:
    REQUEST_SECONDS.labels(
        method if method in _METHODS else "other",
        route or "unknown",
        status_class(status),
    ).observe(seconds)


@dataclass(slots=True)
class Timing:
    """A call under way; the status is None for one that brought no answer."""

    status: int | None = None


@contextmanager
def timed(host: str) -> Iterator[Timing]:
    timing, started = Timing(), perf_counter()
    try:
        yield timing
    finally:
        seconds = perf_counter() - started
        CALL_SECONDS.labels(host, status_class(timing.status)).observe(seconds)


@contextmanager
def served(port: int | None, *collectors: Collector) -> Iterator[int | None]:
    """Serve /metrics on loopback meanwhile; the port, which 0 leaves to the system.

    In a thread of its own, so that a loop that hangs can still be seen to hang.
    """
    if port is None:
        yield None
        return
    for collector in collectors:
        REGISTRY.register(collector)
    server, thread = start_http_server(port, addr=LOOPBACK)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for collector in collectors:
            REGISTRY.unregister(collector)
