"""What Prometheus reads of a process, over a real socket."""

import asyncio
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.database.rows import ONE, TWO, fill
from tests.support.api import Api, settings_for
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.town import town

from billingone_api.billing.integrations.models import PROVIDERS
from billingone_api.config import ConfigurationError
from billingone_api.database.backlog import Gauges
from billingone_api.database.unit_of_work import AFTER_COMMIT_FAILURES
from billingone_api.kit import metrics
from billingone_api.kit.ids import new_id
from billingone_api.process import Process, running_process

Series = Mapping[tuple[str, tuple[str, ...]], float]


def read(text: str) -> Series:
    """Value by name and values of labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("billingone") and not sample.name.endswith("_created")
    }


async def scraped(process: Process) -> Series:
    gauges = Gauges(process.engine, asyncio.get_running_loop(), rates={"pax8": 10.0})
    with metrics.served(0, gauges) as port:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    return read(answer.text)


async def test_requests_are_measured_by_route_method_and_class_of_status(api: Api) -> None:
    before = await scraped(api.app.state.process)
    await api.finance.get(f"/v1/syncs/{new_id()}")
    await api.finance.get(f"/v1/syncs/{new_id()}")
    await api.finance.get("/v1/clients")
    after = await scraped(api.app.state.process)

    def counted(*labels: str) -> float:
        name = ("billingone_request_seconds_count", labels)
        return after.get(name, 0) - before.get(name, 0)

    assert counted("GET", "/v1/syncs/{sync_id}", "4xx") == 2
    assert counted("GET", "/v1/clients", "2xx") == 1
    assert after["billingone_requests_in_flight", ()] == 0


async def test_every_provider_has_its_ceiling(api: Api) -> None:
    assert set(api.app.state.process.settings.request_rates) == set(PROVIDERS)


async def test_nothing_that_callers_choose_makes_a_series(api: Api, figure: Figure) -> None:
    process = api.app.state.process
    await api.finance.request("BREW", "/v1/nowhere")
    await api.nobody.get("/nowhere")
    await api.finance.get(f"/v1/syncs/{new_id()}")
    before = await scraped(process)
    for number in range(20):
        other = api.of(new_id())
        await other.finance.get(f"/v1/syncs/{new_id()}", params={"q": str(number)})
        await api.finance.get(f"/v1/syncs/{new_id()}")
        await api.finance.request(f"BREW{number}", f"/v1/nowhere{number}")
        await api.nobody.get(f"/nowhere{number}")
    after = await scraped(process)
    assert after.keys() - before.keys() <= {
        (f"billingone_request_seconds_{part}", ("GET", "/v1/syncs/{sync_id}", "4xx", *more))
        for part, more in (("count", ()), ("sum", ()))
    }
    figure(f"28: {len(after)} series, as many after 80 requests with other ids, paths and methods")


async def test_what_waits_is_counted_over_all_organisations(
    process: Process, database: Database
) -> None:
    import asyncpg

    connection = await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))
    await fill(connection, ONE, TWO)
    await connection.execute(
        "UPDATE provider_limits SET provider = 'pax8', next_at = now() + interval '30 seconds',"
        " not_before = CASE WHEN organisation_id = $1 THEN now() + interval '1 hour' END",
        ONE,
    )
    await connection.execute(
        "UPDATE due_work SET kind = 'sync', leased_until = now() - interval '1 second',"
        " due_at = now() - CASE WHEN organisation_id = $1 THEN interval '90 seconds'"
        " ELSE interval '1 second' END",
        ONE,
    )
    await connection.execute("UPDATE quarantined_records SET source = 'pax8'")
    await connection.close()
    found = await scraped(process)
    assert found["billingone_due_work", ("sync",)] == 2
    assert 90 <= found["billingone_oldest_due_work_seconds", ()] < 90 + 60
    assert found["billingone_quarantined_records", ("pax8",)] == 2
    assert found["billingone_upstream_parked", ("pax8",)] == 1
    assert found["billingone_upstream_requests_left", ("pax8",)] == 0
    assert found["billingone_database_up", ()] == 1
    assert (found["billingone_pool_size", ()], found["billingone_pool_in_use", ()]) == (5, 0)


async def test_work_in_hand_or_still_to_come_is_not_waiting(
    process: Process, database: Database, organisation_id: UUID
) -> None:
    hour = timedelta(hours=1)
    for key, due, leased in (("held", -hour, hour), ("later", hour, -hour)):
        await database.as_owner(
            "INSERT INTO due_work (organisation_id, kind, key, due_at, lease, leased_until)"
            " VALUES ($1, 'sync', $2, now() + $3, $4, now() + $5)",
            organisation_id,
            key,
            due,
            new_id(),
            leased,
        )
    found = await scraped(process)
    assert ("billingone_due_work", ("sync",)) not in found
    assert found["billingone_oldest_due_work_seconds", ()] == 0


async def test_a_scrape_tells_what_it_can_without_the_database(process: Process) -> None:
    await process.engine.dispose()
    process.engine.sync_engine.dialect.connect = _refuse  # type: ignore[method-assign]
    found = await scraped(process)
    assert found["billingone_database_up", ()] == 0
    assert ("billingone_oldest_due_work_seconds", ()) not in found
    assert found["billingone_pool_size", ()] == 5


def _refuse(*_: Any, **__: Any) -> Any:
    raise ConnectionRefusedError("planted")


async def test_runs_and_calls_and_streams_are_counted(
    database: Database, organisation_id: UUID
) -> None:
    async with town(database, organisation_id) as here:
        await here.connect()
        before = await scraped(here.process)
        ended = await here.sync()
        stream = here.api.finance.stream("GET", f"/v1/syncs/{ended['id']}/events")
        async with stream as answer:
            assert answer.status_code == 200
        after = await scraped(here.process)
    runs = ("billingone_runs_total", ("pax8", ended["status"]))
    assert after[runs] - before.get(runs, 0) == 1
    calls = ("billingone_call_seconds_count", ("sandbox.test", "2xx"))
    assert after[calls] - before.get(calls, 0) >= 3
    assert after["billingone_event_streams_open", ()] == 0


async def test_what_fails_after_a_commit_is_counted(
    process: Process, organisation_id: UUID
) -> None:
    async def fail() -> None:
        raise RuntimeError("planted")

    before = AFTER_COMMIT_FAILURES._value.get()
    async with process.work(organisation_id) as work:
        work.after_commit.append(fail)
    assert AFTER_COMMIT_FAILURES._value.get() - before == 1


async def test_it_is_served_on_loopback_alone_and_only_where_a_port_is_chosen(
    database: Database,
) -> None:
    with metrics.served(None) as port:
        assert port is None
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"METRICS_PORT: {port}"):
            async with running_process(settings_for(database, metrics_port=port), name="test"):
                pass
    async with running_process(settings_for(database, metrics_port=port), name="test") as made:
        assert made.settings.metrics_port == port
        async with httpx.AsyncClient(trust_env=False) as http:
            found = read((await http.get(f"http://127.0.0.1:{port}/metrics")).text)
    assert found["billingone_database_up", ()] == 1
    assert found["billingone_requests_uncounted", ()] == 0
    assert metrics.LOOPBACK == "127.0.0.1"


async def test_a_backlog_is_told_and_makes_no_process_unready(api: Api, database: Database) -> None:
    """Or workers that died would take every API process out of rotation."""
    fresh = await api.nobody.get("/readyz")
    assert fresh.json() == {"status": "ready", "oldest_due_work_seconds": 0}
    await database.as_owner(
        "INSERT INTO due_work (organisation_id, kind, key, due_at, lease, leased_until)"
        " VALUES ($1, 'sync', 'run', now() - interval '2 days', $2, now() - interval '1 day')",
        api.organisation_id,
        new_id(),
    )
    behind = await api.nobody.get("/readyz")
    assert behind.status_code == 200
    assert behind.json()["oldest_due_work_seconds"] >= 2 * 24 * 60 * 60
