"""Lists walked by keyset: what they show, filter and sort by is all they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select, tuple_

from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A list: `sorts` never have NULLs, `key` tells any two rows apart.

    `moving` are the values that may be others on the next page, such as the day: a walk goes on
    past midnight, and they say nothing of which list it is. `is_reckoned`: all rows are worked out
    for any page, so that they are counted along with the first.
    """

    name: str
    rows: Select[Any]
    filters: Mapping[str, ColumnElement[bool]]
    sorts: Mapping[str, ColumnElement[Any]]
    key: ColumnElement[Any]
    moving: frozenset[str] = frozenset({"today"})
    is_reckoned: bool = False


def words_in(text: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.strpos(func.lower(text), func.lower(bindparam("q", type_=Text))) > 0


@lru_cache(256)
def page_of(
    listing: Listing, names: frozenset[str], sort: str, *, goes_on: bool, is_counted: bool = False
) -> Prepared:
    value, is_descending = listing.sorts[sort.removeprefix("-")], sort.startswith("-")
    statement = _filtered(listing, names).add_columns(
        value.label("sort_value"), listing.key.label("sort_key")
    )
    if is_counted:
        statement = statement.add_columns(func.count().over().label("total"))
    if goes_on:
        here = tuple_(value, listing.key)
        there = tuple_(
            bindparam("after_value", type_=value.type),
            bindparam("after_key", type_=listing.key.type),
        )
        statement = statement.where(here < there if is_descending else here > there)
    order = [one.desc() if is_descending else one for one in (value, listing.key)]
    return prepare(statement.order_by(*order).limit(bindparam("rows")))


@lru_cache(256)
def _total_of(listing: Listing, names: frozenset[str]) -> Prepared:
    found = _filtered(listing, names).subquery("found")
    return prepare(select(func.count().label("total")).select_from(found))


def _filtered(listing: Listing, names: frozenset[str]) -> Select[Any]:
    return listing.rows.where(*(listing.filters[name] for name in sorted(names)))


async def page(
    work: UnitOfWork, listing: Listing, wanted: Asked, *, cursors: Cursors, **values: Any
) -> pagination.Page[Row]:
    """Raises CursorInvalid; `values` say which list of its kind it is."""
    names = frozenset(wanted.filters)
    told = {name: values[name] for name in values if name not in listing.moving}
    which = {**wanted.filters, **told}
    said = sorted((name, repr(value)) for name, value in which.items())
    scope = f"{listing.name} {work.organisation_id} {wanted.sort} {said}"
    bound = {"organisation_id": work.organisation_id, **values, **wanted.filters}
    after: dict[str, Any] = {}
    if wanted.cursor is not None:
        value, key = cursors.open(wanted.cursor, scope=scope)
        after = {"after_value": value, "after_key": key}
    is_counted = wanted.with_total and listing.is_reckoned and not after
    statement = page_of(listing, names, wanted.sort, goes_on=bool(after), is_counted=is_counted)
    rows = await fetch(work.connection, statement, rows=wanted.limit + 1, **after, **bound)
    shown, cursor = rows[: wanted.limit], None
    if len(rows) > wanted.limit:
        cursor = cursors.seal((shown[-1]["sort_value"], shown[-1]["sort_key"]), scope=scope)
    total = None
    if is_counted:
        total = rows[0]["total"] if rows else 0
    elif wanted.with_total:
        total = await _total(work, listing, names, bound)
    return pagination.Page(items=list(shown), next_cursor=cursor, total=total)


async def _total(
    work: UnitOfWork, listing: Listing, names: frozenset[str], values: Mapping[str, Any]
) -> int:
    rows: Sequence[Row] = await fetch(work.connection, _total_of(listing, names), **values)
    return int(rows[0]["total"])
