"""Decides what becomes of wishes for the mapping, and takes back what was done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.deeds import (
    FLAWS,
    Change,
    Deed,
    DeedOutcome,
    Do,
    Flaw,
    Kind,
    Report,
    Status,
    Undone,
    Verdict,
    Wish,
)
from billingone_api.billing.clients.errors import (
    ClientMergedAway,
    ClientNotFound,
    ClientRetired,
    DeedOvertaken,
    DeedUndone,
    MergeCycle,
    MergeIntoItself,
)
from billingone_api.billing.clients.models import (
    Holding,
    Link,
    MadeLink,
    MasterRecord,
    Moved,
    Origin,
    Record,
    Situation,
    automatic,
)
from billingone_api.billing.clients.ports import ClientRegister, Workbench
from billingone_api.kit.errors import NotFound
from billingone_api.kit.events import Event, Tell, changed

_LATER: Final = "Later deeds changed the same records: undo those first, or with this one."


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands behind the decisions, who decides, and when."""

    register: ClientRegister
    workbench: Workbench
    by: str
    tell: Tell
    at: datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How wishes are carried out."""

    kind: Kind
    dry_run: bool = False
    all_or_nothing: bool = False
    merge: tuple[UUID, UUID] | None = None
    origin: Origin = Origin.MANUAL


async def carry_out(wishes: Sequence[Wish], desk: Desk, manner: Manner) -> Report:
    """One deed of all that can be granted, or only the report of what it would be."""
    await desk.register.take_turn()
    return await _carried_out(wishes, desk, manner)


async def link(
    record: Record, client_id: UUID | None, desk: Desk, *, reason: str | None = None
) -> tuple[Holding, Moved]:
    """A person says whose a record is, or nobody's; how it stands, and what moved.

    Raises NotFound for a record nobody knows, ClientNotFound, ClientRetired.
    """
    do = Do.IGNORE if client_id is None else Do.ASSIGN
    moved = await _one(Wish(record, do, client_id, reason), desk)
    holding = await desk.register.holding(record)
    if holding is None:
        raise NotFound
    return holding, moved


async def unlink(record: Record, desk: Desk) -> tuple[Holding, Moved]:
    """Back to what the clients' identifiers say; how it stands, and what moved.

    Raises NotFound for a record nobody knows.
    """
    before = await desk.register.holding(record)
    if before is None:
        raise NotFound
    moved = await _one(Wish(record, Do.RELEASE), desk)
    # A record that only the link spoke of is gone with it.
    return await desk.register.holding(record) or before.unlinked(), moved


async def merge(client_id: UUID, into: UUID, desk: Desk, *, dry_run: bool) -> Report:
    """All records of one client become the other's; both stay in PanelOne as they are.

    Raises ClientNotFound, ClientRetired, MergeIntoItself, MergeCycle, ClientMergedAway.
    """
    await desk.register.take_turn()
    if client_id == into:
        raise MergeIntoItself("Name another client than the one whose records are to move.")
    known = await desk.register.known([client_id, into])
    if client_id not in known:
        raise NotFound
    _require_active(known.get(into))
    await _require_no_cycle(client_id, into, desk.workbench)
    records = await desk.workbench.records_of(client_id)
    wishes = [Wish(record, Do.ASSIGN, into, of=client_id) for record in records]
    return await _carried_out(
        wishes, desk, Manner(Kind.MERGE, dry_run=dry_run, merge=(client_id, into))
    )


async def split(
    client_id: UUID, records: Sequence[Record], into: UUID | None, desk: Desk, *, dry_run: bool
) -> Report:
    """Some records of a client become another's, or nobody's until somebody says whose.

    All of it or nothing. Raises NotFound.
    """
    await desk.register.take_turn()
    if client_id not in await desk.register.known([client_id]):
        raise NotFound
    do = Do.RELEASE if into is None else Do.ASSIGN
    wishes = [Wish(record, do, into, of=client_id) for record in records]
    manner = Manner(Kind.SPLIT, dry_run=dry_run, all_or_nothing=True)
    return await _carried_out(wishes, desk, manner)


async def undo(deed_id: UUID, desk: Desk, *, with_later: bool) -> Undone:
    """Every record goes back to how it stood, or nothing does.

    Raises NotFound, DeedUndone, and DeedOvertaken where later deeds have changed the same records.
    """
    await desk.register.take_turn()
    deed = await desk.workbench.find(deed_id)
    if deed is None:
        raise NotFound
    if deed.undone_at is not None:
        raise DeedUndone("It has been undone before.")
    later = await desk.workbench.later(deed_id) if with_later else []
    moved = Moved()
    for each in (*later, deed):
        moved += await _undone(each, desk)
    ids = [each.id for each in (*later, deed)]
    desk.tell(
        changed(
            "client_links.undone",
            "mapping_deed",
            str(deed_id),
            before=None,
            after={"deeds": [str(id_) for id_ in ids]},
        )
    )
    return Undone(ids, moved.subscriptions, moved.invoices)


async def _one(wish: Wish, desk: Desk) -> Moved:
    """Alone, what is wrong with it is an error."""
    await desk.register.take_turn()
    report = await _carried_out([wish], desk, Manner(Kind.LINK))
    (verdict,) = report.verdicts
    if verdict.flaw is not None:
        raise _ERRORS.get(verdict.flaw, NotFound)(FLAWS[verdict.flaw])
    if not verdict.is_link_changed:
        return Moved()
    return Moved(verdict.moves.subscriptions, verdict.moves.invoices)


_ERRORS: Final = {
    Flaw.CLIENT_NOT_FOUND: ClientNotFound,
    Flaw.CLIENT_RETIRED: ClientRetired,
}


async def _carried_out(wishes: Sequence[Wish], desk: Desk, manner: Manner) -> Report:
    records = {wish.record for wish in wishes if wish.flaw is None}
    names = await desk.workbench.known(records)
    situations = await desk.register.situations(names.keys())
    clients = await desk.register.known(_clients_in(wishes, situations))
    refused = await desk.workbench.refused(names.keys())
    judge = _Judge(wishes, _Known(names, situations, clients, set(refused)), manner)
    verdicts = [judge.verdict(wish) for wish in wishes]
    verdicts = await _with_moves(verdicts, desk.workbench)
    found: dict[Record | UUID, str | None] = dict(names.items())
    found.update((client.id, client.name) for client in clients.values())
    outcome = _outcome(verdicts, manner)
    if outcome is not DeedOutcome.APPLIED:
        return Report(outcome, None, verdicts, found)
    deed_id = await _apply(verdicts, situations, desk, manner)
    return Report(outcome, deed_id, verdicts, found)


def _outcome(verdicts: Iterable[Verdict], manner: Manner) -> DeedOutcome:
    statuses = {verdict.status for verdict in verdicts}
    if Status.REFUSED in statuses and manner.all_or_nothing:
        return DeedOutcome.REFUSED
    if Status.CHANGED not in statuses:
        return DeedOutcome.NOTHING
    return DeedOutcome.DRY_RUN if manner.dry_run else DeedOutcome.APPLIED


async def _apply(
    verdicts: Sequence[Verdict],
    situations: Mapping[Record, Situation],
    desk: Desk,
    manner: Manner,
) -> UUID:
    done = [verdict for verdict in verdicts if verdict.status is Status.CHANGED]
    links = {each.wish.record: _now(each.after, desk) for each in done if each.is_link_changed}
    by = desk.by if manner.origin is Origin.MANUAL else None
    if links:
        await desk.register.restore(links)
        await desk.register.move(links.keys())
    refusals = [(each.wish.record, each.refuses) for each in done if each.refuses is not None]
    if refusals:
        await desk.workbench.refuse(refusals, by=by)
    changes = [_change(each, situations[each.wish.record]) for each in done]
    deed_id = await desk.workbench.write_down(manner.kind, changes, by=by, merge=manner.merge)
    desk.tell(_told(done, deed_id, manner))
    return deed_id


def _now(link: Link | None, desk: Desk) -> MadeLink | None:
    """What identifiers say is nobody's word."""
    if link is None:
        return None
    return MadeLink(link, desk.by if link.origin is Origin.MANUAL else None, desk.at)


