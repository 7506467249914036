"""The leak's parts add up to it whatever is charged and billed, and nothing is made up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.fourway.reference import Agreed, Charge, Line, added, cents, reckoned

from billingone_api.billing.fourway.leak import PARTS, Leak, overcharge

UNITS = st.integers(-50, 500).map(Decimal)
SEATS = st.integers(1, 500).map(Decimal)
PRICES = st.decimals(0, 999, places=4)
AMOUNTS = st.decimals(-9999, 9999, places=2)
CHARGES = st.builds(
    Charge,
    units=UNITS,
    amount=AMOUNTS,
    kind=st.sampled_from(["subscription", "one-time", "prorate", "rebate", "service-credit"]),
    is_in_month=st.booleans(),
    is_named=st.booleans(),
    price=st.none() | PRICES,
)
LINES = st.builds(
    Line,
    units=UNITS,
    amount=AMOUNTS,
    unit_amount=PRICES,
    currency=st.sampled_from(["AUD", "USD"]),
    is_prorated=st.booleans(),
)
AGREED = st.builds(Agreed, price=PRICES, is_long=st.booleans())


def parts_of(found: Leak[Decimal]) -> dict[str, Decimal]:
    return {name: getattr(found, name) for name in PARTS if getattr(found, name)}


def seat(units: Decimal | int, price: Decimal) -> Charge:
    return Charge(units=Decimal(units), amount=cents(units * price))


def line(units: Decimal | int, price: Decimal, **more: object) -> Line:
    made = Line(units=Decimal(units), amount=cents(units * price), unit_amount=price)
    return replace(made, **more)  # type: ignore[arg-type]  # the facts of a line, by name


@given(
    charges=st.lists(CHARGES, max_size=5),
    lines=st.lists(LINES, max_size=5),
    agreed=AGREED,
    others=st.booleans(),
)
def test_the_parts_add_up_to_the_difference_exactly(
    *, charges: list[Charge], lines: list[Line], agreed: Agreed, others: bool
) -> None:
    found = reckoned(charges, lines, agreed, others_unknown=others)
    assert added(list(parts_of(found).values())) == found.difference
    assert found.difference == cents(found.difference)


@given(st.lists(CHARGES, max_size=4), st.lists(LINES, max_size=4), AGREED, AMOUNTS)
def test_an_amount_in_another_currency_changes_no_figure(
    charges: list[Charge], lines: list[Line], agreed: Agreed, amount: Decimal
) -> None:
    changed = [one if one.currency == "AUD" else replace(one, amount=amount) for one in lines]
    assert reckoned(charges, changed, agreed) == reckoned(charges, lines, agreed)


@given(held=st.lists(st.tuples(SEATS, PRICES), max_size=5), is_long=st.booleans())
def test_nothing_leaks_where_every_charge_is_billed_at_its_own_price(
    *, held: list[tuple[Decimal, Decimal]], is_long: bool
) -> None:
    lowest = min((price for _, price in held), default=Decimal(1))
    charges = [replace(seat(*one), price=one[1]) for one in held]
    found = reckoned(charges, [line(*one) for one in held], Agreed(lowest, is_long))
    assert parts_of(found) == {}
    assert found.difference == 0


@given(SEATS, st.integers(1, 40), st.decimals(1, 999, places=2))
def test_each_planted_leak_is_its_own_part_and_no_other(
    units: Decimal, more: int, price: Decimal
) -> None:
    agreed, year = Agreed(price), Agreed(price, is_long=True)
    charged, billed, lost = seat(units, price), line(units, price), more * price
    late = replace(seat(more, price), is_in_month=False)
    cheap = replace(billed, amount=billed.amount - more)
    for part, amount, charges, lines, by in (
        ("quantity", lost, [seat(units + more, price)], [billed], agreed),
        ("quantity", -lost, [charged], [line(units + more, price)], agreed),
        ("quantity", -billed.amount, [], [billed], agreed),
        ("price", Decimal(more), [charged], [cheap], agreed),
        ("price", Decimal(-15), [charged, Charge(Decimal(1), Decimal(-15), "rebate")], [billed],
         agreed),
        ("proration", lost, [charged, replace(seat(more, price), kind="prorate")], [billed],
         agreed),
        ("timing", lost, [charged, late], [billed], agreed),
        ("timing", -billed.amount, [], [billed], year),
        ("currency", billed.amount, [charged], [replace(billed, currency="USD")], agreed),
        ("unmapped", Decimal(-15), [charged, Charge(Decimal(1), Decimal(-15), is_named=False)],
         [billed], agreed),
    ):  # fmt: skip
        found = reckoned(charges, lines, by)
        assert (parts_of(found), found.difference) == ({part: amount}, amount)


def test_a_year_billed_by_the_month_is_timing_and_a_seat_left_out_of_it_is_not() -> None:
    year = Agreed(Decimal(120), is_long=True)
    found = reckoned([seat(10, Decimal(120))], [line(9, Decimal(10))], year)
    assert parts_of(found) == {"quantity": Decimal(120), "timing": Decimal(990)}


@pytest.mark.parametrize(
    ("lines", "part"), [([], "unmapped"), ([line(1, Decimal(10))], "quantity")]
)
def test_what_a_line_of_no_known_product_may_bill_is_not_said_to_be_unbilled(
    lines: list[Line], part: str
) -> None:
    found = reckoned([seat(3, Decimal(10))], lines, Agreed(Decimal(10)), others_unknown=True)
    assert set(parts_of(found)) == {part}


@given(SEATS, SEATS, PRICES, PRICES)
def test_an_overcharge_is_of_quantity_or_of_price(
    units: Decimal, licensed: Decimal, agreed: Decimal, charged: Decimal
) -> None:
    fair, due = cents(units * agreed), cents(licensed * agreed)
    found = overcharge(cents(units * charged), fair, due)
    assert found.quantity + found.price == found.difference
    assert overcharge(fair, fair, due).price == 0
    assert overcharge(cents(units * charged), fair, fair).quantity == 0
