"""Decides what a push of PanelOne's changes: master records, and links by their identifiers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from billingone_api.billing.clients.models import MasterRecord, PushStatus, Record, settled
from billingone_api.billing.clients.ports import ClientRegister
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


def _pushed(news: Sequence[MasterRecord], before: Mapping[UUID, MasterRecord]) -> Event:
    """One client is told of in full, many are counted."""
    if len(news) == 1:
        (record,) = news
        done = _status(before.get(record.id), record)
        id_ = str(record.id)
        return changed(f"client.{done}", "client", id_, before=before.get(record.id), after=record)
    counts = Counter(_status(before.get(record.id), record) for record in news)
    return changed("clients.pushed", "client", None, before=None, after=counts)


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
        await register.relink(links)
        await register.move(links.keys())
