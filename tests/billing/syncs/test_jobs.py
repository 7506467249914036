import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from tests.support.api import Api, RecordingBell
from tests.support.clock import NOW, SetClock
from tests.support.databases import Database
from tests.support.sources import (
    Crash,
    FakeSource,
    claim,
    connect,
    copied_names,
    time_passes,
    work_off,
)

from billingone_api.billing.syncs.models import Claim
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.worker import JOBS

PLACES = (
    "open",
    "fetch companies 0",
    "write companies 0",
    "written companies 0",
    "fetch companies 1",
    "write companies 1",
    "end companies",
    "fetch subscriptions 0",
    "written subscriptions 1",
    "fetch subscriptions 2",
    "written subscriptions 2",
    "end subscriptions",
    "close",
)
"""Where a run of the fake source comes by."""
EVERYTHING = {"Acme", "Bondi Dental", "Cairns Reef", "M365 Acme", "M365 Bondi", "M365 Cairns"}
pytestmark = pytest.mark.usefixtures("connection_id")


class Raises:
    """A mood: at one place something goes wrong, the first few times."""

    def __init__(self, place: str, error: BaseException, *, times: int = 1) -> None:
        self.place = place
        self.error = error
        self.times = times

    async def __call__(self, place: str) -> None:
        if place == self.place and self.times:
            self.times -= 1
            raise self.error


async def started(api: Api, **wish: object) -> str:
    """Of Pax8, unless said otherwise: a sync of everything would be owed a snapshot as well."""
    body = {"sources": ["pax8"]} | wish
    sync_id: str = (await api.finance.post("/v1/syncs", json=body)).json()["id"]
    return sync_id


async def run_of(api: Api, sync_id: str) -> dict[str, Any]:
    run: dict[str, Any] = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()["runs"][0]
    return run


async def carry_on(process: Process, source: FakeSource, found: Claim) -> None:
    await JOBS[found.kind](process, {source.key: source}, found)


async def due(database: Database) -> dict[str, Any]:
    (row,) = await database.as_owner("SELECT * FROM due_work")
    return dict(row)


def outcome(run: dict[str, Any]) -> tuple[str, str | None]:
    return run["status"], run["problem"] and run["problem"]["code"]


async def break_connections(database: Database) -> int:
    """As the role that made them, which is all it takes; how many there were."""
    connection = await asyncpg.connect(database.application_url.replace("+asyncpg", ""))
    try:
        found = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'test' AND datname = current_database()"
        )
        return len(found)
    finally:
        await connection.close()


