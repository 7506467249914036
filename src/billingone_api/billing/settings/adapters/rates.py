"""Exchange rates of an organisation, listed, entered and removed in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.settings.models import ExchangeRate, RatesWanted
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.settings import exchange_rates
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page

_OF: Final = exchange_rates.c
_KEY: Final = (_OF.currency, _OF.reporting_currency, _OF.valid_on)
_SHOWN: Final = tuple(_OF[field.name] for field in fields(ExchangeRate))
_REPORTING: Final = _OF.reporting_currency == bindparam("reporting_currency", type_=Text)


class PostgresRates:
    """The rates of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, cursors: Cursors) -> None:
        self._work = work
        self._cursors = cursors

    async def page(self, wanted: RatesWanted) -> Page[ExchangeRate]:
        scope = self._scope(wanted)
        values = self._values(wanted)
        if wanted.cursor:
            after = self._cursors.open(wanted.cursor, scope=scope)
            values |= dict(zip(("after_first", "after_second"), after, strict=True))
        rows = await fetch(self._work.connection, _page_for(wanted), **values)
        found = [ExchangeRate(**dict(row)) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        last = tuple(getattr(found[-1], name) for name in wanted.order) if more else ()
        return Page(
            items=found,
            next_cursor=self._cursors.seal(last, scope=scope) if more else None,
            total=await self._total(wanted, values) if wanted.with_total else None,
        )

    async def locked(self, rate: ExchangeRate) -> ExchangeRate | None:
        values = self._key(rate.currency, rate.reporting_currency, rate.valid_on)
        row = await fetch_one(self._work.connection, _LOCKED, **values)
        return None if row is None else ExchangeRate(**dict(row))

    async def enter(self, rate: ExchangeRate) -> bool:
        values = owned_by(self._work.organisation_id, **asdict(rate))
        return bool((await self._work.connection.execute(_ENTER, values)).scalar_one())

    async def remove(
        self, currency: str, *, reporting_currency: str, valid_on: date
    ) -> ExchangeRate | None:
        values = self._key(currency, reporting_currency, valid_on)
        row = await fetch_one(self._work.connection, _REMOVE, **values)
        return None if row is None else ExchangeRate(**dict(row))

    def _key(self, currency: str, reporting_currency: str, valid_on: date) -> dict[str, Any]:
        return owned_by(
            self._work.organisation_id,
            of_currency=currency,
            reporting_currency=reporting_currency,
            of_day=valid_on,
        )

    async def _total(self, wanted: RatesWanted, values: dict[str, Any]) -> int:
        row = await fetch_one(self._work.connection, _total_for(wanted), **values)
        return int(row["total"]) if row else 0

    def _values(self, wanted: RatesWanted) -> dict[str, Any]:
        return owned_by(
            self._work.organisation_id,
            reporting_currency=wanted.reporting_currency,
            of_currency=wanted.currency,
            words=(wanted.q or "").upper(),
            limit=wanted.limit + 1,
        )

    def _scope(self, wanted: RatesWanted) -> str:
        said = (wanted.reporting_currency, wanted.currency, wanted.q, wanted.sort)
        return f"{self._work.organisation_id}/exchange-rates/{said!r}"


def _page_for(wanted: RatesWanted) -> Prepared:
    return _page(
        wanted.sort,
        wanted.order,
        is_filtered=wanted.currency is not None,
        is_searched=wanted.q is not None,
        goes_on=wanted.cursor is not None,
    )


def _total_for(wanted: RatesWanted) -> Prepared:
    return _total(is_filtered=wanted.currency is not None, is_searched=wanted.q is not None)


@cache
def _page(
    sort: str, order: tuple[str, str], *, is_filtered: bool, is_searched: bool, goes_on: bool
) -> Prepared:
    columns = [_OF[name] for name in order]
    statement = _filtered(
        select(*_SHOWN),
        is_filtered=is_filtered,
        is_searched=is_searched,
    )
    is_descending = sort.startswith("-")
    if goes_on:
        statement = statement.where(_after(columns, is_descending=is_descending))
    directed = [column.desc() if is_descending else column.asc() for column in columns]
    return prepare(statement.order_by(*directed).limit(bindparam("limit", type_=Integer)))


@cache
def _total(*, is_filtered: bool, is_searched: bool) -> Prepared:
    count = select(func.count().label("total")).select_from(exchange_rates)
    return prepare(_filtered(count, is_filtered=is_filtered, is_searched=is_searched))


def _filtered(statement: Select[Any], *, is_filtered: bool, is_searched: bool) -> Select[Any]:
    statement = statement.where(own(exchange_rates), _REPORTING)
    if is_filtered:
        statement = statement.where(_OF.currency == bindparam("of_currency", type_=Text))
    if is_searched:
        statement = statement.where(func.strpos(_OF.currency, bindparam("words", type_=Text)) > 0)
    return statement


def _after(columns: Sequence[ColumnElement[Any]], *, is_descending: bool) -> ColumnElement[bool]:
    first, second = columns
    here = tuple_(
        bindparam("after_first", type_=first.type), bindparam("after_second", type_=second.type)
    )
    return tuple_(first, second) < here if is_descending else tuple_(first, second) > here


_ENTERED: Final = insert(exchange_rates)
_ENTER: Final[Any] = _ENTERED.on_conflict_do_update(
    index_elements=[exchange_rates.c.organisation_id, *_KEY],
    set_={name: _ENTERED.excluded[name] for name in ("rate", "entered_by", "entered_at")},
).returning(literal_column("xmax = 0"))  # PostgreSQL's mark of a row that was not there before
_ONE: Final = (
    own(exchange_rates),
    _REPORTING,
    _OF.currency == bindparam("of_currency", type_=Text),
    _OF.valid_on == bindparam("of_day", type_=Date),
)
_LOCKED: Final = prepare(select(*_SHOWN).where(*_ONE).with_for_update())
_REMOVE: Final = prepare(delete(exchange_rates).where(*_ONE).returning(*_SHOWN))
