"""Money rounded once, as SQL: half away from zero, to the decimals that each currency has.

The same figure as `kit.money.rounded`; a test holds them together.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Numeric, Text, any_, case, cast, func, literal_column, null

from billingone_api.billing.definitions.models import PARTS
from billingone_api.kit.money import codes_with_decimals

_UNUSUAL: Final = (0, 3, 4)
_USUAL: Final = 2


def rounded(amount: ColumnElement[Any], currency: ColumnElement[Any]) -> ColumnElement[Any]:
    """An exact amount to the currency's minor unit."""
    return func.round(amount, decimals(currency), type_=Numeric)


def decimals(currency: ColumnElement[Any]) -> ColumnElement[Any]:
    """How many it has; worth a column of its own where much is rounded in one row."""
    return _by_currency(currency, str)


def amount(received: ColumnElement[Any], currency: ColumnElement[Any]) -> ColumnElement[Any]:
    """An amount as a source told it, as it is shown: rounded, and none without a currency."""
    known: ColumnElement[Any] = case(
        (currency.is_not(None), rounded(received, currency)), else_=cast(null(), Numeric)
    )
    return known


def rounded_month(parts: ColumnElement[Any], currency: ColumnElement[Any]) -> ColumnElement[Any]:
    """A month's money from its 72nds, by the one division.

    A quotient of PostgreSQL's is rounded already, and rounding it again may cross the half.
    """
    # Bare whole numbers are integers, and made numerics for each row anew.
    doubled_units = _by_currency(currency, lambda places: f"{2 * 10**places}::numeric")
    unit = _by_currency(currency, lambda places: f"{1 / 10**places:.{places}f}")
    doubled = func.abs(parts) * doubled_units + _number(f"{PARTS}::numeric")
    whole = func.div(doubled, _number(f"{2 * PARTS}::numeric"))
    return func.sign(parts) * whole * unit


def _by_currency(currency: ColumnElement[Any], literal: Any) -> ColumnElement[Any]:
    cases: Any = [
        (currency == any_(_codes(places)), _number(literal(places))) for places in _UNUSUAL
    ]
    usual = _number(literal(_USUAL))
    # PostgreSQL hashes a long list and walks a short one: almost every amount is answered by one.
    return case((currency == any_(_codes(*_UNUSUAL)), case(*cases, else_=usual)), else_=usual)


def _codes(*decimals: int) -> ColumnElement[Any]:
    codes = [code for places in decimals for code in codes_with_decimals(places)]
    return literal_column("'{" + ",".join(codes) + "}'::text[]", Text)


def _number(text: str) -> ColumnElement[Any]:
    return literal_column(text, Numeric)
