"""What is said of a client's product in rows of one shape, read in one pass.

Subscriptions, charges and lines are laid one below the other, sorted once by client, product and
currency, and added up. Joined instead, each of them would be guessed to be small, and PostgreSQL
would walk a hundred thousand rows for each of a hundred thousand others.
"""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from billingone_api.billing.definitions.adapters.rounding import decimals
from billingone_api.database.words import word

ZERO: Final = literal_column("0", Numeric)
NO: Final = literal_column("false", Boolean)
NOBODY: Final = literal_column("'00000000-0000-0000-0000-000000000000'::uuid", Uuid)
"""In keys, that a charge is of no client; an empty text says that it is of no product."""
EMPTY: Final = word("")

HELD, CHARGED, BILLED = "held", "charged", "billed"
# of what is held
ACTIVE, TRIAL, ENDED = "active", "trial", "ended"
# of what is charged
SEATS, CHANGED, ELSEWHERE, NAMELESS = "seats", "changed", "elsewhere", "nameless"
# of both that and what is billed
PRORATED = "prorated"
# of what is billed
PLAIN, UNKNOWN = "plain", "unknown"
# a plain line turns out to be one of these
WHOLE, SPREAD, ABROAD = "whole", "spread", "abroad"

_SHAPE: Final[dict[str, TypeEngine[Any]]] = {
    "side": Text(),
    "sort": Text(),
    "client_id": Uuid(),
    "product_id": Text(),
    "company_id": Text(),
    "currency": Text(),
    "quantity": Numeric(),
    # in money: what is due for it, what is charged or billed
    "amount": Numeric(),
    # of one: what it is sold for, and bought for, in its billing term
    "unit": Numeric(),
    "unit_cost": Numeric(),
    "cost": Numeric(),
    "is_long": Boolean(),
    "is_usage": Boolean(),
    "is_due": Boolean(),
    "is_draft": Boolean(),
}
_KEY: Final = ("client_id", "product_id", "company_id")


