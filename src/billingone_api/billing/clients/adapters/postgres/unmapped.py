"""Pax8 companies without a client, most money first: one statement for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    select,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.clients.models import (
    PAX8,
    Claimant,
    PageWanted,
    UnmappedReason,
    UnmappedRecord,
    UnmappedWanted,
)
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring, sums
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_PAX8: Final = literal_column(f"'{PAX8}'", Text)
_LAST: Final = literal_column("'-Infinity'", Numeric)


@dataclass(frozen=True, slots=True)
class PostgresUnmapped:
    """The unmapped companies of the organisation that a unit of work is for."""

    work: UnitOfWork
    cursors: Cursors
    reckoning: Reckoning

    async def page(self, wanted: UnmappedWanted, at: PageWanted) -> Page[UnmappedRecord]:
        scope = self._scope(wanted)
        after = self._after(at, scope)
        statement = _page(self.reckoning.basis, wanted.with_nobodys, bool(wanted.q), bool(after))
        rows = await self._fetch(statement, q=wanted.q, limit=at.limit + 1, **after)
        shown = rows[: at.limit]
        return Page(
            items=[self._record(row) for row in shown],
            next_cursor=self._next(shown[-1], scope) if len(rows) > at.limit else None,
            total=await self._total(wanted) if at.with_total else None,
        )

    async def _total(self, wanted: UnmappedWanted) -> int:
        (row,) = await self._fetch(_total(wanted.with_nobodys, bool(wanted.q)), q=wanted.q)
        total: int = row["total"]
        return total

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self.work.connection,
            statement,
            organisation_id=self.work.organisation_id,
            today=self.reckoning.today,
            reporting_currency=self.reckoning.reporting_currency,
            **values,
        )

    def _record(self, row: Row) -> UnmappedRecord:
        return UnmappedRecord(
            source=PAX8,
            source_id=row["source_id"],
            name=row["name"],
            reason=UnmappedReason(row["reason"]),
            claimed_by=[
                Claimant(id_, name)
                for id_, name in zip(
                    row["claimants"] or (), row["claimant_names"] or (), strict=True
                )
            ],
            mrr=self.reckoning.mrr(sums(row)),
            active_subscriptions=self.reckoning.count(int(row["active"] or 0)),
        )

    def _scope(self, wanted: UnmappedWanted) -> str:
        return repr(
            (
                "unmapped",
                self.work.organisation_id,
                wanted.q,
                wanted.with_nobodys,
                self.reckoning.basis,
            )
        )

    def _after(self, at: PageWanted, scope: str) -> dict[str, Any]:
        if at.cursor is None:
            return {}
        value, source_id = self.cursors.open(at.cursor, scope=scope)
        return {"after_value": value, "after_id": source_id}

    def _next(self, last: Row, scope: str) -> str:
        return self.cursors.seal((last["sort_value"], last["source_id"]), scope=scope)


@cache
def _page(basis: PriceBasis, with_nobodys: bool, searched: bool, continued: bool) -> Prepared:  # noqa: FBT001 - a cached builder's key
    known, claimed = _companies(with_nobodys=with_nobodys, searched=searched), _claims()
    money = _recurring(basis)
    value = func.coalesce(
        case((money.c.key.is_(None), literal_column("0", Numeric)), else_=money.c.reporting), _LAST
    )
    statement = (
        select(
            known.c.source_id,
            known.c.name,
            _reason(known, claimed).label("reason"),
            claimed.c.claimants,
            claimed.c.claimant_names,
            *(money.c[name] for name in COLUMNS),
            value.label("sort_value"),
        )
        .select_from(
            known.outerjoin(claimed, claimed.c.company_id == known.c.source_id).outerjoin(
                money, money.c.key == known.c.source_id
            )
        )
        .order_by(value.desc(), known.c.source_id.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    if continued:
        after = bindparam("after_value", type_=Numeric), bindparam("after_id", type_=Text)
        statement = statement.where(tuple_(value, known.c.source_id) < tuple_(*after))
    return prepare(statement)


@cache
def _total(with_nobodys: bool, searched: bool) -> Prepared:  # noqa: FBT001 - a cached builder's key
    known = _companies(with_nobodys=with_nobodys, searched=searched)
    return prepare(select(func.count().label("total")).select_from(known))


def _companies(*, with_nobodys: bool, searched: bool) -> FromClause:
    """Companies Pax8 lists, and those that only a subscription speaks of, without a client."""
    listed, of, links = pax8_companies.c, subscriptions.c, client_links.c
    known = union(
        select(listed.source_id).where(own(pax8_companies), listed.gone_at.is_(None)),
        select(of.company_id).where(
            own(subscriptions), of.source == _PAX8, of.gone_at.is_(None), of.company_id.is_not(None)
        ),
    ).subquery("known")
    is_company = own(pax8_companies) & (listed.source_id == known.c.source_id)
    is_link = own(client_links) & (links.source == _PAX8) & (links.source_id == known.c.source_id)
    statement = (
        select(known.c.source_id, listed.name, links.origin)
        .select_from(known.outerjoin(pax8_companies, is_company).outerjoin(client_links, is_link))
        .where((links.client_id if with_nobodys else links.origin).is_(None))
    )
    if searched:
        words = func.lower(func.concat_ws(" ", listed.name, known.c.source_id))
        statement = statement.where(func.strpos(words, func.lower(bindparam("q", type_=Text))) > 0)
    return statement.subquery("companies")


def _claims() -> FromClause:
    """Companies that clients name, with who they are: without a link it is more than one."""
    of = clients.c
    return (
        select(
            of.pax8_company_id.label("company_id"),
            func.array_agg(aggregate_order_by(of.id, of.name, of.id)).label("claimants"),
            func.array_agg(aggregate_order_by(of.name, of.name, of.id)).label("claimant_names"),
        )
        .where(own(clients), of.pax8_company_id.is_not(None))
        .group_by(of.pax8_company_id)
        .subquery("claims")
    )


def _reason(known: FromClause, claimed: FromClause) -> ColumnElement[str]:
    words = {one: literal_column(f"'{one}'", Text) for one in UnmappedReason}
    return case(
        (known.c.origin.is_not(None), words[UnmappedReason.SET_TO_NOBODY]),
        (claimed.c.company_id.is_not(None), words[UnmappedReason.CLAIMED_TWICE]),
        else_=words[UnmappedReason.NO_CLIENT_CLAIMS_IT],
    )


def _recurring(basis: PriceBasis) -> FromClause:
    of = subscriptions.c
    mine = own(subscriptions) & (of.source == _PAX8) & of.client_id.is_(None)
    return recurring(subscriptions, basis, key=of.company_id, where=mine)
