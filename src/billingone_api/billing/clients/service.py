"""Decides whose a third party's record is: by identifier, by a person's word, or nobody's."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from billingone_api.billing.clients.errors import ClientNotFound, ClientRetired
from billingone_api.billing.clients.models import (
    Holding,
    Link,
    MasterRecord,
    Moved,
    Origin,
    PushStatus,
    Record,
    automatic,
    settled,
)
from billingone_api.billing.clients.ports import ClientRegister
from billingone_api.kit.errors import NotFound
from billingone_api.kit.events import Event, Tell, changed


async def push(
    records: Sequence[MasterRecord], register: ClientRegister, *, tell: Tell
) -> list[PushStatus]:
    """As though the records came one by one, in their order; only the last of an id is kept."""
    await register.take_turn()
    before = await register.known({record.id for record in records})
    statuses, after = _replayed(records, before)
    news = [record for id_, record in after.items() if before.get(id_) != record]
    if news:
        await register.save(news)
        await _follow(news, before, register)
        tell(_pushed(news, before))
    return statuses


async def link(
    record: Record, client_id: UUID | None, register: ClientRegister, *, by: str, tell: Tell
) -> tuple[Holding, Moved]:
    """A person says whose a record is, or nobody's; how it stands, and what moved.

    Raises NotFound for a record nobody knows, ClientNotFound, ClientRetired.
    """
    await register.take_turn()
    await _found(record, register)
    await _require_client(client_id, register)
    moved = await _set(record, Link(client_id, Origin.MANUAL), register, by=by, tell=tell)
    return await _found(record, register), moved


async def unlink(record: Record, register: ClientRegister, *, tell: Tell) -> tuple[Holding, Moved]:
    """Back to what the clients' identifiers say; how it stands, and what moved.

    Raises NotFound for a record nobody knows.
    """
    await register.take_turn()
    before = await _found(record, register)
    situation = (await register.situations([record]))[record]
    wanted = automatic(situation.claimants)
    moved = await _set(record, wanted, register, by=None, tell=tell)
    # A record that only the link spoke of is gone with it.
    return await register.holding(record) or before.unlinked(), moved


async def _set(
    record: Record,
    wanted: Link | None,
    register: ClientRegister,
    *,
    by: str | None,
    tell: Tell,
) -> Moved:
    situation = (await register.situations([record]))[record]
    if situation.link == wanted:
        return Moved()
    await register.relink({record: wanted}, by=by)
    done = "client_link.removed" if wanted is None else "client_link.set"
    about = f"{record.source}/{record.source_id}"
    tell(changed(done, "client_link", about, before=situation.link, after=wanted))
    return await register.move([record])


def _pushed(news: Sequence[MasterRecord], before: Mapping[UUID, MasterRecord]) -> Event:
    """One client is told of in full, many are counted."""
    if len(news) == 1:
        (record,) = news
        done = _status(before.get(record.id), record)
        id_ = str(record.id)
        return changed(f"client.{done}", "client", id_, before=before.get(record.id), after=record)
    counts = Counter(_status(before.get(record.id), record) for record in news)
    return changed("clients.pushed", "client", None, before=None, after=counts)


async def _found(record: Record, register: ClientRegister) -> Holding:
    holding = await register.holding(record)
    if holding is None:
        raise NotFound
    return holding


async def _require_client(client_id: UUID | None, register: ClientRegister) -> None:
    if client_id is None:
        return
    client = (await register.known([client_id])).get(client_id)
    if client is None:
        raise ClientNotFound("There is no such client in this organisation.")
    if not client.active:
        raise ClientRetired("PanelOne has retired this client; link one that is active.")


def _replayed(
    records: Iterable[MasterRecord], before: Mapping[UUID, MasterRecord]
) -> tuple[list[PushStatus], dict[UUID, MasterRecord]]:
    now = dict(before)
    statuses = []
    for record in records:
        statuses.append(_status(now.get(record.id), record))
        now[record.id] = record
    return statuses, now


def _status(known: MasterRecord | None, record: MasterRecord) -> PushStatus:
    if known is None:
        return PushStatus.CREATED
    return PushStatus.UNCHANGED if known == record else PushStatus.UPDATED


async def _follow(
    changed: Sequence[MasterRecord],
    before: Mapping[UUID, MasterRecord],
    register: ClientRegister,
) -> None:
    """Links follow the identifiers that changed; what is linked follows links and names."""
    await _settle(_named_anew(changed, before), register)
    renamed = [
        record.id
        for record in changed
        if record.id in before and before[record.id].name != record.name
    ]
    if renamed:
        await register.rename(renamed)


def _named_anew(
    changed: Sequence[MasterRecord], before: Mapping[UUID, MasterRecord]
) -> set[Record]:
    """The records that a client names now and did not before, or the other way round."""
    nothing: frozenset[Record] = frozenset()
    return {
        record
        for client in changed
        for record in client.named ^ (before[client.id].named if client.id in before else nothing)
    }


async def _settle(records: Collection[Record], register: ClientRegister) -> None:
    """Bring links in line with identifiers, and what is linked with the links."""
    if not records:
        return
    found = await register.situations(records)
    links = {
        record: settled(situation)
        for record, situation in found.items()
        if settled(situation) != situation.link
    }
    if links:
        await register.relink(links, by=None)
        await register.move(links.keys())
