from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.billing.syncs.models import (
    Mode,
    Run,
    RunStatus,
    StepProgress,
    StepStatus,
    Sync,
    Tally,
    Trigger,
)
from billingone_api.kit.ids import new_id

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
tallies = st.builds(Tally, *[st.integers(0, 1_000)] * 5)


def step(status: StepStatus, done: int = 0, total: int | None = None) -> StepProgress:
    return StepProgress("companies", status, done, total, Tally(created=done), notice=None)


def run(status: RunStatus, *steps: StepProgress, **more: Any) -> Run:
    known: dict[str, Any] = {
        "id": new_id(),
        "source": "pax8",
        "mode": Mode.DELTA,
        "joined": False,
        "cancel_requested": False,
        "revision": 1,
        "queued_at": NOON,
        "started_at": None,
        "finished_at": None,
        "resumes_at": None,
        "problem": None,
    }
    return Run(status=status, steps=steps, **(known | more))


@pytest.mark.parametrize(
    ("status", "done", "total", "progress"),
    [
        (StepStatus.WAITING, 0, None, None),
        (StepStatus.RUNNING, 10, None, None),
        (StepStatus.RUNNING, 0, 3, 0),
        (StepStatus.RUNNING, 1, 3, 33),
        (StepStatus.RUNNING, 299, 300, 99),
        (StepStatus.RUNNING, 4, 3, 100),  # the list grew while it was read
        (StepStatus.RUNNING, 0, 0, 0),
        (StepStatus.DONE, 2, 3, 100),
        (StepStatus.PARTIAL, 2, None, 100),
    ],
)
def test_progress_of_a_step(
    status: StepStatus, done: int, total: int | None, progress: int | None
) -> None:
    assert step(status, done, total).progress == progress


@pytest.mark.parametrize(
    ("status", "steps", "progress"),
    [
        (RunStatus.QUEUED, [step(StepStatus.WAITING)], 0),
        (RunStatus.RUNNING, [step(StepStatus.DONE), step(StepStatus.RUNNING, 5)], 50),
        (RunStatus.RUNNING, [step(StepStatus.DONE), step(StepStatus.RUNNING, 1, 2)], 75),
        (RunStatus.FAILED, [step(StepStatus.DONE), step(StepStatus.RUNNING, 1, 2)], 75),
        (RunStatus.RUNNING, [], 0),
        (RunStatus.SUCCEEDED, [], 100),
        (RunStatus.PARTIAL, [step(StepStatus.DONE), step(StepStatus.PARTIAL)], 100),
    ],
)
def test_progress_of_a_run(status: RunStatus, steps: list[StepProgress], progress: int) -> None:
    assert run(status, *steps).progress == progress


def test_a_sync_adds_up_its_runs() -> None:
    first = run(RunStatus.SUCCEEDED, revision=7, finished_at=NOON)
    second = run(RunStatus.RUNNING, step(StepStatus.RUNNING, 1, 2), revision=4)
    sync = Sync(new_id(), RunStatus.RUNNING, Trigger.PERSON, "Farah", NOON, [first, second])
    assert (sync.revision, sync.progress, sync.finished_at) == (11, 75, None)
    ended = replace(second, status=RunStatus.FAILED, finished_at=NOON.replace(hour=13))
    sync = replace(sync, status=RunStatus.PARTIAL, runs=[first, ended])
    assert sync.finished_at == NOON.replace(hour=13)


@given(tallies, tallies)
def test_tallies_add_up(one: Tally, other: Tally) -> None:
    both = one + other
    assert both == other + one
    assert both.read == one.read + other.read
    assert both.gone == one.gone + other.gone


def test_a_tombstone_is_not_a_record_read() -> None:
    assert Tally(created=1, changed=2, unchanged=4, gone=8, quarantined=16).read == 23
