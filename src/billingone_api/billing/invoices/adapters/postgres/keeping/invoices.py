"""Keeps invoices with their lines, and the rates that they tell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, FromClause, Text, bindparam, func, select

from billingone_api.billing.definitions.adapters.twins import pair
from billingone_api.billing.invoices.adapters.postgres.keeping.lines import Attached
from billingone_api.billing.invoices.adapters.postgres.keeping.rates import PostgresRates
from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import (
    CREATED,
    LEDGER,
    LINES_DIGEST,
    NEW_FACTS,
    Found,
    Versioned,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.whose import client_of
from billingone_api.billing.invoices.books import Invoice, Ledger, Line
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.mapping import write_invoices
from billingone_api.database.tables.invoices import invoice_lines, invoices
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

_SENT: Final = (
    *(item.name for item in fields(Invoice) if item.name != "lines"),
    LINES_DIGEST,
)
_values_of: Final = attrgetter(*_SENT)


def _resolve(rows: FromClause, sent: FromClause, kept: FromClause) -> tuple[FromClause, Found]:
    joined, found = client_of(rows, sent, kept)
    digest = func.coalesce(sent.c[LINES_DIGEST], kept.c[LINES_DIGEST])
    return joined, {**found, LINES_DIGEST: digest}


_TABLE: Final = Versioned(invoices, _SENT, resolve=_resolve)
_LINES: Final = Attached(invoice_lines, "invoice_id", [item.name for item in fields(Line)])
_BY_ID: Final = prepare(
    select(invoices.c.number_key).where(
        own(invoices), invoices.c.id == bindparam("ids", type_=ARRAY(invoices.c.id.type)).any_()
    )
)


async def _numbers(work: UnitOfWork, ids: Collection[UUID]) -> set[str]:
    if not ids:
        return set()
    values = owned_by(work.organisation_id, ids=list(ids))
    return {row["number_key"] for row in await fetch(work.connection, _BY_ID, **values)}


async def _pair_without(work: UnitOfWork, buried: Sequence[Row]) -> None:
    """What one of another ledger's was once more has to be counted there now."""
    await pair(work, await _numbers(work, [row["invoice_id"] for row in buried]))


INVOICES: Final = _TABLE.swept("invoices", follow=_pair_without)

_told: Final = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Text)),
        bindparam("told_at", type_=ARRAY(DateTime(timezone=True))),
    )
    .table_valued("source_id", "at", name="told")
    .render_derived()
)
_BEHIND: Final = prepare(
    select(_told.c.source_id)
    .select_from(
        _told.outerjoin(
            invoices,
            own(invoices)
            & (invoices.c.ledger_id == LEDGER)
            & (invoices.c.source_id == _told.c.source_id),
        )
    )
    .where(func.coalesce(invoices.c.source_updated_at < _told.c.at, True))
)


class PostgresInvoices:
    """The invoices of one ledger, as a run of its sync reads and writes them."""

    def __init__(self, process: Process, run: RunContext, ledger: Ledger) -> None:
        self._process = process
        self._values = owned_by(run.organisation_id, ledger_id=ledger.id, source=run.source)
        is_foreign_per_base = process.settings.xero_currency_rate_is == "foreign_per_base"
        self._rates = PostgresRates(ledger, is_foreign_per_base=is_foreign_per_base)

    async def write(self, work: UnitOfWork, records: Sequence[Invoice]) -> Tally:
        # Also without any: whatever else this batch does to invoices comes after our turn.
        await write_invoices(work)
        if not records:
            return Tally()
        values = self._values | {"at": self._process.clock.now()}
        staged = ((new_id(), *_values_of(one)) for one in records)
        judged = await _TABLE.judge(work, staged, values)
        renewed = [row["id"] for row in judged if row["outcome"] == NEW_FACTS]
        created = [row["id"] for row in judged if row["outcome"] == CREATED]
        before = await _numbers(work, renewed)
        tally = await _TABLE.write(work, judged, values)
        await _LINES.replace(work, judged, {one.source_id: one.lines for one in records})
        await self._rates.write(work, records, at=values["at"])
        await pair(work, before | await _numbers(work, [*created, *renewed]))
        return tally

    async def behind(self, told: Mapping[str, datetime]) -> Collection[str]:
        values = self._values | {"ids": list(told), "told_at": list(told.values())}
        async with self._process.work(values["organisation_id"]) as work:
            rows = await fetch(work.connection, _BEHIND, **values)
        return [row["source_id"] for row in rows]
