"""What leaks of each record by the rule of `leak`, and why that may not be known, as SQL."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Numeric,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
)

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.fourway.adapters.postgres.said import EMPTY, NOBODY, ZERO
from billingone_api.billing.fourway.leak import (
    PARTS,
    Billed,
    Charged,
    Leak,
    Overcharge,
    leak,
    overcharge,
)
from billingone_api.billing.fourway.models import NoLeak
from billingone_api.database.words import word

# With a point: a power of whole numbers is a float to PostgreSQL.
_TEN: Final = literal_column("10.0", Numeric)
_HAS_CHARGES: Final = bindparam("has_charges", type_=Boolean)
_HAS_LICENCES: Final = bindparam("has_licences", type_=Boolean)
_HAS_BOOKS: Final = bindparam("has_books", type_=Boolean)
# What is only there to reckon with.
_INSIDE: Final = frozenset({
    "units", "worth", "elsewhere", "owed_prorated", "nameless", "cost", "seats_cost", "fair_cost",
    "due_cost", "billed", "amount", "prorated", "spread_units", "instalments", "spread", "abroad",
    "charges", "hidden", "places", "is_linked", "is_usage", "lacks_price",
    "lacks_cost", "lacks_fair_cost", "lacks_licensed", "lacks_units", "lacks_billed",
    "lacks_amount", "is_billed", "has_company", "licensed", "trial",
})  # fmt: skip
_Column = ColumnElement[Any]


def judged(one: CTE, basis: PriceBasis) -> CTE:
    """Each record with its leak, which says nothing where there is a reason."""
    of = one.c
    found = _leak(of)
    is_unowed = _is_unowed(of)
    found = replace(
        found,
        quantity=case((is_unowed, -of.amount), else_=found.quantity),
        price=case((is_unowed, ZERO), else_=found.price),
    )
    shown = {
        **{column.name: column for column in of if column.name not in _INSIDE},
        **_known(of),
        "reason": _reason(of, basis),
        "leak": _money(of, found.difference),
        **{f"leak_{name}": _money(of, getattr(found, name)) for name in PARTS},
        **_overcharge(of),
    }
    rows = select(*(value.label(name) for name, value in shown.items()))
    # or each part is reckoned anew wherever the leak is spoken of
    return rows.cte("judged").prefix_with("MATERIALIZED")


def known_if(known: ColumnElement[bool], value: _Column) -> _Column:
    return case((known, value), else_=null())


def _money(of: Any, amount: _Column) -> _Column:
    """With the currency's own decimals, 0 as well."""
    return func.round(amount, of.places, type_=Numeric)


def _leak(of: Any) -> Leak[Any]:
    def at(units: _Column) -> _Column:
        return _money(of, units * func.coalesce(of.unit, ZERO))

    return leak(
        Charged(of.units, of.worth, of.elsewhere, of.owed_prorated, of.nameless),
        Billed(of.billed, of.amount, of.prorated, of.instalments, of.spread, of.abroad, of.hidden),
        at,
    )


def _is_unowed(of: Any) -> ColumnElement[bool]:
    """Nothing is charged, and by no subscription is anything agreed: all that is billed is more.

    Where nothing is known of licences it may be an instalment of what was charged long before.
    """
    is_charged = or_(of.charges != ZERO, of.spread_units != ZERO, of.abroad_lines.is_not(None))
    return and_(_HAS_LICENCES, of.unit.is_(None), ~is_charged)


def _reason(of: Any, basis: PriceBasis) -> _Column:
    units = ("units", "billed", "spread_units", "abroad")
    is_said = or_(*(of[name] != ZERO for name in units))
    lacks_unit = and_(is_said, of.unit.is_(None), ~_is_unowed(of))
    cases: list[tuple[_Column, NoLeak]] = [
        (~_HAS_CHARGES, NoLeak.CHARGES_UNKNOWN),
        (and_(of.client_id != NOBODY, ~_HAS_BOOKS), NoLeak.BOOKS_UNKNOWN),
        (or_(~of.is_linked, ~of.has_company), NoLeak.CLIENT_NOT_LINKED),
    ]
    if not basis.knows_sell_price:
        cases.append((of.currency.is_not(None), NoLeak.SELL_PRICE_UNKNOWN))
    cases += [
        (of.is_usage, NoLeak.USAGE_BILLED),
        (or_(of.lacks_units, of.lacks_billed), NoLeak.QUANTITY_UNKNOWN),
        (or_(of.lacks_price, of.lacks_amount, lacks_unit), NoLeak.PRICE_UNKNOWN),
    ]
    return case(*((condition, word(reason)) for condition, reason in cases), else_=null())


def _known(of: Any) -> dict[str, _Column]:
    """What the sides come to, where they are known."""
    knows_bills = and_(of.client_id != NOBODY, _HAS_BOOKS, of.is_linked)
    paid, cost = _money(of, of.amount + of.prorated + of.spread), _money(of, of.cost)
    owed = _money(of, of.worth + of.elsewhere + of.owed_prorated + of.nameless)
    knows_licences = and_(_HAS_LICENCES, of.has_company, ~of.lacks_licensed)
    knows_charges = and_(_HAS_CHARGES, of.has_company)
    knows_cost = and_(knows_charges, ~of.lacks_cost)
    return {
        "licensed": known_if(knows_licences, of.licensed),
        "trial": known_if(knows_licences, of.trial),
        "knows_charges": knows_charges,
        "charged": known_if(and_(knows_charges, ~of.lacks_units), of.units),
        "owed": known_if(and_(knows_charges, ~of.lacks_price, ~of.lacks_units), owed),
        "charged_cost": known_if(knows_cost, cost),
        "knows_bills": knows_bills,
        "billed": known_if(
            and_(knows_bills, ~of.lacks_billed), of.billed + of.spread_units + of.abroad
        ),
        "billed_amount": known_if(and_(knows_bills, ~of.lacks_amount), paid),
        "margin": known_if(
            and_(knows_cost, knows_bills, ~of.lacks_amount, of.abroad_lines.is_(None)), paid - cost
        ),
    }


def _overcharge(of: Any) -> dict[str, _Column]:
    dear: Overcharge[Any] = overcharge(of.seats_cost, of.fair_cost, of.due_cost)
    # Pax8 rounds each charge in its own manner: a cent for each is no overcharge.
    cents = of.charges * func.power(_TEN, -of.places, type_=Numeric)
    is_rounding = func.abs(dear.difference) <= cents
    is_named = and_(of.client_id != NOBODY, of.product_id != EMPTY)
    knows_sides = and_(_HAS_LICENCES, _HAS_CHARGES, of.has_company)
    is_known = and_(knows_sides, is_named, ~of.is_usage, ~of.lacks_fair_cost)
    return {
        name: known_if(is_known, _money(of, case((is_rounding, ZERO), else_=value)))
        for name, value in (
            ("overcharge", dear.difference),
            ("overcharge_quantity", dear.quantity),
            ("overcharge_price", dear.price),
        )
    }
