"""Decides what is synced when somebody asks, and when a run that cannot go on tries again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final
from uuid import UUID

from billingone_api.billing.integrations.models import SWEPT_NIGHTLY, NotConnected
from billingone_api.billing.syncs.models import (
    Failure,
    Mode,
    Outcome,
    Problem,
    ProblemCode,
    QueuedRun,
    RunStatus,
    StepBegun,
    StepStatus,
    Sync,
    Trigger,
    Wait,
)
from billingone_api.billing.syncs.ports import RunRecord, Sources, Syncs
from billingone_api.kit.errors import Conflict, NotFound, Pointer, ValidationFailed
from billingone_api.kit.events import Event, Tell, changed

MAX_ATTEMPTS: Final = 5
"""In a row without a batch written; then a run is given up."""
FIRST_DELAY: Final = 15.0
"""Seconds; each further attempt waits twice as long, less up to half of it by chance."""
LONGEST_DELAY: Final = 15 * 60.0
DEFAULT_PARKING: Final = 60.0
"""Seconds to leave those alone who said "too often" and not for how long."""
SHORTEST_PARKING: Final = 1.0
SPREAD: Final = 5.0
"""At most so many seconds more, by chance: a limit that many share ends for all at once."""
LONGEST_PARKING: Final = 24 * 60 * 60.0
"""Day limits are reset within a day; whoever says longer is asked again by then."""

_ADVICE: Final = {
    ProblemCode.UNAVAILABLE: "Sync again later; what was copied until here is kept.",
    ProblemCode.MALFORMED: "Nothing of that answer was used. Sync again later; if it stays so, "
    "tell us the id of this run.",
    ProblemCode.INTERNAL: "It is in our log under the id of this run; what was copied until here "
    "is kept.",
}
_BY_ITSELF: Final = "It goes on by itself; there is nothing to do."
_HOPELESS: Final = frozenset(
    {
        ProblemCode.CREDENTIALS_REJECTED,
        ProblemCode.PERMISSION_DENIED,
        ProblemCode.RECONNECT,
        ProblemCode.SCOPE_MISSING,
        ProblemCode.ORGANISATION_LOST,
        ProblemCode.SUBDOMAIN_UNKNOWN,
        ProblemCode.SUBSCRIPTION_ENDED,
    }
)


class NothingConnected(Conflict):
    """There is nothing to sync yet."""

    code = "nothing_connected"
    title = "No integration is connected"


async def start(
    syncs: Syncs,
    *,
    sources: Sources,
    wanted: Sequence[str] | None,
    mode: Mode,
    trigger: Trigger,
    requested_by: str,
    tell: Tell,
    confirm_removals: bool = False,
) -> UUID:
    """Queue a run for each source that has none; `wanted` None is all that is connected.

    `confirm_removals` has to name its sources: nobody believes all that may be lost anywhere.
    Raises ValidationFailed, NotConnected, NothingConnected.
    """
    _refuse_unknown(wanted or (), sources)
    if confirm_removals and wanted is None:
        raise _which_removals()
    connections = await syncs.connections()
    chosen = _chosen(wanted, connected=sources.keys() & connections.keys())
    # Everybody takes them in the same order, so that no two wait for each other.
    runs = [
        await syncs.queue(sources[key], connection_id=connections[key], mode=mode)
        for key in sorted(chosen)
    ]
    if confirm_removals:
        await syncs.confirm_removals(runs)
    sync_id = await syncs.add(runs, trigger=trigger, requested_by=requested_by)
    asked = {
        "sources": sorted(chosen),
        "everything": wanted is None,
        "mode": mode,
        "confirm_removals": confirm_removals,
    }
    tell(changed("sync.requested", "sync", str(sync_id), before=None, after=asked))
    return sync_id


async def start_scheduled(syncs: Syncs, *, sources: Sources, key: str) -> QueuedRun | None:
    """A run that nobody asked for, or the one that is unfinished; None where it is not connected.

    Where a delta cannot tell what is gone, the first one of a night reads everything.
    """
    connections = await syncs.connections()
    if key not in sources or key not in connections:
        return None
    connection_id = connections[key]
    is_swept = key not in SWEPT_NIGHTLY or await syncs.is_swept_tonight(
        key, connection_id=connection_id
    )
    mode = Mode.DELTA if is_swept else Mode.FULL
    run = await syncs.queue(sources[key], connection_id=connection_id, mode=mode)
    if not run.joined:
        await syncs.add([run], trigger=Trigger.SCHEDULE, requested_by=None)
    return run


async def cancel(
    sync: Sync, *, syncs: Syncs, record: Callable[[UUID], RunRecord], tell: Tell
) -> None:
    """End the runs that nobody works on; have the workers of the others told."""
    unfinished = [run for run in sync.runs if not run.status.is_final]
    for run in unfinished:
        if not await syncs.request_cancel(run.id):
            await record(run.id).end(Outcome(RunStatus.CANCELLED))
    if not all(run.cancel_requested for run in unfinished):
        ended = {"sources": sorted(run.source for run in unfinished)}
        tell(changed("sync.cancelled", "sync", str(sync.id), before=None, after=ended))


async def found(syncs: Syncs, sync_id: UUID) -> Sync:
    """Raises NotFound."""
    sync = await syncs.find(sync_id)
    if sync is None:
        raise NotFound
    return sync


def ended_well(steps: Iterable[StepBegun]) -> Outcome:
    """All steps are through: partial where something was left undone or put aside."""
    is_partial = any(step.status is StepStatus.PARTIAL or step.quarantined for step in steps)
    return Outcome(RunStatus.PARTIAL if is_partial else RunStatus.SUCCEEDED)


def after(failure: Failure, *, attempts: int, chance: float) -> Outcome | Wait:
    """What becomes of a run that could not go on; `chance` is between 0 and 1."""
    if failure.code is ProblemCode.RATE_LIMITED:
        return Wait(_parking(failure, chance), _waiting(failure), is_attempt=False)
    if failure.code in _HOPELESS:
        # The third party's own sentence says what a person has to do there.
        problem = Problem(failure.code, failure.sentence)
        return Outcome(RunStatus.FAILED, problem, attention=failure.sentence)
    if attempts >= MAX_ATTEMPTS:
        return Outcome(RunStatus.FAILED, _advised(failure))
    return Wait(_delay(failure, attempts, chance), _waiting(failure), is_attempt=True)


def told(run_id: str, outcome: Outcome) -> Event | None:
    """What people should know of it without having asked; None where that is nothing."""
    if outcome.status is not RunStatus.FAILED:
        return None
    why = {"problem": outcome.problem and outcome.problem.code}
    done = "sync_run.failed" if outcome.attention is None else "sync_run.needs_attention"
    return changed(done, "sync_run", run_id, before=None, after=why)


def interrupted_too_often() -> Outcome:
    """Each worker that took the run up died over it."""
    detail = (
        f"The program that worked on this sync ended {MAX_ATTEMPTS} times without getting on. "
        + _ADVICE[ProblemCode.INTERNAL]
    )
    return Outcome(RunStatus.FAILED, Problem(ProblemCode.WORKER_LOST, detail))


def _refuse_unknown(wanted: Sequence[str], sources: Sources) -> None:
    known = ", ".join(sorted(sources)) or "none yet"
    unknown = [
        Pointer("body", f"/sources/{place}", "source_unknown", f"Known sources: {known}.")
        for place, key in enumerate(wanted)
        if key not in sources
    ]
    if unknown:
        raise ValidationFailed("We cannot sync every source you named.", errors=unknown)


def _which_removals() -> ValidationFailed:
    words = "Say whose removals you confirm, such as `pax8`."
    return ValidationFailed(
        "Removals are confirmed source by source.",
        errors=[Pointer("body", "/sources", "sources_missing", words)],
    )


def _chosen(wanted: Sequence[str] | None, *, connected: set[str]) -> set[str]:
    missing = sorted(set(wanted or ()) - connected)
    if missing:
        raise NotConnected(
            f"Not connected: {', '.join(missing)}. Connect it under Settings, Billing "
            "integrations, then sync again."
        )
    if not connected:
        raise NothingConnected(
            "There is nothing to sync yet: connect an integration under Settings, Billing "
            "integrations."
        )
    return connected if wanted is None else set(wanted)


def _parking(failure: Failure, chance: float) -> float:
    asked = DEFAULT_PARKING if failure.retry_after is None else failure.retry_after
    return min(max(asked, SHORTEST_PARKING) + SPREAD * chance, LONGEST_PARKING)


def _delay(failure: Failure, attempts: int, chance: float) -> float:
    backing_off = min(FIRST_DELAY * 2.0 ** (attempts - 1), LONGEST_DELAY) * (1 - chance / 2)
    return max(backing_off, min(failure.retry_after or 0, LONGEST_PARKING))


def _waiting(failure: Failure) -> Problem:
    return Problem(failure.code, f"{failure.sentence} {_BY_ITSELF}")


def _advised(failure: Failure) -> Problem:
    return Problem(failure.code, f"{failure.sentence} {_ADVICE[failure.code]}")