async def test_an_undisturbed_run_comes_by_every_place(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    await started(api)
    await work_off(process, source)
    assert set(PLACES) < set(source.places)
    assert await copied_names(database) == EVERYTHING


@pytest.mark.parametrize("place", PLACES)
async def test_a_run_whose_worker_dies_ends_as_if_nothing_had_happened(
    api: Api, process: Process, database: Database, source: FakeSource, place: str
) -> None:
    sync_id = await started(api)
    source.mood = Raises(place, Crash())
    with pytest.raises(Crash):
        await work_off(process, source)
    assert (await run_of(api, sync_id))["status"] == "running"
    assert await work_off(process, source) == 0, "its lease has not run out"
    await time_passes(database)
    assert await work_off(process, source) == 1
    assert await copied_names(database) == EVERYTHING
    run = await run_of(api, sync_id)
    assert (outcome(run), run["progress"]) == (("succeeded", None), 100)
    assert run["counts"]["created"] == 6
    assert run["counts"]["unchanged"] == 0
    assert [step["done"] for step in run["steps"]] == [3, 3]
    assert await database.as_owner("SELECT FROM due_work") == []
    assert await database.as_owner("SELECT FROM sync_seen") == []


@pytest.mark.parametrize("place", PLACES)
async def test_a_worker_told_to_stop_gives_the_run_back_where_it_stands(
    api: Api, process: Process, database: Database, source: FakeSource, place: str
) -> None:
    sync_id = await started(api)
    reached, told = asyncio.Event(), asyncio.Event()

    async def mood(at: str) -> None:
        if at == place and not reached.is_set():
            reached.set()
            await told.wait()

    source.mood = mood
    (found,) = await claim(process)
    task = asyncio.create_task(carry_on(process, source, found))
    await reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    told.set()  # a batch that is being written goes on; nothing else would have
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    row = await due(database)
    assert (row["lease"], row["leased_until"], row["attempts"]) == (None, None, 0)
    assert await work_off(process, source) == 1, "due at once"
    assert await copied_names(database) == EVERYTHING
    run = await run_of(api, sync_id)
    assert (outcome(run), run["counts"]["created"]) == (("succeeded", None), 6)


async def test_ten_polite_restarts_use_up_no_attempt(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    for _ in range(10):
        reached = asyncio.Event()

        async def mood(place: str, reached: asyncio.Event = reached) -> None:
            if place == "fetch companies 0":
                reached.set()
                await asyncio.Event().wait()

        source.mood = mood
        (found,) = await claim(process)
        assert found.attempts == 1
        task = asyncio.create_task(carry_on(process, source, found))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert isinstance(process.bell, RecordingBell)
    assert process.bell.rings == 1 + 10, "each restart calls the other workers"
    source.mood = Raises("nowhere", Crash())
    await work_off(process, source)
    assert outcome(await run_of(api, sync_id)) == ("succeeded", None)


async def test_a_run_that_kills_its_worker_is_given_up(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    source.mood = Raises("fetch companies 0", Crash(), times=100)
    for _ in range(5):
        with pytest.raises(Crash):
            await work_off(process, source)
        await time_passes(database)
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert outcome(run) == ("failed", "worker_lost")
    assert "5 times" in run["problem"]["detail"]
    assert await database.as_owner("SELECT FROM due_work") == []


async def test_what_a_zombie_writes_is_fenced_off(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 0" and not asleep.is_set():
            asleep.set()
            await awake.wait()

    source.mood = mood
    (first,) = await claim(process)
    zombie = asyncio.create_task(carry_on(process, source, first))
    await asleep.wait()
    await time_passes(database)
    (second,) = await claim(process)
    awake.set()
    await zombie
    assert await copied_names(database) == {"Acme", "Bondi Dental", "Cairns Reef"}
    assert (await due(database))["lease"] == second.lease
    await carry_on(process, source, second)
    run = await run_of(api, sync_id)
    assert (outcome(run), run["counts"]["created"]) == (("succeeded", None), 6)


async def test_a_zombie_does_not_end_a_run_that_another_has(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)
    (first,) = await claim(process)
    await time_passes(database)
    (second,) = await claim(process)
    source.mood = Raises("open", CredentialsRejected("No.", provider="pax8"))
    await carry_on(process, source, first)
    assert source.places == []
    await carry_on(process, source, second)
    assert outcome(await run_of(api, sync_id)) == ("failed", "credentials_rejected")


async def test_no_transaction_is_open_while_the_third_party_answers(
    api: Api, process: Process, source: FakeSource
) -> None:
    used: dict[str, int] = {}

    async def mood(place: str) -> None:
        if place in {"open", "fetch companies 0", "fetch subscriptions 0"}:
            used[place] = process.engine.pool.checkedout()  # type: ignore[attr-defined]  # of a QueuePool

    source.mood = mood
    await started(api)
    await work_off(process, source)
    assert used == {"open": 0, "fetch companies 0": 0, "fetch subscriptions 0": 0}


async def test_the_next_batch_is_fetched_while_the_last_is_written(
    api: Api, process: Process, source: FakeSource
) -> None:
    fetched = asyncio.Event()

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 1":
            fetched.set()
        if place == "write subscriptions 0":
            await fetched.wait()

    source.mood = mood
    sync_id = await started(api)
    await work_off(process, source)
    assert outcome(await run_of(api, sync_id)) == ("succeeded", None)
    places = source.places
    assert places.index("fetch subscriptions 2") > places.index("written subscriptions 0"), (
        "one ahead, no more"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CredentialsRejected, "credentials_rejected"),
        (PermissionDenied, "permission_denied"),
    ],
)
async def test_what_only_a_person_can_mend_fails_and_asks_for_them(
    api: Api,
    process: Process,
    database: Database,
    clock: SetClock,
    source: FakeSource,
    error: type[ProviderError],
    code: str,
) -> None:
    sync_id = await started(api)
    source.mood = Raises("fetch subscriptions 1", error("Pax8 said no.", provider="pax8"))
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert outcome(run) == ("failed", code)
    assert run["problem"]["detail"] == "Pax8 said no."
    assert run["finished_at"] is not None
    assert await copied_names(database) == {"Acme", "Bondi Dental", "Cairns Reef", "M365 Acme"}
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert (integration["attention"], integration["attention_code"]) == ("Pax8 said no.", code)
    assert integration["attention_since"] == clock.now()
    assert integration["last_success_at"] is None
    assert await database.as_owner("SELECT FROM due_work") == []


async def test_success_clears_what_needed_attention(
    api: Api, process: Process, database: Database, clock: SetClock, source: FakeSource
) -> None:
    await database.as_owner(
        "UPDATE integrations SET attention = 'Old.', attention_code = 'x', attention_since = now()"
    )
    await started(api)
    await work_off(process, source)
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert integration["attention"] is None
    assert integration["attention_code"] is None
    assert integration["attention_since"] is None
    assert integration["last_success_at"] == clock.now()


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(None, 60), (7.0, 7), (0.0, 1), (86_400.0 * 365, 86_400)]
)
async def test_a_limit_parks_the_run_and_uses_no_attempt(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    retry_after: float | None,
    seconds: float,
) -> None:
    sync_id = await started(api)
    error = ProviderRateLimited("Pax8 limits us.", provider="pax8", retry_after=retry_after)
    source.mood = Raises("fetch companies 0", error, times=8)
    for _ in range(8):
        await work_off(process, source)
        run = await run_of(api, sync_id)
        assert outcome(run) == ("running", "provider_rate_limited")
        assert run["problem"]["detail"] == (
            "Pax8 limits us. It goes on by itself; there is nothing to do."
        )
        (row,) = await database.as_owner(
            "SELECT *, extract(epoch FROM due_at - now()) AS seconds FROM due_work"
        )
        assert seconds - 60 < row["seconds"] <= seconds + 2.5  # half of five, by chance
        assert run["resumes_at"] == row["due_at"].isoformat().replace("+00:00", "Z")
        assert (row["lease"], row["attempts"]) == (None, 0)
        await time_passes(database)
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert (outcome(run), run["resumes_at"]) == (("succeeded", None), None)


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        (
            ProviderUnavailable("Pax8 is away.", provider="pax8"),
            "provider_unavailable",
            "Pax8 is away. Sync again later",
        ),
        (
            MalformedAnswer("Pax8 sent half a page.", provider="pax8"),
            "provider_malformed",
            "Pax8 sent half a page. Nothing of that answer was used.",
        ),
        (
            RecordNotFound("Pax8 does not know it.", provider="pax8"),
            "provider_malformed",
            "Pax8 does not know it. Nothing of that answer was used.",
        ),
        (
            ZeroDivisionError("secret-value"),
            "internal_error",
            "Something went wrong on our side. It is in our log under the id of this run",
        ),
    ],
)
@pytest.mark.parametrize("place", ["open", "fetch companies 1", "write companies 1"])
async def test_what_may_pass_is_tried_five_times(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    error: Exception,
    code: str,
    advice: str,
    place: str,
) -> None:
    sync_id = await started(api)
    source.mood = Raises(place, error, times=5)
    for _ in range(4):
        await work_off(process, source)
        run = await run_of(api, sync_id)
        assert outcome(run) == ("running", code)
        assert run["resumes_at"] is not None
        assert run["problem"]["detail"].endswith("It goes on by itself; there is nothing to do.")
        await time_passes(database)
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert (outcome(run), run["resumes_at"]) == (("failed", code), None)
    assert run["problem"]["detail"].startswith(advice)
    assert "secret-value" not in str(run)
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert integration["attention"] is None, "nothing that a person could mend there"


