"""Keeps what the accounts of Xero earn money with, for the books that are read now."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    DateTime,
    Select,
    Text,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.models import XERO, RevenueCategory
from billingone_api.billing.invoices.models import Account, AccountMapping
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.invoices import ledgers
from billingone_api.database.tables.xero import account_mappings, accounts
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_LEDGER: Final = bindparam("ledger_id", type_=Uuid())
_REVENUE: Final = word("REVENUE")
_FIELDS: Final = tuple(item.name for item in fields(Account))


def _current() -> Select[Any]:
    return select(ledgers.c.id, ledgers.c.name).where(
        own(ledgers), ledgers.c.source == word(XERO), ledgers.c.is_current
    )


def _accounts() -> ClauseElement:
    """The books, each with every account that earns money or is mapped; one row without any."""
    of, mapped, books = accounts.c, account_mappings.c, _current().subquery("books")
    is_revenue = func.coalesce(of["class"] == _REVENUE, literal_column("false"))
    is_listed = or_(is_revenue & of.gone_at.is_(None), mapped.category.is_not(None))
    listed = (
        select(
            of.ledger_id,
            of.source_id.label("account_id"),
            of.code,
            of.name,
            of.type,
            of.source_status,
            mapped.category,
            mapped.mapped_by,
            mapped.mapped_at,
            is_revenue.label("is_revenue"),
            of.gone_at.is_not(None).label("is_gone"),
        )
        .select_from(accounts.outerjoin(account_mappings, own(account_mappings) & _its_account()))
        .where(own(accounts), is_listed)
        .subquery("listed")
    )
    return (
        select(
            books.c.id.label("books_id"),
            books.c.name.label("organisation"),
            *(listed.c[name] for name in _FIELDS),
        )
        .select_from(books.outerjoin(listed, listed.c.ledger_id == books.c.id))
        .order_by(listed.c.code, listed.c.name, listed.c.account_id)
    )


def _its_account() -> ColumnElement[bool]:
    of, mapped = accounts.c, account_mappings.c
    return (mapped.ledger_id == of.ledger_id) & (mapped.account_id == of.source_id)


def _save() -> ClauseElement:
    sent = func.unnest(
        bindparam("account_ids", type_=ARRAY(Text)), bindparam("categories", type_=ARRAY(Text))
    ).table_valued(column("account_id", Text), column("category", Text), name="sent")
    rows = sent.render_derived()
    of = account_mappings.c
    statement = insert(account_mappings).from_select(
        ["organisation_id", "ledger_id", "account_id", "category", "mapped_by", "mapped_at"],
        select(
            bindparam("organisation_id", type_=Uuid()),
            _LEDGER,
            rows.c.account_id,
            rows.c.category,
            bindparam("by", type_=Text),
            bindparam("at", type_=DateTime(timezone=True)),
        ),
    )
    news = {name: statement.excluded[name] for name in ("category", "mapped_by", "mapped_at")}
    return statement.on_conflict_do_update(
        index_elements=list(account_mappings.primary_key.columns),
        set_=news,
        where=of.category != statement.excluded.category,
    )


_ACCOUNTS: Final = prepare(_accounts())
_LOCK: Final = prepare(_current().with_for_update())
_SAVE: Final = prepare(_save())
_REMOVE: Final = prepare(
    delete(account_mappings).where(
        own(account_mappings),
        account_mappings.c.ledger_id == _LEDGER,
        account_mappings.c.account_id != bindparam("account_ids", type_=ARRAY(Text)).all_(),
    )
)


class PostgresChart:
    """The accounts of one organisation; `at` dates what is written."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def mapping(self) -> AccountMapping:
        return _mapping(await self._run(_ACCOUNTS))

    async def locked(self) -> AccountMapping:
        await self._run(_LOCK)
        return await self.mapping()

    async def save(
        self, ledger_id: UUID, categories: Mapping[str, RevenueCategory], *, by: str
    ) -> None:
        ids = list(categories)
        await self._run(_REMOVE, ledger_id=ledger_id, account_ids=ids)
        words = [str(category) for category in categories.values()]
        await self._run(
            _SAVE, ledger_id=ledger_id, account_ids=ids, categories=words, by=by, at=self._at
        )

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _mapping(rows: Sequence[Row]) -> AccountMapping:
    if not rows:
        return AccountMapping(None, None, ())
    return AccountMapping(
        ledger_id=rows[0]["books_id"],
        organisation=rows[0]["organisation"],
        accounts=tuple(_account(row) for row in rows if row["account_id"] is not None),
    )


def _account(row: Row) -> Account:
    told = {name: row[name] for name in _FIELDS}
    category = row["category"]
    return Account(**told | {"category": None if category is None else RevenueCategory(category)})
