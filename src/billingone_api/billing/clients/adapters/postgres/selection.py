"""Which clients are shown, in which order, with what each brings in: as SQL for list and file."""

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
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from billingone_api.billing.clients.adapters.postgres.billed import BILLED, Grouped, billed
from billingone_api.billing.clients.models import IDENTIFIERS, PAX8, SUPEROPS, XERO
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_UNKNOWN_LAST: Final = {
    True: literal_column("'-Infinity'", Numeric),
    False: literal_column("'Infinity'", Numeric),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a statement is built from; its values are bound when it runs."""

    basis: PriceBasis
    active: bool | None
    sort: str
    is_searched: bool
    is_continued: bool

    @property
    def is_by_name(self) -> bool:
        return self.sort in {"name", "-name"}

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")


@cache
def page_of(shape: Shape) -> Prepared:
    return prepare(_by_name(shape) if shape.is_by_name else _by_mrr(shape))


def _by_name(shape: Shape) -> Select[Any]:
    """The page is chosen first, so that only its clients' subscriptions are added up."""
    of = clients.c
    chosen = _cut(select(of.id, of.name, of.active).where(*_filters(shape)), of.name, of.id, shape)
    page = chosen.cte("page")
    of_client = _recurring(shape.basis, among=select(page.c.id))
    of_books = billed_of_clients(among=select(page.c.id))
    statement = _with_figures(page, of_client, _links(), of_books, value=page.c.name)
    return statement.order_by(*in_order(page.c.name, page.c.id, shape))


def _by_mrr(shape: Shape) -> Select[Any]:
    """Invoices are added up for the page alone, which they do not put in order."""
    statement, value = _sorted(shape)
    page = _cut(statement, value, clients.c.id, shape).cte("page")
    of_books = billed_of_clients(among=select(page.c.id))
    figures = (of_books.c[name] for name in BILLED)
    joined = page.outerjoin(of_books, of_books.c.key == page.c.id)
    whole = select(*page.c, *figures).select_from(joined)
    return whole.order_by(*in_order(page.c.sort_value, page.c.id, shape))


def everything(shape: Shape) -> FromClause:
    """What the pages hold together, in no order: see `in_order` of `sort_value` and `id`."""
    return _everything(shape).subquery("every")


def _everything(shape: Shape) -> Select[Any]:
    of_client, links = _recurring(shape.basis), _links()
    value = _value(of_client, links, shape)
    statement = _with_figures(clients, of_client, links, billed_of_clients(), value=value)
    return statement.where(*_filters(shape))


def _sorted(shape: Shape) -> tuple[Select[Any], ColumnElement[Any]]:
    """With the value that it is sorted by."""
    of_client, links = _recurring(shape.basis), _links()
    value = _value(of_client, links, shape)
    statement = _with_figures(clients, of_client, links, None, value=value)
    return statement.where(*_filters(shape)), value


def _value(of_client: CTE, links: CTE, shape: Shape) -> ColumnElement[Any]:
    if shape.is_by_name:
        return clients.c.name
    return _mrr(of_client, links, descending=shape.descending)


def _with_figures(
    table: FromClause,
    of_client: CTE,
    links: CTE,
    of_books: CTE | None,
    *,
    value: ColumnElement[Any],
) -> Select[Any]:
    of = table.c
    joined = table.outerjoin(links, links.c.client_id == of.id).outerjoin(
        of_client, of_client.c.key == of.id
    )
    billed_ = () if of_books is None else tuple(of_books.c[name] for name in BILLED)
    if of_books is not None:
        joined = joined.outerjoin(of_books, of_books.c.key == of.id)
    return select(
        of.id,
        of.name,
        of.active.label("is_active"),
        links.c.linked_sources,
        *(of_client.c[name] for name in COLUMNS),
        *billed_,
        value.label("sort_value"),
    ).select_from(joined)


def _cut(
    statement: Select[Any], value: ColumnElement[Any], id_: ColumnElement[Any], shape: Shape
) -> Select[Any]:
    """The rows of one page, in their order."""
    if shape.is_continued:
        last = bindparam("after_value", type_=value.type), bindparam("after_id", type_=Uuid())
        here = tuple_(value, id_)
        statement = statement.where(
            here < tuple_(*last) if shape.descending else here > tuple_(*last)
        )
    return statement.order_by(*in_order(value, id_, shape)).limit(bindparam("limit", type_=Integer))


def in_order(
    value: ColumnElement[Any], id_: ColumnElement[Any], shape: Shape
) -> tuple[ColumnElement[Any], ...]:
    return (value.desc(), id_.desc()) if shape.descending else (value, id_)


@cache
def total_of(shape: Shape) -> Prepared:
    return prepare(select(func.count().label("total")).select_from(clients).where(*_filters(shape)))


def _filters(shape: Shape) -> list[ColumnElement[bool]]:
    filters = [own(clients)]
    if shape.active is not None:
        filters.append(clients.c.active.is_(shape.active))
    if shape.is_searched:
        filters.append(_meant())
    return filters


def _meant() -> ColumnElement[bool]:
    """Words are looked for within; an id only as a whole, as any three letters occur in some."""
    of, q = clients.c, func.lower(bindparam("q", type_=Text))
    words = func.concat_ws(" ", of.name, of.tax_number, func.array_to_string(of.domains, " "))
    ids = (*(of[name] for name in IDENTIFIERS.values()), cast(of.id, Text))
    return or_(func.strpos(func.lower(words), q) > 0, *(func.lower(id_) == q for id_ in ids))


def _recurring(basis: PriceBasis, *, among: Select[Any] | None = None) -> CTE:
    of = subscriptions.c
    mine = own(subscriptions) & of.client_id.is_not(None)
    if among is not None:
        mine &= of.client_id.in_(among)
    return recurring(subscriptions, basis, key=of.client_id, where=mine)


def billed_of_clients(*, among: Select[Any] | None = None) -> CTE:
    """What each client was invoiced and owes, whoever's contact it stands with."""
    bills, credits_ = invoices.c, client_credits.c
    if among is None:
        mine, theirs = bills.client_id.is_not(None), credits_.client_id.is_not(None)
    else:
        mine, theirs = bills.client_id.in_(among), credits_.client_id.in_(among)
    return billed(Grouped(bills.client_id, credits_.client_id, mine, theirs))


def _links() -> CTE:
    of = client_links.c
    return (
        select(
            of.client_id,
            func.array_agg(of.source.distinct(), type_=ARRAY(Text)).label("linked_sources"),
        )
        .where(own(client_links), of.client_id.is_not(None))
        .group_by(of.client_id)
        .cte("links")
    )


def is_pax8s(rows: FromClause) -> ColumnElement[bool]:
    """Whether a company of Pax8 is the client's, by its `linked_sources`: else no MRR is known."""
    has = word(PAX8) == rows.c.linked_sources.any_()
    return func.coalesce(has, false())


def is_invoiced(rows: FromClause) -> ColumnElement[bool]:
    """Whether anything of its invoices may be known: a link to books, or invoices of its own."""
    books = literal_column(f"'{{{XERO},{SUPEROPS}}}'::text[]", ARRAY(Text))
    has = func.coalesce(rows.c.linked_sources.overlap(books), false())
    return has | rows.c.invoices.is_not(None)


def _mrr(of_client: CTE, links: CTE, *, descending: bool) -> ColumnElement[Any]:
    """Exact, in 72nds; a client whose MRR is not known comes last, whichever way is asked for."""
    known = case(
        (~is_pax8s(links), null()),
        (of_client.c.key.is_(None), literal_column("0", Numeric)),
        else_=of_client.c.reporting,
    )
    return func.coalesce(known, _UNKNOWN_LAST[descending])
