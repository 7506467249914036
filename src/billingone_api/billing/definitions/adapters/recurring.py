"""MRR of groups of subscriptions, such as those of each client, as SQL and back from it."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Numeric,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)

from billingone_api.billing.definitions.adapters.rates import rates, worth
from billingone_api.billing.definitions.adapters.subscriptions import (
    badge,
    exclusion,
    sell_parts,
)
from billingone_api.billing.definitions.models import Badge, PriceBasis, RecurringSums
from billingone_api.database.fast import Row
from billingone_api.database.words import word

COLUMNS: Final = ("currencies", "parts", "reporting", "missing_rates", "active", "excluded")
"""What `recurring` says of each group, besides its key; `sums` reads them."""


def recurring(
    table: FromClause,
    basis: PriceBasis,
    *,
    key: ColumnElement[Any],
    where: ColumnElement[bool],
) -> CTE:
    """One row for each `key` of the subscriptions that `where` lets through.

    Binds what `where` needs, organisation_id, today and reporting_currency.
    """
    per_currency = _per_currency(table, basis, key=key, where=where)
    known = rates()
    of = per_currency.c
    has_money = of.parts.is_not(None)
    lacks_rate = has_money & known.c.rate.is_(None)
    return (
        select(
            of.key,
            func.array_agg(of.currency).filter(has_money).label("currencies"),
            func.array_agg(of.parts).filter(has_money).label("parts"),
            case(
                (func.bool_or(lacks_rate), null()),
                else_=func.coalesce(func.sum(worth(of.parts, known)), literal_column("0")),
            ).label("reporting"),
            func.array_agg(of.currency).filter(lacks_rate).label("missing_rates"),
            func.sum(of.active).label("active"),
            func.sum(of.excluded).label("excluded"),
        )
        .select_from(per_currency.outerjoin(known, known.c.currency == of.currency))
        .group_by(of.key)
        .cte("recurring")
    )


def sums(row: Row) -> RecurringSums:
    """What the columns of `recurring` say; nothing at all where a left join found no group."""
    by_currency = zip(row["currencies"] or (), map(Fraction, row["parts"] or ()), strict=True)
    nothing_to_convert = row["currencies"] is None
    return RecurringSums(
        by_currency=tuple(sorted(by_currency)),
        reporting=Fraction(0) if nothing_to_convert else _fraction(row["reporting"]),
        missing_rates=tuple(sorted(row["missing_rates"] or ())),
        active=int(row["active"] or 0),
        excluded=int(row["excluded"] or 0),
    )


def _per_currency(
    table: FromClause, basis: PriceBasis, *, key: ColumnElement[Any], where: ColumnElement[bool]
) -> CTE:
    is_active = badge(table) == word(Badge.ACTIVE)
    is_counted = exclusion(table, basis, counted=Badge.ACTIVE).is_(None)
    return (
        select(
            key.label("key"),
            table.c.currency,
            cast(func.sum(sell_parts(table, basis)).filter(is_counted), Numeric).label("parts"),
            func.count().filter(is_active).label("active"),
            func.count().filter(is_active & ~is_counted).label("excluded"),
        )
        .where(where)
        .group_by(key, table.c.currency)
        .cte("per_currency")
    )


def _fraction(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)
