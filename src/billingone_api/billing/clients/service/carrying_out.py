"""Makes one deed of all wishes that can be granted, or reports what it would be."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from billingone_api.billing.clients.deeds import (
    Change,
    DeedOutcome,
    Kind,
    Manner,
    Report,
    Status,
    Verdict,
    Wish,
)
from billingone_api.billing.clients.models import (
    Link,
    MadeLink,
    Moved,
    Origin,
    Record,
    Situation,
)
from billingone_api.billing.clients.ports import ClientRegister, Workbench
from billingone_api.billing.clients.service.judging import Judge, Known
from billingone_api.kit.events import Event, Tell, changed


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands behind the decisions, who decides (None: identifiers do), and when."""

    register: ClientRegister
    workbench: Workbench
    by: str | None
    tell: Tell
    at: datetime


async def carry_out(wishes: Sequence[Wish], desk: Desk, manner: Manner) -> Report:
    """One deed of all that can be granted, or only the report of what it would be."""
    await desk.register.take_turn()
    return await carried_out(wishes, desk, manner)


async def carried_out(wishes: Sequence[Wish], desk: Desk, manner: Manner) -> Report:
    records = {wish.record for wish in wishes if wish.flaw is None}
    names = await desk.workbench.known(records)
    situations = await desk.register.situations(names.keys())
    clients = await desk.register.known(_clients_in(wishes, situations))
    refused = await desk.workbench.refused(names.keys())
    judge = Judge(wishes, Known(names, situations, clients, set(refused)), manner)
    verdicts = [judge.verdict(wish) for wish in wishes]
    verdicts = await _with_moves(verdicts, desk.workbench)
    found: dict[Record | UUID, str | None] = dict(names.items())
    found.update((client.id, client.name) for client in clients.values())
    outcome = _outcome(verdicts, manner)
    if outcome is not DeedOutcome.APPLIED:
        return Report(outcome, None, verdicts, found)
    deed_id, moved = await _apply(verdicts, situations, desk, manner)
    return Report(outcome, deed_id, verdicts, found, moved)


def _outcome(verdicts: Iterable[Verdict], manner: Manner) -> DeedOutcome:
    """That two clients are one is news even where the one has no record yet."""
    statuses = {verdict.status for verdict in verdicts}
    if Status.REFUSED in statuses and manner.all_or_nothing:
        return DeedOutcome.REFUSED
    if Status.CHANGED not in statuses and manner.merge is None:
        return DeedOutcome.NOTHING
    return DeedOutcome.DRY_RUN if manner.dry_run else DeedOutcome.APPLIED


async def _apply(
    verdicts: Sequence[Verdict],
    situations: Mapping[Record, Situation],
    desk: Desk,
    manner: Manner,
) -> tuple[UUID, Moved]:
    done = [verdict for verdict in verdicts if verdict.status is Status.CHANGED]
    links = {each.wish.record: _now(each.after, desk) for each in done if each.is_link_changed}
    moved = Moved()
    if links:
        await desk.register.restore(links)
        moved = await desk.register.move(links.keys())
    refusals = [(each.wish.record, each.refuses) for each in done if each.refuses is not None]
    if refusals:
        await desk.workbench.refuse(refusals, by=desk.by)
    changes = [_change(each, situations[each.wish.record]) for each in done]
    deed_id = await desk.workbench.write_down(manner.kind, changes, by=desk.by, merge=manner.merge)
    desk.tell(_told(done, deed_id, manner))
    return deed_id, moved


def _now(link: Link | None, desk: Desk) -> MadeLink | None:
    """What identifiers say is nobody's word."""
    if link is None:
        return None
    return MadeLink(link, desk.by if link.origin is Origin.MANUAL else None, desk.at)


def _change(verdict: Verdict, situation: Situation) -> Change:
    return Change(
        verdict.wish.record,
        situation.made,
        verdict.after,
        verdict.is_link_changed,
        verdict.refuses,
    )


def _told(done: Sequence[Verdict], deed_id: UUID, manner: Manner) -> Event:
    """One record's link is told of in full, many are counted: the deed has each of them."""
    if len(done) == 1 and done[0].is_link_changed and manner.kind is Kind.LINK:
        (only,) = done
        action = "client_link.removed" if only.after is None else "client_link.set"
        about = f"{only.wish.record.source}/{only.wish.record.source_id}"
        return changed(action, "client_link", about, before=only.before, after=only.after)
    counts: dict[str, object] = dict(Counter(str(verdict.wish.do) for verdict in done))
    if manner.merge is not None:
        counts |= {"merged": str(manner.merge[0]), "into": str(manner.merge[1])}
    after = {"kind": str(manner.kind), **counts}
    return changed("client_links.changed", "mapping_deed", str(deed_id), before=None, after=after)


async def _with_moves(verdicts: Sequence[Verdict], workbench: Workbench) -> list[Verdict]:
    targets = {
        each.wish.record: None if each.after is None else each.after.client_id
        for each in verdicts
        if each.is_link_changed
    }
    moves = await workbench.moves(targets) if targets else {}
    return [
        replace(each, moves=moves[each.wish.record])
        if each.is_link_changed and each.wish.record in moves
        else each
        for each in verdicts
    ]


def _clients_in(wishes: Iterable[Wish], situations: Mapping[Record, Situation]) -> set[UUID]:
    wished = {wish.client_id for wish in wishes}
    linked = {at.link.client_id for at in situations.values() if at.link is not None}
    claimed = {client for at in situations.values() for client in at.claimants}
    return {id_ for id_ in wished | linked if id_ is not None} | claimed
