"""Reads pages of subscriptions, and how many there are of each badge."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.types import TypeEngine

from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.billing.definitions.models import Badge, PriceBasis
from billingone_api.billing.subscriptions.adapters.postgres.columns import shown, with_company
from billingone_api.billing.subscriptions.adapters.postgres.filters import Names, bound, filtered
from billingone_api.billing.subscriptions.adapters.postgres.freshness import freshness_of
from billingone_api.billing.subscriptions.adapters.postgres.rows import listed
from billingone_api.billing.subscriptions.models import Counts, Wanted
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_OF: Final = subscriptions.c
_STATEMENTS: Final = 512
"""As many combinations of filters and order as are kept ready."""
# Beyond any number that is kept: rows without one come before the others.
_LEAST: Final = literal_column("-1e40", Numeric)
SORTS: Final[Mapping[str, ColumnElement[Any]]] = {
    "client": _OF.client_label,
    "product": _OF.product_name,
    "vendor": _OF.vendor_name,
    "quantity": func.coalesce(_OF.quantity, _LEAST),
    "price": func.coalesce(_OF.price, _LEAST),
    "total": func.coalesce(_OF.price * _OF.quantity, _LEAST),
    "starts_on": func.coalesce(_OF.starts_on, literal_column("'-infinity'::date", Date)),
    "ends_on": func.coalesce(_OF.ends_on, literal_column("'infinity'::date", Date)),
    "changed_at": _OF.changed_at,
}
_KINDS: Final[Mapping[str, TypeEngine[Any]]] = {
    "starts_on": Date(),
    "ends_on": Date(),
    "changed_at": DateTime(timezone=True),
    "quantity": Numeric(),
    "price": Numeric(),
    "total": Numeric(),
}


@lru_cache(_STATEMENTS)
def page_of(basis: PriceBasis, names: Names, sort: str, *, goes_on: bool) -> Prepared:
    name, key, is_descending = _order(sort)
    columns = (column.label(label) for label, column in shown(basis).items())
    statement = filtered(
        select(*columns, key.label("sort_key"))
        .select_from(with_company())
        .where(own(subscriptions)),
        names,
    )
    if goes_on:
        here = tuple_(key, _OF.id)
        there = tuple_(
            bindparam("after_key", type_=_KINDS.get(name, Text())),
            bindparam("after_id", type_=_OF.id.type),
        )
        statement = statement.where(here < there if is_descending else here > there)
    return prepare(ordered(statement, sort).limit(bindparam("rows")))


def ordered(statement: Select[Any], sort: str) -> Select[Any]:
    """By the wanted value and then by id, so that no two rows stand at one place."""
    _, key, is_descending = _order(sort)
    return statement.order_by(*((key.desc(), _OF.id.desc()) if is_descending else (key, _OF.id)))


def _order(sort: str) -> tuple[str, ColumnElement[Any], bool]:
    name = sort.removeprefix("-")
    return name, SORTS[name], sort.startswith("-")


@lru_cache(_STATEMENTS)
def count_of(names: Names) -> Prepared:
    statement = select(func.count().label("total")).select_from(subscriptions)
    return prepare(filtered(statement.where(own(subscriptions)), names))


@lru_cache(_STATEMENTS)
def badges_of(names: Names) -> Prepared:
    word = badge(subscriptions).label("badge")
    columns: tuple[ColumnElement[Any], ...] = (word, func.count().label("total"))
    counted = select(*columns).where(own(subscriptions))
    return prepare(filtered(counted, names).group_by(word))


class PostgresList:
    """The list of one organisation's subscriptions, as of its calendar day."""

    def __init__(
        self, work: UnitOfWork, *, basis: PriceBasis, today: date, cursors: Cursors
    ) -> None:
        self._work = work
        self._basis = basis
        self._today = today
        self._cursors = cursors

    async def page(self, wanted: Wanted) -> Page[dict[str, Any]]:
        """Raises CursorInvalid."""
        names = frozenset(wanted.filters)
        values = self._values(wanted.filters) | {"rows": wanted.limit + 1}
        if wanted.cursor is not None:
            key, id_ = self._cursors.open(wanted.cursor, scope=self._scope(wanted))
            values |= {"after_key": key, "after_id": id_}
        statement = page_of(self._basis, names, wanted.sort, goes_on=wanted.cursor is not None)
        rows = await fetch(self._work.connection, statement, **values)
        shown_rows = rows[: wanted.limit]
        cursor = None
        if len(rows) > wanted.limit:
            last = shown_rows[-1]
            cursor = self._cursors.seal((last["sort_key"], last["id"]), scope=self._scope(wanted))
        total = await self._total(wanted) if wanted.with_total else None
        return Page([listed(row) for row in shown_rows], cursor, total)

    async def counts(self, filters: Mapping[str, Any]) -> Counts:
        rows = await fetch(
            self._work.connection, badges_of(frozenset(filters)), **self._values(filters)
        )
        counted = {row["badge"]: row["total"] for row in rows}
        return Counts(
            badges={word: counted.get(word, 0) for word in Badge},
            total=sum(counted.values()),
            freshness=[await freshness_of(self._work)],
        )

    async def _total(self, wanted: Wanted) -> int:
        row = await fetch_one(
            self._work.connection,
            count_of(frozenset(wanted.filters)),
            **self._values(wanted.filters),
        )
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
        return f"subscriptions {self._work.organisation_id} {wanted.sort} {filters}"
