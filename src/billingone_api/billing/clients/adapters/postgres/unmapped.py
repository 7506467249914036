"""Records of one third party without a client, most money first: one statement for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.clients.adapters.postgres.billed import (
    BILLED,
    Grouped,
    billed,
    billed_sums,
)
from billingone_api.billing.clients.adapters.postgres.universe import LISTS, records, unmapped
from billingone_api.billing.clients.models import (
    IDENTIFIERS,
    PAX8,
    Claimant,
    PageWanted,
    UnmappedCount,
    UnmappedReason,
    UnmappedRecord,
    UnmappedWanted,
)
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring, sums
from billingone_api.billing.definitions.figures import Count, Mrr, Reckoning, Total, Unknown
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.pagination import Cursors, Page

_LAST: Final = literal_column("'-Infinity'", Numeric)
_ZERO: Final = literal_column("0", Numeric)
_OTHERS: Final = Unknown.NOT_OF_THIS_SOURCE


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a statement is built from; its values are bound when it runs."""

    source: str
    basis: PriceBasis
    with_nobodys: bool
    is_searched: bool
    is_continued: bool = False

    def records(self) -> FromClause:
        return unmapped(self.source, with_nobodys=self.with_nobodys, searched=self.is_searched)


@dataclass(frozen=True, slots=True)
class PostgresUnmapped:
    """The unmapped records of the organisation that a unit of work is for."""

    work: UnitOfWork
    cursors: Cursors
    reckoning: Reckoning

    async def page(
        self, wanted: UnmappedWanted, at: PageWanted, *, of: str = "unmapped"
    ) -> Page[UnmappedRecord]:
        """`of` is the list that the cursor belongs to."""
        scope = repr((of, self.work.organisation_id, wanted, self.reckoning.basis))
        after = self._after(at, scope)
        rows = await self._fetch(
            _page(self._shape(wanted, continued=bool(after))),
            q=wanted.q,
            limit=at.limit + 1,
            **after,
        )
        shown = rows[: at.limit]
        return Page(
            items=[self._record(row, wanted.source) for row in shown],
            next_cursor=self._next(shown[-1], scope) if len(rows) > at.limit else None,
            total=await self._total(wanted) if at.with_total else None,
        )

    async def counts(self) -> Sequence[UnmappedCount]:
        return [UnmappedCount(**row) for row in await self._fetch(_COUNTS)]

    async def _total(self, wanted: UnmappedWanted) -> int:
        (row,) = await self._fetch(_total(self._shape(wanted)), q=wanted.q)
        total: int = row["total"]
        return total

    def _shape(self, wanted: UnmappedWanted, *, continued: bool = False) -> _Shape:
        return _Shape(
            source=wanted.source,
            basis=self.reckoning.basis,
            with_nobodys=wanted.with_nobodys,
            is_searched=bool(wanted.q),
            is_continued=continued,
        )

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self.work.connection,
            statement,
            organisation_id=self.work.organisation_id,
            today=self.reckoning.today,
            reporting_currency=self.reckoning.reporting_currency,
            **values,
        )

    def _record(self, row: Row, source: str) -> UnmappedRecord:
        figures = self._subscribed(row) if source == PAX8 else self._billed(row)
        return UnmappedRecord(
            source=source,
            source_id=row["source_id"],
            name=row["name"],
            reason=UnmappedReason(row["reason"]),
            claimed_by=[
                Claimant(id_, name)
                for id_, name in zip(
                    row["claimants"] or (), row["claimant_names"] or (), strict=True
                )
            ],
            ignored_because=row["ignored_because"],
            **figures,
        )

    def _subscribed(self, row: Row) -> dict[str, Any]:
        return {
            "mrr": self.reckoning.mrr(sums(row)),
            "active_subscriptions": self.reckoning.count(int(row["active"] or 0)),
            "outstanding": Total(None, _OTHERS),
            "revenue": Total(None, _OTHERS),
            "invoices": Count(None, _OTHERS),
        }

    def _billed(self, row: Row) -> dict[str, Any]:
        money, by = billed_sums(row), self.reckoning
        unknown = by.books_unknown
        return {
            "mrr": Mrr(None, _OTHERS, (), (), 0),
            "active_subscriptions": Count(None, _OTHERS),
            "outstanding": by.billed(money.owed),
            "revenue": by.billed(money.revenue),
            "invoices": Count(None if unknown else money.invoices, unknown),
        }

    def _after(self, at: PageWanted, scope: str) -> dict[str, Any]:
        if at.cursor is None:
            return {}
        value, source_id = self.cursors.open(at.cursor, scope=scope)
        return {"after_value": value, "after_id": source_id}

    def _next(self, last: Row, scope: str) -> str:
        return self.cursors.seal((last["sort_value"], last["source_id"]), scope=scope)


