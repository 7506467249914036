"""Decides which rules make sense, what a comparison amounts to, and when one is due."""

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.models import (
    DecidedLine,
    Decision,
    Doubt,
    LineKey,
    LineStatus,
    Outcome,
    ReconciliationSettings,
    Rule,
    RuleFacts,
    Snapshot,
    SnapshotStatus,
    SourceState,
    Tallied,
)
from billingone_api.billing.reconciliation.ports import (
    DecisionRepository,
    Freezer,
    RuleRepository,
    SettingsRepository,
    SnapshotRepository,
)
from billingone_api.billing.syncs.models import Trigger
from billingone_api.kit.clock import MONTHS_A_YEAR, next_monthly
from billingone_api.kit.errors import Conflict, NotFound, Pointer, ValidationFailed
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Tell, changed

MAX_ATTEMPTS: Final = 5
"""Workers that died over one snapshot; then it is given up."""
ENDED: Final = ("organisation_ended", "This organisation has been ended in PanelOne.")
INTERRUPTED: Final = (
    "internal_error",
    (
        "Something went wrong on our side, several times. It is in our log under the id of this "
        "snapshot; take another."
    ),
)


class ProductCountedTwice(Conflict):
    """Seats would stand against the same count twice."""

    code = "product_counted_twice"
    title = "Another rule of this metric counts the product already"


async def change_settings(
    repository: SettingsRepository,
    choices: Mapping[str, Any],
    *,
    expected_version: int | None,
    now: datetime,
    tell: Tell,
) -> ReconciliationSettings:
    """The settings with these choices; raises PreconditionFailed and ValidationFailed."""
    known = await repository.locked()
    if expected_version not in {None, known.version}:
        raise stale()
    _refuse_strangers(choices.get("count_sources", {}), await repository.sources())
    chosen = replace(known, **choices)
    if chosen == known:
        return known
    kept = replace(chosen, version=known.version + 1, updated_at=now)
    await repository.save(kept)
    about = ("reconciliation_settings.updated", "reconciliation_settings", "reconciliation")
    tell(changed(*about, before=known, after=chosen))
    return kept


def _refuse_strangers(chosen: Mapping[str, str], sources: Mapping[str, Sequence[str]]) -> None:
    errors = [
        Pointer(
            "body",
            f"/count_sources/{metric}",
            "source_never_counted",
            f"Has never counted this. Known: {', '.join(sources.get(metric, ())) or 'none yet'}.",
        )
        for metric, source in chosen.items()
        if source not in sources.get(metric, ())
    ]
    if errors:
        raise ValidationFailed("A source that never counted a metric cannot speak.", errors=errors)


def next_slot(
    settings: ReconciliationSettings, *, time_zone: str, after: datetime
) -> datetime | None:
    """When a snapshot is next due by itself; None where it never is."""
    if settings.schedule_day is None:
        return None
    return next_monthly(
        after,
        day=settings.schedule_day,
        minute=settings.schedule_minute,
        time_zone=settings.schedule_time_zone or time_zone,
    )


def months_before(instant: datetime, months: int) -> datetime:
    """So many calendar months ago; a day that month does not have is its last."""
    year, month = divmod(instant.year * MONTHS_A_YEAR + instant.month - 1 - months, MONTHS_A_YEAR)
    last = monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))


async def create_rule(rule: Rule, rules: RuleRepository, *, tell: Tell) -> Rule:
    """Raises ValidationFailed and ProductCountedTwice."""
    await rules.take_turn()
    await judge(rule, rules)
    await rules.add(rule)
    tell(changed("count_rule.created", "count_rule", str(rule.id), before=None, after=rule.facts))
    return rule


async def change_rule(
    rule_id: UUID,
    facts: RuleFacts,
    rules: RuleRepository,
    *,
    expected: int | None,
    now: datetime,
    tell: Tell,
) -> Rule:
    """A new version; raises NotFound, PreconditionFailed, ValidationFailed, ProductCountedTwice."""
    await rules.take_turn()
    known = await found_rule(rules, rule_id)
    if expected not in {None, known.version}:
        raise stale()
    if replace(facts, changed_by=known.facts.changed_by) == known.facts:
        return known
    news = replace(known, facts=facts, version=known.version + 1, changed_at=now)
    await judge(news, rules)
    await rules.save(news)
    about = str(rule_id)
    tell(changed("count_rule.updated", "count_rule", about, before=known.facts, after=facts))
    return news


