from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.money import Money, known_currency, minor_unit, rounded

CURRENCIES = {"AUD": 2, "JPY": 0, "KWD": 3, "CLF": 4, "XAU": 2, "ZZZ": 2}
currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@pytest.mark.parametrize(("currency", "places"), CURRENCIES.items())
def test_each_currency_has_its_minor_unit(currency: str, places: int) -> None:
    assert minor_unit(currency) == places


@pytest.mark.parametrize("code", ["AUD", "JPY", "XAU"])
def test_a_currency_is_a_code_of_iso_4217(code: str) -> None:
    assert known_currency(code) == code


@pytest.mark.parametrize("code", ["ZZZ", "XXX", "XTS", "aud", "", "AUD ", "\x00", "\ud800"])
def test_anything_else_is_no_currency(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        known_currency(code)


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        (Decimal("1.005"), "AUD", "1.01"),
        (Decimal("2.675"), "AUD", "2.68"),
        (Decimal("1.0049999999999999999999999999999999"), "AUD", "1.00"),
        (Decimal("-1.005"), "AUD", "-1.01"),
        (Decimal("1234.5"), "AUD", "1234.50"),
        (Decimal("0.5"), "JPY", "1"),
        (Decimal("0.4999"), "JPY", "0"),
        (Decimal("-0.5"), "JPY", "-1"),
        (Decimal("1234567.5"), "JPY", "1234568"),
        (Decimal("0.0005"), "KWD", "0.001"),
        (Decimal("86.4565"), "KWD", "86.457"),
        (Decimal("86.456"), "AUD", "86.46"),
        (Fraction(100, 3), "AUD", "33.33"),
        (Fraction(200, 3), "AUD", "66.67"),
        (Fraction(200, 3), "JPY", "67"),
        (Fraction(200, 3), "KWD", "66.667"),
        (Fraction(1, 200), "AUD", "0.01"),
        (Fraction(-1, 200), "AUD", "-0.01"),
        (Decimal("-0.001"), "AUD", "0.00"),
        (Fraction(-1, 10**9), "JPY", "0"),
        (Decimal("-0.00"), "AUD", "0.00"),
        (Decimal("1E+3"), "AUD", "1000.00"),
        (Decimal("123456789012345678901234567890.125"), "AUD", "123456789012345678901234567890.13"),
        (Decimal(0), "JPY", "0"),
    ],
)
def test_a_figure_is_rounded_half_away_from_zero_to_the_minor_unit(
    value: Decimal | Fraction, currency: str, amount: str
) -> None:
    found = rounded(value, currency=currency)
    assert str(found.amount) == amount
    assert found == Money(Decimal(amount), currency)


@given(amounts, currencies)
def test_it_is_what_exact_decimals_would_give(value: Decimal, currency: str) -> None:
    with localcontext(prec=500):
        expected = value.quantize(Decimal(1).scaleb(-CURRENCIES[currency]), ROUND_HALF_UP)
    found = rounded(value, currency=currency).amount
    assert found == expected
    assert found.as_tuple().exponent == -CURRENCIES[currency]
    assert str(found) == (str(expected) if expected else str(abs(expected)))


@given(st.fractions(), currencies)
def test_a_quotient_is_rounded_to_the_nearest_and_only_once(value: Fraction, currency: str) -> None:
    unit = Fraction(1, 10 ** CURRENCIES[currency])
    found = Fraction(rounded(value, currency=currency).amount)
    assert (found / unit).denominator == 1
    assert abs(found - value) * 2 <= unit
    assert abs(found - value) * 2 < unit or abs(found) > abs(value)


@given(amounts, currencies)
def test_signs_do_not_matter(value: Decimal, currency: str) -> None:
    below, above = rounded(-value, currency=currency), rounded(value, currency=currency)
    assert below.amount == -above.amount


@given(amounts, currencies)
def test_a_rounded_figure_stays_as_it_is(value: Decimal, currency: str) -> None:
    once = rounded(value, currency=currency)
    assert rounded(once.amount, currency=currency) == once


def test_the_thread_s_own_precision_changes_nothing() -> None:
    with localcontext(prec=3):
        assert rounded(Decimal("1234567.895"), currency="AUD").amount == Decimal("1234567.90")
    with localcontext(prec=3, rounding="ROUND_DOWN"):
        assert str(rounded(Fraction(10**9, 7), currency="KWD").amount) == "142857142.857"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_what_is_no_amount_is_never_money(value: Decimal) -> None:
    with pytest.raises((ValueError, OverflowError)):
        rounded(value, currency="AUD")
