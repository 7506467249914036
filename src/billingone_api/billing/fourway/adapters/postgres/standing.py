"""How far each side of a month is known."""

from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Numeric,
    Text,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy import cast as as_type

from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.definitions.figures import Source, Unknown, unknown_of
from billingone_api.billing.definitions.models import INVOICE_SOURCES
from billingone_api.billing.fourway.adapters.postgres.charged import bills_of_month
from billingone_api.billing.fourway.adapters.postgres.used import snapshot
from billingone_api.billing.fourway.models import (
    PAX8,
    ChargedBy,
    ChargesUnknown,
    LicencesUnknown,
    Month,
    Standing,
)
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.charges import pax8_charges
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tables.syncs import sync_runs, sync_steps
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_SUCCESSES: Final = [word(status) for status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL)]
_SOURCES: Final = (PAX8, *INVOICE_SOURCES)
_ONE: Final = literal_column("1", Numeric)


def _denied() -> Any:
    """Whether the newest sync of Pax8 that is over was not let at its invoices."""
    run, step = sync_runs.c, sync_steps.c
    newest = (
        select(run.id)
        .where(own(sync_runs), run.source == word(PAX8), run.finished_at.is_not(None))
        .order_by(run.queued_at.desc())
        .limit(_ONE)
        .scalar_subquery()
    )
    is_denied = as_type(step.checkpoint.op("->>")(word("is_denied")), Text) == word("true")
    return exists().where(own(sync_steps), step.run_id == newest, is_denied)


def _knows_licences() -> Any:
    """Whether anything of Pax8's had been seen before the month was over."""
    seen = (
        exists().where(own(table), table.c.first_seen_at < bindparam("as_of"))
        for table in (pax8_companies, subscriptions)
    )
    return or_(*seen)


def _standing() -> ClauseElement:
    """A row for each source; what is said of the month stands in each of them."""
    asked = union_all(*(select(word(one).label("source")) for one in _SOURCES)).subquery("asked")
    source, connected, run = asked.c.source, integrations.c, sync_runs.c
    newest = (
        select(run.finished_at)
        .where(own(sync_runs), run.source == source, run.status.in_(_SUCCESSES))
        .order_by(run.queued_at.desc())
        .limit(_ONE)
        .scalar_subquery()
    )
    bills = bills_of_month()
    is_unread = bills.c.read_at.is_(None)
    # A draft without any charge is one that Pax8 has not drawn up yet.
    has_charges = exists().where(own(pax8_charges), pax8_charges.c.bill_id == bills.c.source_id)
    of_month = select(
        func.count().filter(or_(~bills.c.is_draft, has_charges)).label("bills"),
        func.count().filter(is_unread).label("unread"),
        func.count().filter(~is_unread, bills.c.is_due).label("changed"),
        func.coalesce(func.bool_or(bills.c.is_draft), literal_column("false")).label("is_draft"),
        func.coalesce(func.sum(bills.c.unreadable), literal_column("0")).label("unreadable"),
    ).subquery("of_month")
    day = select(snapshot().subquery("newest_snapshot").c.day).scalar_subquery()
    return select(
        source,
        connected.connection_id,
        of_these_books(source, func.coalesce(connected.last_success_at, newest)).label("last"),
        *of_month.c,
        _denied().label("is_denied"),
        _knows_licences().label("knows_licences"),
        day.label("used_on"),
    ).select_from(
        asked.outerjoin(integrations, own(integrations) & (connected.provider == source)).join(
            of_month, literal_column("true")
        )
    )


_STANDING: Final = prepare(_standing())


async def standing_of(work: UnitOfWork, month: Month) -> Standing:
    values = owned_by(
        work.organisation_id,
        month=month.first,
        after=month.after,
        as_of=month.as_of,
        day=month.day,
        used_since=month.used_since,
    )
    rows = await fetch(work.connection, _STANDING, **values)
    sources = {
        row["source"]: Source(row["source"], row["connection_id"] is not None, row["last"])
        for row in rows
    }
    of, pax8 = rows[0], sources[PAX8]
    charges = _charges_unknown(of, pax8)
    drafted = ChargedBy.DRAFTS if of["is_draft"] else ChargedBy.INVOICES
    return Standing(
        licences=_licences_unknown(of, pax8),
        charges=charges,
        charged_by=drafted if charges is None else None,
        unread=of["unread"],
        changed=of["changed"],
        unreadable=int(of["unreadable"]),
        books=unknown_of([sources[name] for name in INVOICE_SOURCES]),
        used_on=of["used_on"],
        sources=tuple(sources[name] for name in _SOURCES),
    )


def _licences_unknown(of: Any, pax8: Source) -> LicencesUnknown | None:
    if pax8.unknown is not None:
        return LicencesUnknown(pax8.unknown)
    return None if of["knows_licences"] else LicencesUnknown.NOT_YET_KNOWN


def _charges_unknown(of: Any, pax8: Source) -> ChargesUnknown | None:
    """An invoice that is listed and not read leaves the month's charges unknown."""
    if pax8.unknown is not None:
        is_never = pax8.unknown is Unknown.NEVER_SYNCED
        return ChargesUnknown.NEVER_SYNCED if is_never else ChargesUnknown.SOURCE_NOT_CONNECTED
    if of["bills"] and not of["unread"]:
        return None
    return ChargesUnknown.DENIED if of["is_denied"] else ChargesUnknown.NOT_READ
