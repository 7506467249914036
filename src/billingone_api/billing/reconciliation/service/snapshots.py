"""Decides when a snapshot is taken, what it amounts to, and how sure it is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Final
from uuid import UUID

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.models import (
    Doubt,
    Moment,
    Outcome,
    ReconciliationSettings,
    Snapshot,
    SnapshotStatus,
    SourceState,
    Tallied,
)
from billingone_api.billing.reconciliation.ports import Freezer, SnapshotRepository
from billingone_api.billing.reconciliation.service.news import told
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.errors import Conflict, NotFound, Pointer, ValidationFailed
from billingone_api.kit.events import Tell, changed

MAX_ATTEMPTS: Final = 5
"""Times that workers failed at one snapshot, or died over it; then it is given up."""
ENDED: Final = ("organisation_ended", "This organisation has been ended in PanelOne.")
INTERRUPTED: Final = (
    "internal_error",
    (
        "Something went wrong on our side, several times. It is in our log under the id of this "
        "snapshot; take another."
    ),
)
_HOPELESS: Final = frozenset({Doubt.PAX8_NEVER_SYNCED, Doubt.NO_RULES, Doubt.NOTHING_COMPARED})


class SnapshotNotDone(Conflict):
    """There is nothing to read of it yet, or there never will be."""

    code = "snapshot_not_done"
    title = "The snapshot is not done"


async def request_snapshot(
    snapshots: SnapshotRepository,
    *,
    trigger: Trigger,
    requested_by: str | None,
    tell: Tell,
    day: date | None = None,
) -> UUID:
    """The id of a new snapshot, or of the one that is under way, of which nothing is new.

    `day` is a past one, see `past_day`; None is now.
    """
    asked = await snapshots.request(trigger=trigger, requested_by=requested_by, day=day)
    if not asked.joined:
        after = {"trigger": trigger, "requested_by": requested_by, "day": day}
        tell(changed("snapshot.requested", "snapshot", str(asked.id), before=None, after=after))
    return asked.id


async def past_day(
    snapshots: SnapshotRepository, day: date, organisation: Organisation, *, now: datetime
) -> date | None:
    """That day, or None where it is today, which is now; raises ValidationFailed.

    A day that has not ended may yet become anything; of one before PanelOne first told us of the
    organisation nothing is known.
    """
    today, first = organisation.day_of(now), organisation.day_of(await snapshots.known_since())
    if day > today:
        raise _wrong_day("date_in_future", "Should be today or earlier: nothing is known of it.")
    if day < min(first, today):
        words = f"Should be {first} or later: before that nothing was known of the organisation."
        raise _wrong_day("date_before_organisation", words)
    return None if day == today else day


def _wrong_day(code: str, words: str) -> ValidationFailed:
    at = Pointer("body", "/as_of", code, words)
    return ValidationFailed("No snapshot can be taken of that day.", errors=[at])


async def found_snapshot(snapshots: SnapshotRepository, snapshot_id: UUID) -> Snapshot:
    """Raises NotFound."""
    snapshot = await snapshots.find(snapshot_id)
    if snapshot is None:
        raise NotFound
    return snapshot


async def done_snapshot(snapshots: SnapshotRepository, snapshot_id: UUID) -> Snapshot:
    """Raises NotFound and SnapshotNotDone."""
    snapshot = await found_snapshot(snapshots, snapshot_id)
    if snapshot.status is not SnapshotStatus.DONE:
        raise SnapshotNotDone(
            snapshot.detail or "It is being taken; ask again once its `status` is `done`."
        )
    return snapshot


async def take(
    record: Freezer,
    settings: ReconciliationSettings,
    organisation: Organisation,
    *,
    about: str,
    moment: Moment,
    has_panelone_counted: bool,
    tell: Tell,
) -> None:
    """Freeze, compare, and say how sure it is; a portfolio that never came through is no side.

    That a client was under-licensed on a past day is no news. `has_panelone_counted`: just before,
    or nobody had to ask it to.
    """
    source = await record.source(moment)
    basis = PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)
    tallied = await record.freeze(
        basis,
        settings=settings,
        moment=moment,
        reporting_currency=organisation.reporting_currency,
        with_seats=source.last_success_at is not None,
    )
    found = doubts(source, tallied, has_panelone_counted=has_panelone_counted)
    came_out = outcome(tallied, found)
    summary = await record.summary()
    news = [] if moment.is_past else await record.newly_under(moment.at)
    await record.finish(
        status=SnapshotStatus.DONE,
        outcome=came_out,
        as_of=moment.at,
        day=moment.day,
        basis=asdict(basis)
        | {
            "stale_after_hours": settings.stale_after_hours,
            "count_sources": dict(settings.count_sources),
            "reporting_currency": organisation.reporting_currency,
            "is_past": moment.is_past,
        },
        coverage={**await record.coverage(moment), "doubts": found, "rules": tallied.rules},
        summary=summary,
    )
    for event in told(about, came_out, found, moment=moment, summary=summary, news=news):
        tell(event)


async def fail(record: Freezer, *, about: str, problem: tuple[str, str], tell: Tell) -> None:
    """Give a snapshot up, with the words for whoever waits for it."""
    code, detail = problem
    await record.finish(status=SnapshotStatus.FAILED, problem=code, detail=detail)
    tell(changed("snapshot.failed", "snapshot", about, before=None, after={"problem": code}))


def doubts(source: SourceState, tallied: Tallied, *, has_panelone_counted: bool) -> list[Doubt]:
    """Why a comparison is incomplete, in the order in which a person would look into it.

    That PanelOne did not count says something only of what rests on its counts.
    """
    never = source.last_success_at is None
    found = {
        Doubt.PAX8_NEVER_SYNCED: never,
        Doubt.NO_RULES: tallied.rules == 0,
        Doubt.NOTHING_COMPARED: not never and tallied.rules > 0 and tallied.compared == 0,
        Doubt.PAX8_NOT_CONNECTED: not never and not source.is_connected,
        Doubt.PAX8_PARTIAL: not never and source.is_partial,
        Doubt.PAX8_STALE: not never and source.is_connected and source.is_stale,
        Doubt.PANELONE_COUNTS_NOT_FRESH: tallied.is_of_panelone and not has_panelone_counted,
        Doubt.COUNTS_MISSING: tallied.missing > 0,
        Doubt.QUANTITIES_UNKNOWN: tallied.unknown > 0,
    }
    return [doubt for doubt, holds in found.items() if holds]


def outcome(tallied: Tallied, found: Sequence[Doubt]) -> Outcome:
    """Nothing compared is never "all matched", and an incomplete comparison is never clean."""
    if _HOPELESS & set(found):
        return Outcome.NOT_RECONCILABLE
    if found:
        return Outcome.PARTIAL
    return Outcome.DISCREPANCIES if tallied.discrepancies else Outcome.CLEAN