def shaped(**values: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The columns of such a row; what is not said is NULL."""
    return [values.get(name, cast(null(), kind)).label(name) for name, kind in _SHAPE.items()]


def of_side(rows: FromClause, side: str, *sorts: str) -> ColumnElement[bool]:
    of = rows.c
    is_side: ColumnElement[bool] = of.side == word(side)
    return and_(is_side, of.sort.in_([word(sort) for sort in sorts])) if sorts else is_side


def added_up(*said: Select[Any]) -> CTE:
    """A row for each client, product and currency in which the two are held, charged or billed."""
    seen = _placed(_seen(union_all(*said).subquery("said")))
    of = seen.c
    is_licensed, is_charged = of_side(seen, HELD, ACTIVE, TRIAL), of_side(seen, CHARGED)
    is_due, is_seats = and_(of_side(seen, HELD), of.is_due), of_side(seen, CHARGED, SEATS)
    is_line, is_abroad = of_side(seen, BILLED), of.line == word(ABROAD)
    is_at_home = of.currency == of.home
    worth = func.round(of.quantity * func.coalesce(of.unit, of.agreed), of.places, type_=Numeric)
    fair = func.round(
        of.quantity * func.coalesce(of.unit_cost, of.agreed_cost), of.places, type_=Numeric
    )
    told = func.jsonb_build_object(
        *(word("currency"), of.currency, word("units"), of.quantity, word("amount"), of.amount)
    )
    shown = {
        "places": func.max(of.places),
        "licensed": _sum(of.quantity, is_licensed),
        "trial": _sum(of.quantity, of_side(seen, HELD, TRIAL)),
        "unit": func.max(of.agreed).filter(is_at_home),
        "unit_cost": func.max(of.agreed_cost).filter(is_at_home),
        "due_cost": _sum(of.amount, is_due),
        "units": _sum(of.quantity, is_seats),
        "worth": _sum(worth, is_seats) + _sum(of.amount, of_side(seen, CHARGED, CHANGED)),
        "elsewhere": _sum(of.amount, of_side(seen, CHARGED, ELSEWHERE)),
        "owed_prorated": _sum(of.amount, of_side(seen, CHARGED, PRORATED)),
        "nameless": _sum(of.amount, of_side(seen, CHARGED, NAMELESS)),
        "cost": _sum(of.cost, is_charged),
        "seats_cost": _sum(of.cost, is_seats),
        "fair_cost": _sum(fair, is_seats),
        "charges": func.count().filter(is_charged),
        "is_draft": _any(of.is_draft, is_charged),
        "billed": _sum(of.quantity, of.line == word(WHOLE)),
        "amount": _sum(of.amount, of.line == word(WHOLE)),
        "prorated": _sum(of.amount, of.line == word(PRORATED)),
        "spread_units": _sum(of.quantity, of.line == word(SPREAD)),
        "spread": _sum(of.amount, of.line == word(SPREAD)),
        "abroad": _sum(of.quantity, is_abroad),
        "abroad_lines": func.jsonb_agg(told).filter(is_abroad),
        "unmatched_lines": func.max(of.unmatched),
        "is_billed": func.bool_or(is_line),
        "is_usage": _any(of.is_usage, or_(is_licensed, is_charged)),
        "lacks_licensed": _any(of.quantity.is_(None), is_licensed),
        "lacks_units": _any(of.quantity.is_(None), is_seats),
        "lacks_billed": _any(of.quantity.is_(None), and_(is_line, of.line != word(PRORATED))),
        "lacks_amount": _any(of.amount.is_(None), and_(is_line, ~is_abroad)),
        "lacks_price": or_(
            _any(worth.is_(None), is_seats),
            _any(of.amount.is_(None), and_(is_charged, ~is_seats)),
        ),
        "lacks_cost": _any(of.cost.is_(None), is_charged),
        "lacks_fair_cost": or_(
            _any(of.amount.is_(None), is_due), _any(fair.is_(None), is_seats),
            _any(of.cost.is_(None), is_charged),
        ),
    }  # fmt: skip
    keys = (*(of[name] for name in _KEY), of.home)
    return (
        select(
            *(of[name] for name in _KEY),
            of.home.label("currency"),
            *(value.label(name) for name, value in shown.items()),
        )
        # What has ended alone makes no record, and lines of no known product are in none.
        .where(or_(~is_line, of.sort != word(UNKNOWN)))
        .group_by(*keys)
        .having(~func.bool_and(of_side(seen, HELD, ENDED)))
        .cte("added_up")
    )


def _seen(said: FromClause) -> FromClause:
    """Each row with what is said besides of its client, of its product and in its currency."""
    of = said.c
    client, product = of.client_id, of.product_id
    is_charged = and_(of_side(said, CHARGED), of.sort != word(NAMELESS))
    is_kept = or_(is_charged, of_side(said, HELD, ACTIVE, TRIAL))
    is_held, is_active = of_side(said, HELD), of_side(said, HELD, ACTIVE)

    here = (client, product, of.currency)

    def lowest(value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Of those that are active; of none, of those there were."""
        found = (
            func.min(value).filter(one).over(partition_by=here) for one in (is_active, is_held)
        )
        return func.coalesce(*found)

    return select(
        *of,
        lowest(of.unit).label("agreed"),
        lowest(of.unit_cost).label("agreed_cost"),
        # Of several that are active all have to be.
        (func.bool_and(of.is_long).filter(is_active)
         .over(partition_by=here)).label("is_spread_out"),
        (func.sum(of.quantity).filter(of_side(said, CHARGED, SEATS))
         .over(partition_by=here)).label("units_charged"),
        func.max(of.currency).filter(is_kept).over(partition_by=here).label("own_currency"),
        (func.min(of.currency).filter(is_kept)
         .over(partition_by=(client, product))).label("first_currency"),
        (func.count().filter(of_side(said, BILLED, UNKNOWN))
         .over(partition_by=client)).label("unmatched"),
    ).subquery("seen")  # fmt: skip


def _placed(seen: Any) -> Any:
    """In which currency each row is compared, its `home`, and what a `line` turns out to bill.

    A line in a currency in which the two are neither held nor charged, as they are in others,
    belongs to the first of those.
    """
    of = seen.c
    is_line = of_side(seen, BILLED)
    elsewhere = func.coalesce(of.own_currency, of.first_currency, of.currency)
    home = case((is_line, elsewhere), else_=of.currency)
    is_none_charged = func.coalesce(of.units_charged, ZERO) == ZERO
    is_spread = func.coalesce(
        and_(of.is_spread_out, or_(is_none_charged, of.unit * 2 < of.agreed)), NO
    )
    line = case(
        (~is_line, null()),
        (home != of.currency, word(ABROAD)),
        (of.sort == word(PRORATED), word(PRORATED)),
        (is_spread, word(SPREAD)),
        else_=word(WHOLE),
    )
    return select(
        *of, home.label("home"), line.label("line"), decimals(home).label("places")
    ).subquery("placed")


def _sum(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(value).filter(condition), ZERO)


def _any(value: ColumnElement[bool], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.bool_or(value).filter(condition), NO)
