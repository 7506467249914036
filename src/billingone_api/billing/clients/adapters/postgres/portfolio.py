"""The list of clients with what each brings in a month: one statement for a page."""

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
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    tuple_,
)

from billingone_api.billing.clients.models import ClientSummary, ClientsWanted
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring, sums
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_UNKNOWN_LAST: Final = {
    True: literal_column("'-Infinity'", Numeric),
    False: literal_column("'Infinity'", Numeric),
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a statement is built from; its values are bound when it runs."""

    basis: PriceBasis
    active: bool | None
    sort: str
    is_searched: bool
    is_continued: bool

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")


@dataclass(frozen=True, slots=True)
class PostgresPortfolio:
    """The clients of the organisation that a unit of work is for."""

    work: UnitOfWork
    cursors: Cursors
    reckoning: Reckoning

    async def page(self, wanted: ClientsWanted) -> Page[ClientSummary]:
        scope = self._scope(wanted)
        after = self._after(wanted, scope)
        statement = _page(self._shape(wanted))
        rows = await self._fetch(statement, q=wanted.q, limit=wanted.limit + 1, **after)
        shown = rows[: wanted.limit]
        return Page(
            items=[self._summary(row) for row in shown],
            next_cursor=self._next(shown[-1], scope) if len(rows) > wanted.limit else None,
            total=await self._total(wanted) if wanted.with_total else None,
        )

    async def _total(self, wanted: ClientsWanted) -> int:
        (row,) = await self._fetch(_total(self._shape(wanted)), q=wanted.q)
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

    def _summary(self, row: Row) -> ClientSummary:
        of_client, linked = sums(row), bool(row["linked_sources"])
        return ClientSummary(
            id=row["id"],
            name=row["name"],
            active=row["is_active"],
            linked_sources=tuple(row["linked_sources"] or ()),
            mrr=self.reckoning.mrr(of_client, linked=linked),
            active_subscriptions=self.reckoning.count(of_client.active, linked=linked),
        )

    def _shape(self, wanted: ClientsWanted) -> _Shape:
        return _Shape(
            basis=self.reckoning.basis,
            active=wanted.active,
            sort=wanted.sort,
            is_searched=wanted.q is not None,
            is_continued=wanted.cursor is not None,
        )

    def _scope(self, wanted: ClientsWanted) -> str:
        return repr(
            (
                "clients",
                self.work.organisation_id,
                wanted.q,
                wanted.active,
                wanted.sort,
                self.reckoning.basis,
            )
        )

    def _after(self, wanted: ClientsWanted, scope: str) -> dict[str, Any]:
        if wanted.cursor is None:
            return {}
        value, id_ = self.cursors.open(wanted.cursor, scope=scope)
        return {"after_value": value, "after_id": id_}

    def _next(self, last: Row, scope: str) -> str:
        return self.cursors.seal((last["sort_value"], last["id"]), scope=scope)


@cache
def _page(shape: _Shape) -> Prepared:
    return prepare(_by_name(shape) if shape.sort in {"name", "-name"} else _by_mrr(shape))


def _by_name(shape: _Shape) -> Select[Any]:
    """The page is chosen first, so that only its clients' subscriptions are added up."""
    of = clients.c
    chosen = _cut(select(of.id, of.name, of.active).where(*_filters(shape)), of.name, of.id, shape)
    page = chosen.cte("page")
    of_client = _recurring(shape.basis, among=select(page.c.id))
    statement = _with_figures(page, of_client, _links(), value=page.c.name)
    return statement.order_by(*_order(page.c.name, page.c.id, shape))


def _by_mrr(shape: _Shape) -> Select[Any]:
    of_client, links = _recurring(shape.basis), _links()
    value = _mrr(of_client, links, descending=shape.descending)
    statement = _with_figures(clients, of_client, links, value=value).where(*_filters(shape))
    return _cut(statement, value, clients.c.id, shape)


def _with_figures(
    table: FromClause, of_client: CTE, links: CTE, *, value: ColumnElement[Any]
) -> Select[Any]:
    of = table.c
    return select(
        of.id,
        of.name,
        of.active.label("is_active"),
        links.c.linked_sources,
        *(of_client.c[name] for name in COLUMNS),
        value.label("sort_value"),
    ).select_from(
        table.outerjoin(links, links.c.client_id == of.id).outerjoin(
            of_client, of_client.c.key == of.id
        )
    )


def _cut(
    statement: Select[Any], value: ColumnElement[Any], id_: ColumnElement[Any], shape: _Shape
) -> Select[Any]:
    """The rows of one page, in their order."""
    if shape.is_continued:
        last = bindparam("after_value", type_=value.type), bindparam("after_id", type_=Uuid())
        here = tuple_(value, id_)
        statement = statement.where(
            here < tuple_(*last) if shape.descending else here > tuple_(*last)
        )
    return statement.order_by(*_order(value, id_, shape)).limit(bindparam("limit", type_=Integer))


def _order(
    value: ColumnElement[Any], id_: ColumnElement[Any], shape: _Shape
) -> tuple[ColumnElement[Any], ...]:
    return (value.desc(), id_.desc()) if shape.descending else (value, id_)


@cache
def _total(shape: _Shape) -> Prepared:
    return prepare(select(func.count().label("total")).select_from(clients).where(*_filters(shape)))


def _filters(shape: _Shape) -> list[ColumnElement[bool]]:
    filters = [own(clients)]
    if shape.active is not None:
        filters.append(clients.c.active.is_(shape.active))
    if shape.is_searched:
        filters.append(func.strpos(_haystack(), func.lower(bindparam("q", type_=Text))) > 0)
    return filters


def _haystack() -> ColumnElement[str]:
    of = clients.c
    words = (of.name, of.tax_number, func.array_to_string(of.domains, " "), of.pax8_company_id)
    return func.lower(func.concat_ws(" ", *words, of.id))


def _recurring(basis: PriceBasis, *, among: Select[Any] | None = None) -> CTE:
    of = subscriptions.c
    mine = own(subscriptions) & of.client_id.is_not(None)
    if among is not None:
        mine &= of.client_id.in_(among)
    return recurring(subscriptions, basis, key=of.client_id, where=mine)


def _links() -> CTE:
    of = client_links.c
    return (
        select(of.client_id, func.array_agg(of.source.distinct()).label("linked_sources"))
        .where(own(client_links), of.client_id.is_not(None))
        .group_by(of.client_id)
        .cte("links")
    )


def _mrr(of_client: CTE, links: CTE, *, descending: bool) -> ColumnElement[Any]:
    """Exact, in 72nds; a client whose MRR is not known comes last, whichever way is asked for."""
    known = case(
        (links.c.client_id.is_(None), null()),
        (of_client.c.key.is_(None), literal_column("0", Numeric)),
        else_=of_client.c.reporting,
    )
    return func.coalesce(known, _UNKNOWN_LAST[descending])
