"""Exact money: amounts are Decimal, currencies are never added, rounding happens once."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from iso4217 import Currency

_KNOWN_MINOR_UNITS = {currency.code: currency.exponent for currency in Currency}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, in whole units (dollars, not cents)."""

    amount: Decimal
    currency: str


def known_currency(code: str) -> str:
    """The same code; raises ValueError where it is none, or stands for none or for a test."""
    if code not in _KNOWN_MINOR_UNITS or code in {"XXX", "XTS"}:
        raise ValueError("Should be a currency of ISO 4217, in capitals, such as AUD.")
    return code


def minor_unit(currency: str) -> int:
    """How many decimals a currency has: AUD 2, JPY 0, KWD 3; 2 where ISO 4217 gives none."""
    exponent = _KNOWN_MINOR_UNITS.get(currency)
    return 2 if exponent is None else exponent


def codes_with_decimals(places: int) -> tuple[str, ...]:
    """Every currency of ISO 4217 with so many decimals."""
    return tuple(sorted(code for code, unit in _KNOWN_MINOR_UNITS.items() if unit == places))


def rounded(value: Decimal | Fraction, *, currency: str) -> Money:
    """A figure rounded once, half away from zero, to the currency's minor unit.

    Takes the exact quotient as a Fraction, so that a division never rounds before this does.
    """
    exact = Fraction(value)
    places = minor_unit(currency)
    scaled = abs(exact) * 10**places
    units, remainder = divmod(scaled.numerator, scaled.denominator)
    if remainder * 2 >= scaled.denominator:
        units += 1
    with localcontext() as context:
        context.prec = max(len(str(units)) + places, 28)
        amount = Decimal(units if exact >= 0 else -units).scaleb(-places)
        return Money(amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), currency)
