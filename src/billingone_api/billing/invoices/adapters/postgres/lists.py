"""Reads pages of invoices, and how many there are of each badge."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.types import TypeEngine

from billingone_api.billing.definitions.adapters.invoices import (
    due_key,
    has_badge,
    issued_key,
    its_ledger,
    number_key,
)
from billingone_api.billing.definitions.models import InvoiceBadge
from billingone_api.billing.invoices.adapters.postgres.columns import shown
from billingone_api.billing.invoices.adapters.postgres.filters import (
    Names,
    bound,
    filtered,
    names_of,
)
from billingone_api.billing.invoices.adapters.postgres.freshness import freshness_of
from billingone_api.billing.invoices.adapters.postgres.rows import Rows
from billingone_api.billing.invoices.models import Counts, Wanted
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import MOST_ON_A_PAGE, Cursors, Page

_OF: Final = invoices.c
_MOST_ROWS: Final = literal_column(str(MOST_ON_A_PAGE + 1), Integer)
_STATEMENTS: Final = 512
"""As many combinations of filters and order as are kept ready."""
SORTS: Final[Mapping[str, ColumnElement[Any]]] = {
    "issued_on": issued_key(invoices),
    "due_on": due_key(invoices),
    "amount": _OF.total_units,
    "amount_due": _OF.due_units,
    "number": number_key(invoices),
    "client": _OF.client_label,
}
_KINDS: Final[Mapping[str, TypeEngine[Any]]] = {
    "issued_on": Date(),
    "due_on": Date(),
    "amount": BigInteger(),
    "amount_due": BigInteger(),
}


@lru_cache(_STATEMENTS)
def page_of(names: Names, sort: str, *, goes_on: bool) -> Prepared:
    """The page is chosen first: only its rows are joined, rounded and asked for their twins."""
    name, key, is_descending = _order(sort)
    chosen = filtered(select(_OF.id, key.label("sort_key")).select_from(invoices), names)
    if goes_on:
        here = tuple_(key, _OF.id)
        there = tuple_(
            bindparam("after_key", type_=_KINDS.get(name, Text())),
            bindparam("after_id", type_=_OF.id.type),
        )
        chosen = chosen.where(here < there if is_descending else here > there)
    # Of a bound number alone the planner expects a tenth of all rows, and would read all to join.
    most = ordered(chosen, sort).limit(_MOST_ROWS).subquery("most")
    in_turn = (one.desc() if is_descending else one for one in (most.c.sort_key, most.c.id))
    page = select(most).order_by(*in_turn).limit(bindparam("rows")).subquery("page")
    columns = (column.label(label) for label, column in shown().items())
    statement = (
        select(*columns, page.c.sort_key)
        .select_from(its_ledger().join(page, page.c.id == _OF.id))
        .where(own(invoices))
    )
    order = (page.c.sort_key, page.c.id)
    return prepare(statement.order_by(*(one.desc() if is_descending else one for one in order)))


def ordered(statement: Select[Any], sort: str) -> Select[Any]:
    """By the wanted value and then by id, so that no two rows stand at one place."""
    _, key, is_descending = _order(sort)
    return statement.order_by(*((key.desc(), _OF.id.desc()) if is_descending else (key, _OF.id)))


def _order(sort: str) -> tuple[str, ColumnElement[Any], bool]:
    name = sort.removeprefix("-")
    return name, SORTS[name], sort.startswith("-")


@lru_cache(_STATEMENTS)
def count_of(names: Names) -> Prepared:
    return prepare(filtered(select(func.count().label("total")).select_from(invoices), names))


@lru_cache(_STATEMENTS)
def badges_of(names: Names) -> Prepared:
    """A count for each: grouped by the badge, PostgreSQL would expect a group for every row."""
    counted: list[ColumnElement[Any]] = [
        func.count().filter(has_badge(invoices, frozenset({word}))).label(word)
        for word in InvoiceBadge
    ]
    return prepare(filtered(select(*counted).select_from(invoices), names))


class PostgresInvoices:
    """The list of one organisation's invoices, as of its calendar day."""

    def __init__(self, work: UnitOfWork, *, rows: Rows, today: date, cursors: Cursors) -> None:
        self._work = work
        self._rows = rows
        self._today = today
        self._cursors = cursors

    async def page(self, wanted: Wanted) -> Page[dict[str, Any]]:
        """Raises CursorInvalid."""
        values = self._values(wanted.filters) | {"rows": wanted.limit + 1}
        if wanted.cursor is not None:
            key, id_ = self._cursors.open(wanted.cursor, scope=self._scope(wanted))
            values |= {"after_key": key, "after_id": id_}
        names = names_of(wanted.filters)
        statement = page_of(names, wanted.sort, goes_on=wanted.cursor is not None)
        rows = await fetch(self._work.connection, statement, **values)
        shown_rows = rows[: wanted.limit]
        cursor = None
        if len(rows) > wanted.limit:
            last = shown_rows[-1]
            cursor = self._cursors.seal((last["sort_key"], last["id"]), scope=self._scope(wanted))
        total = await self._total(wanted.filters, names) if wanted.with_total else None
        return Page([self._rows.listed(row) for row in shown_rows], cursor, total)

    async def counts(self, filters: Mapping[str, Any]) -> Counts:
        statement = badges_of(names_of(filters, all_badges=True))
        row = await fetch_one(self._work.connection, statement, **self._values(filters))
        badges = {word: int(row[word]) if row else 0 for word in InvoiceBadge}
        return Counts(
            badges=badges,
            total=sum(badges.values()),
            freshness=await freshness_of(self._work),
        )

    async def _total(self, filters: Mapping[str, Any], names: Names) -> int:
        row = await fetch_one(self._work.connection, count_of(names), **self._values(filters))
        return int(row["total"]) if row else 0

    def _values(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "organisation_id": self._work.organisation_id,
            "today": self._today,
            **bound(filters),
        }

    def _scope(self, wanted: Wanted) -> str:
        """Whose list, in which order, of what: a cursor is worth nothing anywhere else."""
        filters = sorted((name, repr(value)) for name, value in wanted.filters.items())
        return f"invoices {self._work.organisation_id} {wanted.sort} {filters}"
