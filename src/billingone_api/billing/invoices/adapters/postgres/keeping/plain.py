"""Rows of a ledger without versions, rewritten where something new is said."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Table, Text, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import LEDGER
from billingone_api.billing.invoices.books import Account, Contact, Ledger
from billingone_api.billing.invoices.superops import Asset, Client, User
from billingone_api.billing.syncs.adapters.sightings import AT, Swept, swept, unmet
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.superops import (
    superops_assets,
    superops_clients,
    superops_users,
)
from billingone_api.database.tables.xero import accounts, xero_contacts
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process

Word = TypeVar("Word", bound=Account | Contact | Client | Asset | User)


class Plain(Generic[Word]):
    """The statements that keep one table; `named` are columns that are called otherwise there."""

    def __init__(
        self, kind: str, table: Table, words: type[Word], *, named: Mapping[str, str] | None = None
    ) -> None:
        self.words = words
        self._table = table
        names = named or {}
        self._columns = {item.name: names.get(item.name, item.name) for item in fields(words)}
        is_live: ColumnElement[bool] = table.c.gone_at.is_(None)
        live = (table.c.ledger_id == LEDGER) & is_live
        burying = update(table).where(unmet(kind, table, live)).values(gone_at=AT, changed_at=AT)
        self.swept: Final[Swept] = swept(kind, table, live, burying=burying)
        columns = (table.c[column].label(name) for name, column in self._columns.items())
        self.known = prepare(
            select(*columns, (~is_live).label("is_gone")).where(
                own(table),
                table.c.ledger_id == LEDGER,
                table.c.source_id == bindparam("ids", type_=ARRAY(Text)).any_(),
            )
        )

    def row(self, record: Word) -> dict[str, Any]:
        said = asdict(record)
        return {column: said[name] for name, column in self._columns.items()}

    def saving(self) -> Any:
        statement = insert(self._table)
        news = (*self._columns.values(), "changed_at", "gone_at")
        return statement.on_conflict_do_update(
            index_elements=list(self._table.primary_key.columns),
            set_={name: statement.excluded[name] for name in news if name != "source_id"},
        )


ACCOUNTS: Final = Plain("accounts", accounts, Account, named={"account_class": "class"})
CONTACTS: Final = Plain("contacts", xero_contacts, Contact)
CLIENTS: Final = Plain("clients", superops_clients, Client)
ASSETS: Final = Plain("assets", superops_assets, Asset)
USERS: Final = Plain("users", superops_users, User)


class PostgresPlain(Generic[Word]):
    """The rows of one such table in one ledger."""

    def __init__(
        self, kept: Plain[Word], process: Process, run: RunContext, ledger: Ledger
    ) -> None:
        self._kept = kept
        self._clock = process.clock
        self._values = owned_by(run.organisation_id, ledger_id=ledger.id)

    async def write(self, work: UnitOfWork, records: Sequence[Word]) -> Tally:
        known = await self._known(work, records)
        news = [one for one in records if known.get(one.source_id) != one]
        if news:
            now = self._clock.now()
            dates = {"first_seen_at": now, "changed_at": now, "gone_at": None}
            rows = [self._values | dates | self._kept.row(one) for one in news]
            await work.connection.execute(self._kept.saving(), rows)
        created = sum(one.source_id not in known for one in news)
        return Tally(
            created=created, changed=len(news) - created, unchanged=len(records) - len(news)
        )

    async def _known(self, work: UnitOfWork, records: Sequence[Word]) -> dict[str, Word | None]:
        """What is kept of them; None for one that has a tombstone."""
        ids = [record.source_id for record in records]
        rows = await fetch(work.connection, self._kept.known, **self._values, ids=ids)
        return {row["source_id"]: None if row["is_gone"] else self._words(row) for row in rows}

    def _words(self, row: Mapping[str, Any]) -> Word:
        return self._kept.words(**{name: value for name, value in row.items() if name != "is_gone"})
