"""Keeps whose books are read: one ledger is current, those before it stay apart."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, bindparam, case, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.adapters.twins import pair
from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import SOURCE
from billingone_api.billing.invoices.books import Ledger, Organisation
from billingone_api.billing.syncs.adapters.sightings import AT
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.fast import fetch, fetch_one, prepare
from billingone_api.database.mapping import write_invoices
from billingone_api.database.tables.invoices import invoices, ledgers
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

_FACTS: Final = ("name", "short_code", "base_currency", "country", "is_current")
_MINE: Final = own(ledgers) & (ledgers.c.source == SOURCE)
_ITS_ID: Final = bindparam("ledger_source_id", type_=Text)

_CURRENT: Final = prepare(
    select(ledgers.c.id, ledgers.c.base_currency).where(_MINE, ledgers.c.is_current)
)
_FOUND: Final = prepare(
    select(*(ledgers.c[name] for name in _FACTS)).where(_MINE, ledgers.c.source_id == _ITS_ID)
)
_CLOSING: Final = prepare(
    update(ledgers)
    .where(_MINE, ledgers.c.is_current, ledgers.c.source_id != _ITS_ID)
    .values(is_current=False, changed_at=AT)
    .returning(ledgers.c.id)
)
# Of the others, since no number that is not among theirs has a twin.
_NUMBERS: Final = prepare(
    select(invoices.c.number_key).where(own(invoices), invoices.c.source != SOURCE).distinct()
)


class PostgresLedgers:
    """The ledgers of one source, as a run of its sync reads and writes them."""

    def __init__(self, process: Process, run: RunContext) -> None:
        self._process = process
        self._values = owned_by(run.organisation_id, source=run.source)

    async def current(self) -> Ledger:
        async with self._process.work(self._values["organisation_id"]) as work:
            row = await fetch_one(work.connection, _CURRENT, **self._values)
        if row is None:
            raise LookupError("No books have been opened yet.")
        return Ledger(row["id"], row["base_currency"])

    async def open(self, work: UnitOfWork, organisation: Organisation) -> Tally:
        values = self._values | {"ledger_source_id": organisation.source_id}
        known = await fetch_one(work.connection, _FOUND, **values)
        news = {name: getattr(organisation, name) for name in _FACTS[:-1]} | {"is_current": True}
        if known is not None and dict(known) == news:
            return Tally(unchanged=1)
        await write_invoices(work)
        now = self._process.clock.now()
        # Before ours is current, which only one may be.
        closed = await fetch(work.connection, _CLOSING, at=now, **values)
        await work.connection.execute(_opening(), self._row(organisation, news, at=now))
        if closed:
            rows = await fetch(work.connection, _NUMBERS, **self._values)
            await pair(work, [row["number_key"] for row in rows])
        return Tally(created=1) if known is None else Tally(changed=1)

    def _row(
        self, organisation: Organisation, news: dict[str, Any], *, at: datetime
    ) -> dict[str, Any]:
        named = {"id": new_id(), "source_id": organisation.source_id}
        dates = dict.fromkeys(("opened_at", "first_seen_at", "changed_at"), at)
        return self._values | named | news | dates


def _opening() -> Any:
    statement = insert(ledgers)
    sent, kept = statement.excluded, ledgers.c
    opened_at = case((kept.is_current, kept.opened_at), else_=sent.opened_at)
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", "source", "source_id"],
        set_={name: sent[name] for name in (*_FACTS, "changed_at")} | {"opened_at": opened_at},
    )
