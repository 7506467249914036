"""Keeps what Pax8 charges: a row for each bill, and its charges, replaced whole."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.adapters.charges import is_counted
from billingone_api.billing.subscriptions.charges import (
    BILLS,
    Bill,
    Charge,
    ReadBill,
    month_from,
)
from billingone_api.billing.subscriptions.models import PAX8
from billingone_api.billing.syncs.adapters.sightings import AT, ORGANISATION, swept, unmet
from billingone_api.billing.syncs.adapters.sweeps import Quarantine
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.fast import Row, fetch, fetch_one, prepare
from billingone_api.database.staging import Staging
from billingone_api.database.tables.charges import pax8_bills, pax8_charges
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process

_OF: Final = pax8_bills.c
_ID: Final = bindparam("id", type_=Text)
_MINE: Final = own(pax8_bills) & (_OF.source_id == _ID)
_FIELDS: Final = tuple(item.name for item in fields(Bill))
_NEWS: Final = (*_FIELDS[1:], "month", "is_due", "changed_at", "gone_at")
_SENT: Final = tuple(item.name for item in fields(Charge))
_values_of: Final = attrgetter(*_SENT)

# Those that the list is asked for; what is older stays as it was last seen.
_LIVE: Final = (
    ~_OF.is_draft & _OF.gone_at.is_(None) & (_OF.invoiced_on >= bindparam("since", type_=Date))
)
SWEPT_BILLS: Final = swept(
    BILLS,
    pax8_bills,
    _LIVE,
    burying=update(pax8_bills)
    .where(unmet(BILLS, pax8_bills, _LIVE))
    .values(gone_at=AT, changed_at=AT),
)


_KNOWN: Final = prepare(
    select(*(_OF[name] for name in _FIELDS), _OF.gone_at.is_not(None).label("is_gone")).where(
        own(pax8_bills), _OF.source_id == bindparam("ids", type_=ARRAY(Text)).any_()
    )
)
_DUE: Final = prepare(
    select(_OF.source_id)
    .where(
        own(pax8_bills),
        _OF.is_due,
        ~_OF.is_draft,
        is_counted(pax8_bills),
        _OF.source_id > bindparam("after", type_=Text),
    )
    .order_by(_OF.source_id)
)
_READ_AT: Final = prepare(select(_OF.read_at).where(_MINE))
_STATE: Final = prepare(
    select(_OF.digest, _OF.unreadable, _OF.read_at).where(_MINE).with_for_update()
)
_TOUCHING: Final = prepare(
    update(pax8_bills)
    .where(_MINE)
    .values(
        is_due=literal_column("false"),
        read_at=AT,
        digest=bindparam("digest", type_=Text),
        unreadable=bindparam("unreadable", type_=Integer),
    )
)
_CHANGING: Final = prepare(update(pax8_bills).where(_MINE).values(changed_at=AT))
_DRAFTING: Final = prepare(
    insert(pax8_bills)
    .values(
        organisation_id=ORGANISATION,
        source_id=_ID,
        is_draft=literal_column("true"),
        month=bindparam("month", type_=Date),
        is_due=literal_column("false"),
        first_seen_at=AT,
        changed_at=AT,
    )
    .on_conflict_do_nothing()
)
_CLEARING: Final = prepare(
    delete(pax8_charges).where(own(pax8_charges), pax8_charges.c.bill_id == _ID)
)
_staging: Final = Staging(
    "incoming_charges",
    Column("position", Integer),
    *(Column(name, pax8_charges.c[name].type) for name in _SENT),
)
_FILLING: Final = prepare(
    insert(pax8_charges).from_select(
        ["organisation_id", "bill_id", "position", *_SENT],
        select(ORGANISATION, _ID, *_staging.table.c),
    )
)
_posted = pax8_bills.alias("posted")
_DROPPING: Final = prepare(
    delete(pax8_bills).where(
        own(pax8_bills),
        _OF.is_draft,
        _OF.month < bindparam("month", type_=Date),
        exists().where(
            _posted.c.organisation_id == _OF.organisation_id,
            # One that was withdrawn leaves the draft to say what is charged.
            is_counted(_posted),
            ~_posted.c.is_draft,
            _posted.c.read_at.is_not(None),
            _posted.c.month == _OF.month,
        ),
    )
)


def _saving() -> Any:
    statement = insert(pax8_bills)
    return statement.on_conflict_do_update(
        index_elements=list(pax8_bills.primary_key.columns),
        set_={name: statement.excluded[name] for name in _NEWS},
    )


class PostgresBills:
    """The bills of one organisation, as a run of its sync reads and writes them."""

    def __init__(self, process: Process, run: RunContext) -> None:
        self._process = process
        self._run = run

    async def write(self, work: UnitOfWork, records: Sequence[Bill]) -> Tally:
        known = await self._known(work, records)
        news = [one for one in records if known.get(one.source_id) != one]
        if news:
            rows = [_row(work, one, at=self._process.clock.now()) for one in news]
            await work.connection.execute(_saving(), rows)
        created = sum(one.source_id not in known for one in news)
        return Tally(
            created=created, changed=len(news) - created, unchanged=len(records) - len(news)
        )

    async def due(self, *, after: str) -> Sequence[str]:
        async with self._process.work(self._run.organisation_id) as work:
            values = owned_by(work.organisation_id, after=after)
            return [row["source_id"] for row in await fetch(work.connection, _DUE, **values)]

    async def read_since(self, bill_id: str, since: datetime) -> bool:
        async with self._process.work(self._run.organisation_id) as work:
            values = owned_by(work.organisation_id, id=bill_id)
            row = await fetch_one(work.connection, _READ_AT, **values)
        return row is not None and row["read_at"] is not None and row["read_at"] >= since

    async def replace(self, work: UnitOfWork, bill: ReadBill) -> Tally:
        values = owned_by(work.organisation_id, id=bill.bill_id, at=self._process.clock.now())
        if bill.month is not None:
            await fetch(work.connection, _DRAFTING, **values, month=bill.month)
            await self._drop_past_drafts(work, bill.month)
        before = await fetch_one(work.connection, _STATE, **values)
        if before is None:
            return Tally()
        await self._put_aside(work, bill, before)
        digest = bill.digest()
        counts = {"digest": digest, "unreadable": len(bill.unreadable)}
        await fetch(work.connection, _TOUCHING, **values, **counts)
        if before["digest"] == digest:
            return Tally(unchanged=len(bill.charges), quarantined=len(bill.unreadable))
        await self._fill(work, bill, values)
        is_first = before["read_at"] is None
        return Tally(
            created=len(bill.charges) if is_first else 0,
            changed=0 if is_first else len(bill.charges),
            quarantined=len(bill.unreadable),
        )

    async def _fill(self, work: UnitOfWork, bill: ReadBill, values: dict[str, Any]) -> None:
        await fetch(work.connection, _CLEARING, **values)
        await fetch(work.connection, _CHANGING, **values)
        if bill.charges:
            rows = ((place, *_values_of(one)) for place, one in enumerate(bill.charges))
            await _staging.fill(work, ["position", *_SENT], rows)
            await fetch(work.connection, _FILLING, **values)

    async def _put_aside(self, work: UnitOfWork, bill: ReadBill, before: Row) -> None:
        """Those that cannot be read now, in place of those that could not the last time."""
        quarantine = Quarantine(work, PAX8, bill.kind)
        at = self._process.clock.now()
        await quarantine.put(bill.unreadable, run_id=self._run.run_id, at=at)
        if before["unreadable"] > len(bill.unreadable):
            places = range(len(bill.unreadable), before["unreadable"])
            await quarantine.release([f"{bill.bill_id}/{place}" for place in places])

    async def _drop_past_drafts(self, work: UnitOfWork, month: date) -> None:
        """The invoice that they foretold has come."""
        values = owned_by(work.organisation_id, month=month_from(month, months=-1))
        await fetch(work.connection, _DROPPING, **values)

    async def _known(self, work: UnitOfWork, records: Sequence[Bill]) -> dict[str, Bill | None]:
        """What is kept of them; None for one that has a tombstone."""
        values = owned_by(work.organisation_id, ids=[one.source_id for one in records])
        found = await fetch(work.connection, _KNOWN, **values)
        return {
            row["source_id"]: None if row["is_gone"] else Bill(*(row[name] for name in _FIELDS))
            for row in found
        }


def _row(work: UnitOfWork, bill: Bill, *, at: datetime) -> dict[str, Any]:
    day = bill.invoiced_on
    return owned_by(
        work.organisation_id,
        **asdict(bill),
        is_draft=False,
        month=None if day is None else month_from(day, months=0),
        is_due=True,
        first_seen_at=at,
        changed_at=at,
        gone_at=None,
    )