async def retire_rule(
    rule_id: UUID, rules: RuleRepository, *, by: str, now: datetime, tell: Tell
) -> Rule:
    """One that is retired already stays as it is; raises NotFound."""
    await rules.take_turn()
    known = await found_rule(rules, rule_id)
    if not known.facts.is_active:
        return known
    facts = replace(known.facts, is_active=False, changed_by=by)
    retired = replace(known, facts=facts, version=known.version + 1, changed_at=now)
    await rules.save(retired)
    about = str(rule_id)
    tell(changed("count_rule.retired", "count_rule", about, before=known.facts, after=facts))
    return retired


async def found_rule(rules: RuleRepository, rule_id: UUID) -> Rule:
    """Raises NotFound."""
    rule = await rules.find(rule_id)
    if rule is None:
        raise NotFound
    return rule


async def judge(rule: Rule, rules: RuleRepository) -> None:
    """Raises ValidationFailed and ProductCountedTwice."""
    facts = rule.facts
    flaws = _twice(facts)
    unknown = await rules.unknown_products(facts.products)
    flaws += [
        Pointer("body", f"/products/{at}", "product_unknown", "Is no product that Pax8 showed us.")
        for at, product in enumerate(facts.products)
        if product in unknown
    ]
    strangers = await rules.unknown_clients([one.client_id for one in facts.exclusions])
    flaws += [
        Pointer("body", f"/exclusions/{at}/client_id", "client_not_found", "Is no client.")
        for at, one in enumerate(facts.exclusions)
        if one.client_id in strangers
    ]
    if flaws:
        raise ValidationFailed("This rule cannot count; see `errors`.", errors=flaws)
    rival = await rules.rival(rule) if facts.is_active else None
    if rival is not None:
        name, product = rival
        raise ProductCountedTwice(
            f"The rule “{name}” counts {product} against {facts.metric} already: take it out of "
            "one of the two."
        )


def _twice(facts: RuleFacts) -> list[Pointer]:
    seen: Counter[str] = Counter()
    flaws = []
    for at, product in enumerate(facts.products):
        seen[product] += 1
        if seen[product] > 1:
            words = "Is in this rule already."
            flaws.append(Pointer("body", f"/products/{at}", "product_counted_twice", words))
    return flaws


async def request_snapshot(
    snapshots: SnapshotRepository,
    *,
    trigger: Trigger,
    requested_by: str | None,
    tell: Tell,
) -> UUID:
    """The id of a new snapshot, or of the one that is under way."""
    snapshot_id = await snapshots.request(trigger=trigger, requested_by=requested_by)
    asked = {"trigger": trigger, "requested_by": requested_by}
    tell(changed("snapshot.requested", "snapshot", str(snapshot_id), before=None, after=asked))
    return snapshot_id


async def found_snapshot(snapshots: SnapshotRepository, snapshot_id: UUID) -> Snapshot:
    """Raises NotFound."""
    snapshot = await snapshots.find(snapshot_id)
    if snapshot is None:
        raise NotFound
    return snapshot


async def take(
    record: Freezer,
    settings: ReconciliationSettings,
    organisation: Organisation,
    *,
    about: str,
    as_of: datetime,
    tell: Tell,
) -> None:
    """Freeze, compare, and say how sure it is; a portfolio that never came through is no side."""
    source = await record.source()
    basis = PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)
    today = organisation.day_of(as_of)
    tallied = await record.freeze(
        basis,
        settings=settings,
        as_of=as_of,
        today=today,
        reporting_currency=organisation.reporting_currency,
        with_seats=source.last_success_at is not None,
    )
    found = doubts(source, tallied)
    came_out = outcome(tallied, found)
    summary = await record.summary()
    await record.finish(
        status=SnapshotStatus.DONE,
        outcome=came_out,
        as_of=as_of,
        day=today,
        basis=asdict(basis)
        | {
            "stale_after_hours": settings.stale_after_hours,
            "count_sources": dict(settings.count_sources),
            "reporting_currency": organisation.reporting_currency,
        },
        coverage={**await record.coverage(today), "doubts": found, "rules": tallied.rules},
        summary=summary,
    )
    numbers = {status: summary[status] for status in LineStatus}
    ready = {"outcome": came_out, "clients": numbers}
    tell(changed("snapshot.ready", "snapshot", about, before=None, after=ready))


