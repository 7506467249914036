"""Takes deeds back: every record goes to how it stood."""

from datetime import datetime
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.deeds import Change, Deed, Kind, Undone
from billingone_api.billing.clients.errors import DeedOvertaken, DeedUndone
from billingone_api.billing.clients.models import MadeLink, Moved, Situation, settled
from billingone_api.billing.clients.service.carrying_out import Desk
from billingone_api.kit.errors import NotFound
from billingone_api.kit.events import changed

_LATER: Final = "Later deeds changed the same records: undo those first, or with this one."


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


async def _undone(deed: Deed, desk: Desk) -> Moved:
    if await desk.workbench.is_overtaken(deed.id):
        raise DeedOvertaken(_LATER)
    changes = await desk.workbench.changes(deed.id)
    linked = {change.record: change for change in changes if change.is_link_changed}
    situations = await desk.register.situations(linked.keys())
    news = {record: _restored(linked[record], at, desk.at) for record, at in situations.items()}
    await desk.register.restore(news)
    moved = await desk.register.move(linked.keys()) if linked else Moved()
    await desk.workbench.allow(
        [(change.record, change.refused) for change in changes if change.refused is not None]
    )
    if deed.kind is Kind.IDENTIFIERS:
        # Or they would do it again with the next sync.
        pairs = [
            (record, change.after.client_id)
            for record, change in linked.items()
            if change.after is not None and change.after.client_id is not None
        ]
        await desk.workbench.refuse(pairs, by=desk.by)
    await desk.workbench.mark_undone(deed.id, by=desk.by)
    return moved


def _restored(change: Change, situation: Situation, now: datetime) -> MadeLink | None:
    """As it was; what identifiers had said, or were asked since, they say as they are by now."""
    before = change.before
    was = None if before is None else before.link
    link = settled(Situation(was, situation.claimants))
    if link is None:
        return None
    return next(
        (made for made in (before, situation.made) if made is not None and made.link == link),
        MadeLink(link, None, now),
    )