async def test_an_outage_in_between_does_not_count_against_a_run_that_gets_on(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    source.steps_and_pages = {"subscriptions": [[f"No. {number}"] for number in range(8)]}
    away = ProviderUnavailable("Pax8 is away.", provider="pax8")
    broken: set[str] = set()

    async def mood(place: str) -> None:
        if place.startswith("fetch") and place not in broken:
            broken.add(place)
            raise away

    source.mood = mood
    sync_id = await started(api)
    for _ in range(9):
        await work_off(process, source)
        await time_passes(database)
    run = await run_of(api, sync_id)
    assert (outcome(run), run["counts"]["created"]) == (("succeeded", None), 8)


async def test_a_connection_to_the_database_that_breaks_costs_an_attempt_and_nothing_else(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def mood(place: str) -> None:
        if place == "written subscriptions 0" and source.places.count(place) == 1:
            broken.append(await break_connections(database))

    broken: list[int] = []
    source.mood = mood
    await work_off(process, source)
    assert broken[0] > 0
    assert (await run_of(api, sync_id))["problem"]["code"] == "internal_error"
    await time_passes(database)
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert (outcome(run), run["counts"]["created"]) == (("succeeded", None), 6)
    assert await copied_names(database) == EVERYTHING


async def test_other_credentials_end_the_run_without_blaming_the_new_ones(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    sync_id = await started(api)

    async def mood(place: str) -> None:
        if place == "fetch subscriptions 1":
            await database.as_owner("UPDATE integrations SET connection_id = $1", new_id())
            await database.as_owner("UPDATE sync_runs SET cancel_requested = true")
            raise CredentialsRejected("Pax8 does not know us any more.", provider="pax8")

    source.mood = mood
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert outcome(run) == ("cancelled", "connection_changed")
    assert "Sync again" in run["problem"]["detail"]
    (integration,) = await database.as_owner("SELECT * FROM integrations")
    assert (integration["attention"], integration["last_success_at"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DELETE FROM integrations", "connection_changed"),
        ("UPDATE integrations SET connection_id = gen_random_uuid()", "connection_changed"),
        ("UPDATE organisations SET ended_at = now()", "organisation_ended"),
    ],
)
@pytest.mark.parametrize("place", ["before", "fetch subscriptions 1"])
async def test_a_run_nobody_wants_any_more_writes_no_further_batch(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    change: str,
    code: str,
    place: str,
) -> None:
    await started(api)
    if place == "before":
        await database.as_owner(change)

    async def mood(at: str) -> None:
        if at == place:
            await database.as_owner(change)

    source.mood = mood
    await work_off(process, source)
    (run,) = await database.as_owner("SELECT * FROM sync_runs")
    assert (run["status"], run["problem"]) == ("cancelled", code)
    assert "M365 Bondi" not in await copied_names(database)
    assert await database.as_owner("SELECT FROM due_work") == []
    if place == "before":
        assert source.places == []


@pytest.mark.parametrize(
    ("pages", "notices", "status", "quarantined"),
    [
        ([["Acme"], ["?broken"]], {}, "partial", 1),
        (
            [["Acme"], ["Bondi"]],
            {"companies": "The list shrank; nothing was removed."},
            "partial",
            0,
        ),
        ([["Acme"], ["Bondi"]], {}, "succeeded", 0),
        ([], {}, "succeeded", 0),
    ],
)
async def test_what_was_put_aside_or_left_undone_makes_a_run_partial(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    pages: list[list[str]],
    notices: dict[str, str],
    status: str,
    quarantined: int,
) -> None:
    source.steps_and_pages = {"companies": pages, "subscriptions": [["M365"]]}
    source.notices = notices
    sync_id = await started(api)
    await work_off(process, source)
    sync = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
    run = sync["runs"][0]
    assert (sync["status"], run["status"], run["progress"]) == (status, status, 100)
    assert run["counts"]["quarantined"] == quarantined
    step = run["steps"][0]
    assert step["notice"] == notices.get("companies")
    assert step["status"] == ("partial" if notices else "done")
    (integration,) = await database.as_owner("SELECT last_success_at FROM integrations")
    assert integration["last_success_at"] == NOW


async def test_progress_counts_each_step_alike(
    api: Api, process: Process, source: FakeSource
) -> None:
    source.totals = {"companies": 3, "subscriptions": 3}
    sync_id = await started(api)
    seen: dict[str, Sequence[int | None]] = {}

    async def mood(place: str) -> None:
        if place.startswith("write "):
            run = await run_of(api, sync_id)
            seen[place] = [run["progress"], *(step["progress"] for step in run["steps"])]

    source.mood = mood
    await work_off(process, source)
    assert seen == {
        "write companies 0": [0, None, None],
        "write companies 1": [33, 66, None],
        "write subscriptions 0": [50, 100, None],
        "write subscriptions 1": [66, 100, 33],
        "write subscriptions 2": [83, 100, 66],
    }


@pytest.mark.parametrize(
    ("error", "status", "alone"),
    [
        (CredentialsRejected("No.", provider="pax8"), "partial", "failed"),
        (ProviderUnavailable("Away.", provider="pax8"), "running", "running"),
        (ProviderRateLimited("Enough.", provider="pax8", retry_after=9e4), "running", "running"),
    ],
)
async def test_one_integration_failing_does_not_stop_another(
    api: Api,
    process: Process,
    database: Database,
    source: FakeSource,
    xero: FakeSource,
    error: ProviderError,
    status: str,
    alone: str,
) -> None:
    await connect(database, api.organisation_id, "xero")
    source.mood = Raises("open", error)
    sync_id = await started(api, sources=["pax8", "xero"])
    assert await work_off(process, source, xero) == 2
    sync = (await api.viewer.get(f"/v1/syncs/{sync_id}")).json()
    assert sync["status"] == status
    assert [run["status"] for run in sync["runs"]] == [alone, "succeeded"]


async def test_a_source_that_cancels_itself_is_no_polite_stop(
    api: Api, process: Process, database: Database, source: FakeSource
) -> None:
    """Given back it would be due at once, and so on for ever."""
    sync_id = await started(api)
    source.mood = Raises("fetch companies 1", asyncio.CancelledError())
    await work_off(process, source)
    run = await run_of(api, sync_id)
    assert outcome(run) == ("running", "internal_error")
    assert run["resumes_at"] is not None


async def test_a_source_unknown_to_this_worker_is_an_error_of_ours(
    api: Api, process: Process, xero: FakeSource
) -> None:
    sync_id = await started(api)
    await work_off(process, xero)
    assert outcome(await run_of(api, sync_id)) == ("running", "internal_error")