def _change(verdict: Verdict, situation: Situation) -> Change:
    return Change(
        verdict.wish.record,
        _made(situation),
        verdict.after,
        verdict.is_link_changed,
        verdict.refuses,
    )


def _made(situation: Situation) -> MadeLink | None:
    if situation.link is None or situation.linked_at is None:
        return None
    return MadeLink(situation.link, situation.linked_by, situation.linked_at)


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


@dataclass(frozen=True, slots=True)
class _Known:
    """What wishes are judged by."""

    names: Mapping[Record, str | None]
    situations: Mapping[Record, Situation]
    clients: Mapping[UUID, MasterRecord]
    refused: set[tuple[Record, UUID]]


class _Judge:
    """What becomes of each wish."""

    def __init__(self, wishes: Iterable[Wish], known: _Known, manner: Manner) -> None:
        wanted: dict[Record, set[Wish]] = {}
        for wish in wishes:
            if wish.do not in {Do.REJECT, Do.LEAVE}:
                wanted.setdefault(wish.record, set()).add(wish)
        self._twice = {record for record, each in wanted.items() if len(each) > 1}
        self._done: set[Wish] = set()
        self._known = known
        self._manner = manner

    def verdict(self, wish: Wish) -> Verdict:
        flaw = self._flaw(wish)
        if flaw is not None:
            return Verdict(wish, Status.REFUSED, flaw)
        before = self._known.situations[wish.record].link
        if wish in self._done:
            return Verdict(wish, Status.UNCHANGED, before=before, after=before)
        self._done.add(wish)
        after, refuses = self._after(wish)
        is_changed = before != after or refuses is not None
        status = Status.CHANGED if is_changed else Status.UNCHANGED
        return Verdict(wish, status, before=before, after=after, refuses=refuses)

    def _flaw(self, wish: Wish) -> Flaw | None:
        if wish.flaw is not None or wish.record not in self._known.names:
            return wish.flaw or Flaw.RECORD_NOT_FOUND
        if wish.do not in {Do.REJECT, Do.LEAVE} and wish.record in self._twice:
            return Flaw.NAMED_TWICE
        situation = self._known.situations[wish.record]
        holder = None if situation.link is None else situation.link.client_id
        if wish.of is not None and holder != wish.of:
            return Flaw.NOT_THIS_CLIENTS
        if wish.of is not None and wish.do is Do.RELEASE and situation.claimants == (wish.of,):
            return Flaw.NAMED_BY_CLIENT
        if wish.do in {Do.ASSIGN, Do.REJECT}:
            return self._flaw_of_client(wish, holder)
        return None

    def _flaw_of_client(self, wish: Wish, holder: UUID | None) -> Flaw | None:
        client = None if wish.client_id is None else self._known.clients.get(wish.client_id)
        if client is None:
            return Flaw.CLIENT_NOT_FOUND
        if wish.do is Do.REJECT:
            return Flaw.LINKED_TO_IT if holder == client.id else None
        return None if client.active or holder == client.id else Flaw.CLIENT_RETIRED

    def _after(self, wish: Wish) -> tuple[Link | None, UUID | None]:
        """How the record is to stand, and the client that is newly refused for it."""
        situation = self._known.situations[wish.record]
        before, refuses = situation.link, self._refuses(wish, situation.link)
        match wish.do:
            case Do.ASSIGN:
                return self._assigned(wish, before), None
            case Do.IGNORE:
                return Link(None, Origin.MANUAL, wish.reason), None
            case Do.RELEASE:
                return automatic(situation.claimants), refuses
            case Do.REJECT:
                return before, refuses
            case Do.LEAVE:
                return before, None

    def _assigned(self, wish: Wish, before: Link | None) -> Link | None:
        """A file tells whose a record is, not who said so: what stands already is left.

        So is what somebody decided while suggestions were looked for.
        """
        if before is not None:
            is_file = self._manner.kind is Kind.IMPORT and before.client_id == wish.client_id
            if is_file or self._manner.kind in {Kind.SUGGESTIONS, Kind.IDENTIFIERS}:
                return before
        return Link(wish.client_id, self._manner.origin)

    def _refuses(self, wish: Wish, before: Link | None) -> UUID | None:
        """What identifiers linked they would link again; what was split off is not the client's."""
        refused = wish.client_id if wish.do is Do.REJECT else None
        if wish.do is Do.RELEASE and before is not None:
            is_to_be_kept = before.origin is Origin.IDENTIFIER or wish.of is not None
            refused = before.client_id if is_to_be_kept else None
        if refused is None or (wish.record, refused) in self._known.refused:
            return None
        return refused