async def fail(record: Freezer, *, about: str, problem: tuple[str, str], tell: Tell) -> None:
    """Give a snapshot up, with the words for whoever waits for it."""
    code, detail = problem
    await record.finish(status=SnapshotStatus.FAILED, problem=code, detail=detail)
    tell(changed("snapshot.failed", "snapshot", about, before=None, after={"problem": code}))


async def decide(
    decisions: DecisionRepository,
    snapshot_id: UUID,
    keys: Sequence[LineKey],
    decision: Decision,
    *,
    today: date,
    is_dry_run: bool,
    tell: Tell,
) -> tuple[Sequence[DecidedLine], Sequence[UUID]]:
    """The lines it is about, and the decisions made; raises ValidationFailed."""
    if decision.until is not None and decision.until < today:
        words = "Should be today or later: it would be over before it began."
        at = Pointer("body", "/until", "date_in_past", words)
        raise ValidationFailed("This decision would settle nothing.", errors=[at])
    lines = await decisions.lines(snapshot_id, keys)
    _refuse_missing(keys, lines)
    if is_dry_run:
        return lines, ()
    made = await decisions.add(snapshot_id, lines, decision)
    about = str(made[0]) if len(made) == 1 else None
    after = {
        "kind": decision.kind,
        "reason": decision.reason,
        "until": decision.until,
        "assignee": decision.assignee,
        "lines": len(made),
    }
    tell(changed("line_decision.made", "line_decision", about, before=None, after=after))
    return lines, made


def _refuse_missing(keys: Sequence[LineKey], lines: Sequence[DecidedLine]) -> None:
    known = {(line.client_id, line.rule_id) for line in lines}
    clients = {line.client_id for line in lines}
    errors = [
        Pointer("body", f"/lines/{at}", "line_not_found", "The snapshot has no such line.")
        for at, key in enumerate(keys)
        if not (key.client_id in clients if key.rule_id is None
                else (key.client_id, key.rule_id) in known)
    ]  # fmt: skip
    if errors:
        raise ValidationFailed("There is nothing to decide about; see `errors`.", errors=errors)


async def withdraw(
    decisions: DecisionRepository, decision_id: UUID, *, by: str, now: datetime, tell: Tell
) -> Mapping[str, Any]:
    """The line is open again; raises NotFound."""
    known = await decisions.find(decision_id)
    if known is None:
        raise NotFound
    if await decisions.withdraw(decision_id, by=by, at=now):
        about = ("line_decision.withdrawn", "line_decision", str(decision_id))
        tell(changed(*about, before={"kind": known["kind"]}, after=None))
    return await decisions.find(decision_id) or known


def doubts(source: SourceState, tallied: Tallied) -> list[Doubt]:
    """Why a comparison is incomplete, in the order in which a person would look into it."""
    never = source.last_success_at is None
    found = {
        Doubt.PAX8_NEVER_SYNCED: never,
        Doubt.NO_RULES: tallied.rules == 0,
        Doubt.NOTHING_COMPARED: not never and tallied.rules > 0 and tallied.compared == 0,
        Doubt.PAX8_NOT_CONNECTED: not never and not source.is_connected,
        Doubt.PAX8_PARTIAL: not never and source.is_partial,
        Doubt.PAX8_STALE: not never and source.is_connected and source.is_stale,
        Doubt.COUNTS_MISSING: tallied.missing > 0,
        Doubt.QUANTITIES_UNKNOWN: tallied.unknown > 0,
    }
    return [doubt for doubt, holds in found.items() if holds]


_HOPELESS: Final = frozenset({Doubt.PAX8_NEVER_SYNCED, Doubt.NO_RULES, Doubt.NOTHING_COMPARED})


def outcome(tallied: Tallied, found: Sequence[Doubt]) -> Outcome:
    """Nothing compared is never "all matched", and an incomplete comparison is never clean."""
    if _HOPELESS & set(found):
        return Outcome.NOT_RECONCILABLE
    if found:
        return Outcome.PARTIAL
    return Outcome.DISCREPANCIES if tallied.discrepancies else Outcome.CLEAN
