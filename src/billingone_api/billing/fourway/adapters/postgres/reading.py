"""Reads the records of a month: a page of them, and all of them summed up."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.types import Boolean

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.fourway.adapters.postgres import billed
from billingone_api.billing.fourway.adapters.postgres.coverage import UNRECORDED
from billingone_api.billing.fourway.adapters.postgres.records import records
from billingone_api.billing.fourway.adapters.postgres.said import ZERO
from billingone_api.billing.fourway.adapters.postgres.standing import standing_of
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import Basis, Standing
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors

# Beyond any number that is kept: rows without one come before the others.
_LEAST: Final = literal_column("-1e40", Numeric)
# A month of many clients is sorted whole; compiling its statement costs more than that saves.
_ROOM: Final = prepare(
    text("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
)
_PART: Final = bindparam("part", type_=Text)
_INSIDE: Final = frozenset({"label", "leak_reporting", "overcharge_reporting", "key"})


@cache
def listing(prices: PriceBasis, *, is_past: bool, of_one: bool) -> Listing:
    found = records(prices, is_past=is_past, of_one=of_one)
    of, none = found.c, word("")
    label, product = (
        # Cursors carry what is sorted by, and have an end.
        func.left(func.coalesce(*names, none), literal_column("200"), type_=Text)
        for names in ((of.label,), (of.product_name, of.product_id))
    )
    has_leak = func.coalesce(of.leak != ZERO, literal_column("false"))
    has_overcharge = func.coalesce(of.overcharge > ZERO, literal_column("false"))
    return Listing(
        name=f"four-way {prices} {is_past}",
        rows=select(*(column for column in of if column.name not in _INSIDE)),
        filters={
            "q": words_in(func.concat_ws(word(" "), of.label, of.product_name, of.sku)),
            "client_id": of.client_id == bindparam("client_id", type_=Uuid()),
            "product_id": of.product_id == bindparam("product_id", type_=Text),
            "has_leak": has_leak == bindparam("has_leak", type_=Boolean),
            "has_overcharge": has_overcharge == bindparam("has_overcharge", type_=Boolean),
            "status": of.status == bindparam("status", type_=ARRAY(Text)).any_(),
            "is_known": of.reason.is_(None) == bindparam("is_known", type_=Boolean),
            "part": or_(*(and_(word(name) == _PART, of[f"leak_{name}"] != ZERO) for name in PARTS)),
        },
        sorts={
            "leak": func.coalesce(of.leak_reporting, _LEAST),
            "overcharge": func.coalesce(of.overcharge_reporting, _LEAST),
            "client": label,
            "product": product,
        },
        key=of.key,
        moving=frozenset({
            "today", "day", "as_of", "begins_at", "has_licences", "has_charges", "has_books",
        }),
        is_reckoned=True,
    )  # fmt: skip


@cache
def _totals(prices: PriceBasis, *, is_past: bool) -> Prepared:
    """By currency and by why a leak is not known."""
    of = records(prices, is_past=is_past).c
    leaks, money = of.leak > ZERO, ("owed", "charged_cost", "billed_amount", "margin")
    is_over = of.leak < ZERO
    return prepare(
        select(
            of.currency,
            of.reason,
            func.count().label("records"),
            func.count().filter(leaks).label("leaking"),
            func.count().filter(is_over).label("overbilled"),
            func.count().filter(of.overcharge > ZERO).label("overcharged"),
            *(
                _sum(of[f"leak_{name}"], of.leak.is_not(None)).label(f"leak_{name}")
                for name in PARTS
            ),
            _sum(of.leak, leaks).label("lost"),
            _sum(of.leak, is_over).label("over"),
            # NULL where none is known, not 0
            func.sum(
                case((of.overcharge > ZERO, of.overcharge), (of.overcharge <= ZERO, ZERO))
            ).label("dear"),
            *(func.sum(of[name]).label(name) for name in money),
            func.count().filter(of.client_id.is_(None)).label("without_client"),
            func.count().filter(of.product_id.is_(None)).label("without_product"),
        )
        .group_by(of.currency, of.reason)
        .order_by(of.currency, of.reason)
    )


_UNMATCHED: Final = prepare(billed.of_no_product(billed.lines()).order_by(literal_column("1")))


class PostgresFourWay:
    """The records of one organisation's month."""

    def __init__(self, work: UnitOfWork, basis: Basis) -> None:
        self._work = work
        self._basis = basis

    async def standing(self) -> Standing:
        """What is read first; what comes after it in the transaction sorts in memory."""
        await fetch(self._work.connection, _ROOM)
        return await standing_of(self._work, self._basis.month)

    async def page(
        self, wanted: Asked, standing: Standing, *, cursors: Cursors
    ) -> pagination.Page[Row]:
        month = self._basis.month
        of_one = "client_id" in wanted.filters
        listed = listing(self._basis.prices, is_past=month.is_past, of_one=of_one)
        values = values_of(self._basis, standing)
        return await listings.page(self._work, listed, wanted, cursors=cursors, **values)

    async def totals(self, standing: Standing) -> Sequence[Row]:
        statement = _totals(self._basis.prices, is_past=self._basis.month.is_past)
        return await self._run(statement, **values_of(self._basis, standing))

    async def unmatched(self) -> Sequence[Row]:
        """Lines of clients that no product is known for, by currency."""
        month = self._basis.month
        return await self._run(_UNMATCHED, month=month.first, after=month.after)

    async def unrecorded(self) -> Sequence[Row]:
        """What is known of the month and in no record, by why."""
        month = self._basis.month
        values = {"month": month.first, "after": month.after, "today": month.day}
        return await self._run(UNRECORDED, **values)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def values_of(basis: Basis, standing: Standing) -> Mapping[str, Any]:
    """What a statement over the records of a month binds."""
    month = basis.month
    return {
        "month": month.first,
        "after": month.after,
        "day": month.day,
        "as_of": month.as_of,
        "begins_at": month.begins_at,
        "used_since": month.used_since,
        "today": month.day,
        "reporting_currency": basis.reporting_currency,
        "has_licences": standing.licences is None,
        "has_charges": standing.charges is None,
        "has_books": standing.books is None,
    }


def _sum(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, value))), ZERO)
