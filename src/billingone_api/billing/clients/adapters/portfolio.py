"""The list of clients with what each brings in a month: one statement for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Numeric,
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
    of_client, links = _recurring(shape.basis), _links()
    value: ColumnElement[Any] = clients.c.name
    if shape.sort in {"mrr", "-mrr"}:
        value = _mrr(of_client, links, descending=shape.descending)
    statement = (
        select(
            clients.c.id,
            clients.c.name,
            clients.c.active.label("is_active"),
            links.c.linked_sources,
            *(of_client.c[name] for name in COLUMNS),
            value.label("sort_value"),
        )
        .select_from(
            clients.outerjoin(links, links.c.client_id == clients.c.id).outerjoin(
                of_client, of_client.c.key == clients.c.id
            )
        )
        .where(*_filters(shape))
        .limit(bindparam("limit", type_=Integer))
    )
    if shape.is_continued:
        statement = statement.where(_beyond(value, descending=shape.descending))
    order = (value.desc(), clients.c.id.desc()) if shape.descending else (value, clients.c.id)
    return prepare(statement.order_by(*order))


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


def _recurring(basis: PriceBasis) -> CTE:
    of = subscriptions.c
    mine = own(subscriptions) & of.client_id.is_not(None)
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


def _beyond(value: ColumnElement[Any], *, descending: bool) -> ColumnElement[bool]:
    here = tuple_(value, clients.c.id)
    last = tuple_(bindparam("after_value", type_=value.type), bindparam("after_id", type_=Uuid()))
    return here < last if descending else here > last