def _require_active(client: MasterRecord | None) -> None:
    if client is None:
        raise ClientNotFound(FLAWS[Flaw.CLIENT_NOT_FOUND])
    if not client.active:
        raise ClientRetired(FLAWS[Flaw.CLIENT_RETIRED])


async def _require_no_cycle(client_id: UUID, into: UUID, workbench: Workbench) -> None:
    merged = await workbench.merged()
    end, seen = into, set[UUID]()
    while end in merged and end not in seen:
        seen.add(end)
        end = merged[end]
        if end == client_id:
            raise MergeCycle("That client was merged into this one; undo that merge instead.")
    if into in merged:
        raise ClientMergedAway("That client was merged into another; name that one.")


async def _undone(deed: Deed, desk: Desk) -> Moved:
    changes = await desk.workbench.changes(deed.id)
    linked = [change for change in changes if change.is_link_changed]
    situations = await desk.register.situations([change.record for change in linked])
    for change in linked:
        if not _stands(situations[change.record].link, change.after):
            raise DeedOvertaken(_LATER)
    await desk.register.restore(
        {
            change.record: _restored(change, situations[change.record], at=desk.at)
            for change in linked
        }
    )
    moved = await desk.register.move([change.record for change in linked]) if linked else Moved()
    await desk.workbench.allow(
        [(change.record, change.refused) for change in changes if change.refused is not None]
    )
    if deed.kind is Kind.IDENTIFIERS:
        # Or they would do it again with the next sync.
        pairs = [
            (change.record, change.after.client_id)
            for change in linked
            if change.after is not None and change.after.client_id is not None
        ]
        await desk.workbench.refuse(pairs, by=desk.by)
    await desk.workbench.mark_undone(deed.id, by=desk.by)
    return moved


def _stands(now: Link | None, after: Link | None) -> bool:
    if now is None or after is None:
        return now is after
    return (now.client_id, now.origin) == (after.client_id, after.origin)


def _restored(change: Change, situation: Situation, *, at: datetime) -> MadeLink | None:
    """As it was, where somebody had decided; else as the clients' identifiers say by now."""
    before = change.before
    if before is not None and before.link.origin is not Origin.EXACT:
        return before
    link = automatic(situation.claimants)
    if link is None:
        return None
    if before is not None and before.link == link:
        return before
    return MadeLink(link, None, at)
