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
from billingone_api.billing.clients.adapters.postgres.using import (
    COUNTED,
    HELD,
    counted_devices,
    held_licences,
)
from billingone_api.billing.clients.models import IDENTIFIERS, PAX8, SUPEROPS, XERO
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring
from billingone_api.billing.definitions.adapters.totals import totals_of_all
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word
from billingone_api.kit.pagination import MOST_ON_A_PAGE

_MOST_ROWS: Final = literal_column(str(MOST_ON_A_PAGE + 1), Integer)
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
    """The page is chosen first, so that figures are reckoned of its clients alone."""
    page = _cut(shape).cte("page")
    statement = _with_figures(page, shape, among=select(page.c.id))
    return prepare(statement.order_by(*in_order(page.c.sort_value, page.c.id, shape)))


def _chosen(shape: Shape) -> Select[Any]:
    found = _by_name() if shape.is_by_name else _by_mrr(shape)
    return found.where(*_filters(shape))


def _by_name() -> Select[Any]:
    of = clients.c
    return select(of.id, of.name, of.active, of.name.label("sort_value"))


def _by_mrr(shape: Shape) -> Select[Any]:
    of, pax8s = clients.c, _pax8s()
    of_client = totals_of_all(shape.basis)
    value = _mrr(of_client, pax8s, descending=shape.descending)
    return select(of.id, of.name, of.active, value.label("sort_value")).select_from(
        clients.outerjoin(pax8s, pax8s.c.client_id == of.id).outerjoin(
            of_client, of_client.c.key == of.id
        )
    )


def everything(shape: Shape) -> FromClause:
    """What the pages hold together, in no order: see `in_order` of `sort_value` and `id`."""
    chosen = _chosen(shape).cte("page")
    return _with_figures(chosen, shape, among=None).subquery("every")


def _with_figures(page: CTE, shape: Shape, *, among: Select[Any] | None) -> Select[Any]:
    """The chosen clients with what is known of each."""
    of, links = page.c, _links(among)
    joined = page.outerjoin(links, links.c.client_id == of.id)
    shown: list[ColumnElement[Any]] = []
    for figures, names in (
        (_recurring(shape.basis, among), COLUMNS),
        (billed_of_clients(among=among), BILLED),
        (counted_devices(among), COUNTED),
        (held_licences(among), HELD),
    ):
        joined = joined.outerjoin(figures, figures.c.key == of.id)
        shown += [figures.c[name] for name in names]
    return select(
        of.id, of.name, of.active.label("is_active"), links.c.linked_sources, *shown, of.sort_value
    ).select_from(joined)


def _cut(shape: Shape) -> Select[Any]:
    """The rows of one page, in their order."""
    found = _chosen(shape).subquery("found")
    value, id_ = found.c.sort_value, found.c.id
    statement = select(*found.c)
    if shape.is_continued:
        last = bindparam("after_value", type_=value.type), bindparam("after_id", type_=Uuid())
        here = tuple_(value, id_)
        statement = statement.where(
            here < tuple_(*last) if shape.descending else here > tuple_(*last)
        )
    # Of a bound number alone the planner expects a tenth of all rows, and would add up all of them.
    most = statement.order_by(*in_order(value, id_, shape)).limit(_MOST_ROWS).subquery("most")
    in_turn = in_order(most.c.sort_value, most.c.id, shape)
    return select(*most.c).order_by(*in_turn).limit(bindparam("limit", type_=Integer))


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


def _recurring(basis: PriceBasis, among: Select[Any] | None) -> CTE:
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


def _links(among: Select[Any] | None) -> CTE:
    of = client_links.c
    is_meant = of.client_id.is_not(None) if among is None else of.client_id.in_(among)
    return (
        select(
            of.client_id,
            func.array_agg(of.source.distinct(), type_=ARRAY(Text)).label("linked_sources"),
        )
        .where(own(client_links), is_meant)
        .group_by(of.client_id)
        .cte("links")
    )


def _pax8s() -> CTE:
    """Clients that have a company of Pax8: of others no MRR is known."""
    of = client_links.c
    found = select(of.client_id).distinct().where(own(client_links), of.source == word(PAX8))
    return found.where(of.client_id.is_not(None)).cte("pax8s")


def is_pax8s(rows: FromClause) -> ColumnElement[bool]:
    """Whether a company of Pax8 is the client's, by its `linked_sources`: else no MRR is known."""
    has = word(PAX8) == rows.c.linked_sources.any_()
    return func.coalesce(has, false())


def is_invoiced(rows: FromClause) -> ColumnElement[bool]:
    """Whether anything of its invoices may be known: a link to books, or invoices of its own."""
    books = literal_column(f"'{{{XERO},{SUPEROPS}}}'::text[]", ARRAY(Text))
    has = func.coalesce(rows.c.linked_sources.overlap(books), false())
    return has | rows.c.invoices.is_not(None)


def _mrr(of_client: CTE, pax8s: CTE, *, descending: bool) -> ColumnElement[Any]:
    """Exact, in 72nds; a client whose MRR is not known comes last, whichever way is asked for."""
    known = case(
        (pax8s.c.client_id.is_(None), null()),
        (of_client.c.key.is_(None), literal_column("0", Numeric)),
        else_=of_client.c.reporting,
    )
    return func.coalesce(known, _UNKNOWN_LAST[descending])
