"""Amounts as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.billing.invoices.amounts import is_marked, readings


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("1234.50", ["1234.50"]),
        ("1,234.50", ["1234.50"]),
        ("$1234.5", ["1234.5"]),
        ("A$1,234.50", ["1234.50"]),
        ("AUD 1,234.50", ["1234.50"]),
        ("1234,50 EUR", ["1234.50"]),
        ("1234.50€", ["1234.50"]),
        ("1.234,50", ["1234.50"]),
        ("1 234,50", ["1234.50"]),
        ("1\u00a0234,50", ["1234.50"]),
        ("1\u202f234,50", ["1234.50"]),
        ("1'234.50", ["1234.50"]),
        ("1\u2019234.50", ["1234.50"]),
        ("1,234,567.89", ["1234567.89"]),
        ("1.234.567,89", ["1234567.89"]),
        ("12,34,567.89", ["1234567.89"]),
        ("1,234,567", ["1234567"]),
        ("1234", ["1234"]),
        ("  1234  ", ["1234"]),
        (".50", ["0.50"]),
        ("0.5", ["0.5"]),
        ("-12.50", ["-12.50"]),
        ("\u221212.50", ["-12.50"]),
        ("$-12.50", ["-12.50"]),
        ("12.5000", ["12.5000"]),
        # a thousand and more, or a little over one in dinars
        ("1,234", ["1.234", "1234"]),
        ("1.234", ["1.234", "1234"]),
        ("999.999", ["999.999", "999999"]),
        ("99999999999999.99", ["99999999999999.99"]),
    ],
)
def test_what_people_write_is_read(text: str, amounts: list[str]) -> None:
    assert readings(text) == tuple(Decimal(amount) for amount in amounts)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "$", "AUD", "INV-1042", "INV1042", "XYZ 12", "1,234,50", "1.2.3", "12.34.56",
        "1,,234", "12.50.", "1234.50000", "999999999999999", "1e5", "0x10", "NaN", "١٢٣", "1-2",
        "12 50 AUD USD", "--5", "12.5%", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_none(text: str) -> None:
    assert readings(text) == ()


@pytest.mark.parametrize(
    ("text", "marked"),
    [("1234", False), ("1,234", True), ("$12", True), ("12.5", True), ("harbour", False)],
)
def test_a_separator_or_a_currency_marks_an_amount(text: str, marked: object) -> None:
    assert is_marked(text) is marked


@given(st.decimals(0, Decimal(99999999999), places=2))
def test_however_a_country_writes_it_it_is_the_same_amount(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    french = english.translate(str.maketrans(",.", "\u202f,"))
    swiss = english.replace(",", "'")
    for text in (english, german, french, swiss, f"${english}", f"{german} EUR"):
        assert readings(text) == (amount,)


@given(st.text(max_size=200))
def test_no_text_is_too_much_for_it(text: str) -> None:
    assert len(readings(text)) <= 2


@given(st.text("0123456789., '$-", max_size=200))
def test_no_digits_are_too_much_for_it(text: str) -> None:
    for amount in readings(text):
        assert amount.is_finite()
        assert len(str(abs(int(amount)))) <= 14
