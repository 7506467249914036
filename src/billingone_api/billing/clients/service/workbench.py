"""What people decide with the mapping: links, merges and splits."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.deeds import (
    FLAWS,
    Do,
    Flaw,
    Kind,
    Manner,
    Report,
    Wish,
)
from billingone_api.billing.clients.errors import (
    ClientMergedAway,
    ClientNotFound,
    ClientRetired,
    MergeCycle,
    MergeIntoItself,
)
from billingone_api.billing.clients.models import Holding, MasterRecord, Moved, Record
from billingone_api.billing.clients.service.carrying_out import Desk, carried_out
from billingone_api.kit.errors import NotFound


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
    merged = await desk.workbench.merged()
    _require_no_cycle(client_id, into, merged)
    records = await desk.workbench.records_of(client_id)
    wishes = [Wish(record, Do.ASSIGN, into, of=client_id) for record in records]
    pair = None if merged.get(client_id) == into else (client_id, into)
    return await carried_out(wishes, desk, Manner(Kind.MERGE, dry_run=dry_run, merge=pair))


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
    return await carried_out(wishes, desk, manner)


async def _one(wish: Wish, desk: Desk) -> Moved:
    """Alone, what is wrong with it is an error."""
    await desk.register.take_turn()
    report = await carried_out([wish], desk, Manner(Kind.LINK))
    (verdict,) = report.verdicts
    if verdict.flaw is not None:
        raise _ERRORS.get(verdict.flaw, NotFound)(FLAWS[verdict.flaw])
    return report.moved


_ERRORS: Final = {
    Flaw.CLIENT_NOT_FOUND: ClientNotFound,
    Flaw.CLIENT_RETIRED: ClientRetired,
}


def _require_active(client: MasterRecord | None) -> None:
    if client is None:
        raise ClientNotFound(FLAWS[Flaw.CLIENT_NOT_FOUND])
    if not client.active:
        raise ClientRetired(FLAWS[Flaw.CLIENT_RETIRED])


def _require_no_cycle(client_id: UUID, into: UUID, merged: Mapping[UUID, UUID]) -> None:
    end, seen = into, set[UUID]()
    while end in merged and end not in seen:
        seen.add(end)
        end = merged[end]
        if end == client_id:
            raise MergeCycle("That client was merged into this one; undo that merge instead.")
    if into in merged:
        raise ClientMergedAway("That client was merged into another; name that one.")
