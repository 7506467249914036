"""Takes deeds back: every record goes to how it stood."""

from datetime import datetime
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.deeds import Change, Deed, Kind, Undone
from billingone_api.billing.clients.errors import DeedOvertaken, DeedUndone
from billingone_api.billing.clients.models import (
    Link,
    MadeLink,
    Moved,
    Origin,
    Situation,
    automatic,
)
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