async def unmapped_ids(work: UnitOfWork, source: str) -> Sequence[str]:
    """Of all records without a client, but for those that a person set to nobody."""
    rows = await fetch(work.connection, _ids(source), organisation_id=work.organisation_id)
    return [row["source_id"] for row in rows]


@cache
def _page(shape: _Shape) -> Prepared:
    known, claimed = shape.records(), _claims(shape.source)
    money, names = _money(shape)
    of = known.c
    worth: ColumnElement[Any] = money.c.reporting if shape.source == PAX8 else _greater(money)
    value = func.coalesce(case((money.c.key.is_(None), _ZERO), else_=worth), _LAST)
    statement = (
        select(
            of.source_id,
            of.name,
            of.reason.label("ignored_because"),
            _reason(known, claimed).label("reason"),
            claimed.c.claimants,
            claimed.c.claimant_names,
            *(money.c[name] for name in names),
            value.label("sort_value"),
        )
        .select_from(
            known.outerjoin(claimed, claimed.c.record_id == of.source_id).outerjoin(
                money, money.c.key == of.source_id
            )
        )
        .order_by(value.desc(), of.source_id.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    if shape.is_continued:
        after = bindparam("after_value", type_=Numeric), bindparam("after_id", type_=Text)
        statement = statement.where(tuple_(value, of.source_id) < tuple_(*after))
    return prepare(statement)


@cache
def _total(shape: _Shape) -> Prepared:
    return prepare(select(func.count().label("total")).select_from(shape.records()))


@cache
def _ids(source: str) -> Prepared:
    known = unmapped(source, with_nobodys=False)
    return prepare(select(known.c.source_id).order_by(known.c.source_id))


def _counts(source: str) -> Any:
    of = records(source).subquery(f"{source}_records").c
    is_ignored = of.origin.is_not(None) & of.client_id.is_(None)
    return select(
        word(source).label("source"),
        func.count().filter(of.origin.is_(None)).label("unmapped"),
        func.count().filter(is_ignored).label("ignored"),
    )


_COUNTS: Final = prepare(union_all(*(_counts(source) for source in LISTS)))


def _claims(source: str) -> FromClause:
    """Records that clients name, with who they are: without a link it is more than one."""
    of, named = clients.c, clients.c[IDENTIFIERS[source]]
    return (
        select(
            named.label("record_id"),
            func.array_agg(aggregate_order_by(of.id, of.name, of.id)).label("claimants"),
            func.array_agg(aggregate_order_by(of.name, of.name, of.id)).label("claimant_names"),
        )
        .where(own(clients), named.is_not(None))
        .group_by(named)
        .subquery("claims")
    )


def _reason(known: FromClause, claimed: FromClause) -> ColumnElement[str]:
    return case(
        (known.c.origin.is_not(None), word(UnmappedReason.SET_TO_NOBODY)),
        (claimed.c.record_id.is_not(None), word(UnmappedReason.CLAIMED_TWICE)),
        else_=word(UnmappedReason.NO_CLIENT_CLAIMS_IT),
    )


def _money(shape: _Shape) -> tuple[CTE, tuple[str, ...]]:
    """What stands behind the records, and the columns that say so.

    Reckoned once: PostgreSQL expects one record without a client, and would add it all up for each
    that there is.
    """
    money, names = _reckoned(shape)
    return money.prefix_with("MATERIALIZED"), names


def _reckoned(shape: _Shape) -> tuple[CTE, tuple[str, ...]]:
    if shape.source == PAX8:
        of = subscriptions.c
        mine = own(subscriptions) & (of.source == word(PAX8)) & of.client_id.is_(None)
        return recurring(subscriptions, shape.basis, key=of.company_id, where=mine), COLUMNS
    bills, credits_ = invoices.c, client_credits.c
    return (
        billed(
            Grouped(
                bills.contact_id,
                credits_.contact_id,
                (bills.source == word(shape.source)) & bills.client_id.is_(None),
                (credits_.source == word(shape.source)) & credits_.client_id.is_(None),
            )
        ),
        BILLED,
    )


def _greater(money: CTE) -> ColumnElement[Any]:
    """Of what was invoiced in a year and what is owed; NULL where one cannot be converted."""
    of = money.c
    is_known = of.revenue.is_not(None) & of.owed.is_not(None)
    return case((is_known, func.greatest(of.revenue, of.owed)), else_=null())
