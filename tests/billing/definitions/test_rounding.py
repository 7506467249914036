"""Money rounded by PostgreSQL is the money that Python rounds."""

from decimal import Decimal
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Numeric, Text, bindparam, column, func, select

from billingone_api.billing.definitions.adapters.rounding import rounded, rounded_month
from billingone_api.billing.definitions.models import monthly
from billingone_api.kit import money
from billingone_api.process import Process

# Any size that a sum may have, and the neighbourhood of halves.
_NUMBERS: Final = (
    st.decimals(min_value=-(10**30), max_value=10**30, allow_nan=False, places=20)
    | st.integers(-(10**6), 10**6).map(Decimal)
    | st.integers(-(10**6), 10**6).map(lambda number: Decimal(number) / 1000)
    | st.integers(-(10**6), 10**6).map(lambda number: Decimal(number) / 1000 - Decimal("1e-20"))
)
_CURRENCIES: Final = st.sampled_from(["AUD", "JPY", "KWD", "CLF", "XAU", "???"])

_SENT: Final = (
    func.unnest(
        bindparam("amounts", type_=ARRAY(Numeric)), bindparam("currencies", type_=ARRAY(Text))
    )
    .table_valued(column("amount", Numeric), column("currency", Text), with_ordinality="number")
    .render_derived("sent")
)
_BOTH: Final = select(
    rounded(_SENT.c.amount, _SENT.c.currency).label("amount"),
    rounded_month(_SENT.c.amount, _SENT.c.currency).label("month"),
).order_by(_SENT.c.number)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cases=st.lists(st.tuples(_NUMBERS, _CURRENCIES), min_size=1, max_size=200))
async def test_one_figure_by_two_hands(process: Process, cases: list[tuple[Decimal, str]]) -> None:
    amounts, currencies = zip(*cases, strict=True)
    values = {"amounts": list(amounts), "currencies": list(currencies)}
    async with process.engine.begin() as connection:
        found = (await connection.execute(_BOTH, values)).all()
    for row, (amount, currency) in zip(found, cases, strict=True):
        whole = money.rounded(amount, currency=currency).amount
        month = money.rounded(monthly(amount), currency=currency).amount
        # the same number, written with the same decimals
        assert (format(row.amount, "f"), format(row.month, "f")) == (
            format(abs(whole) if whole == 0 else whole, "f"),
            format(abs(month) if month == 0 else month, "f"),
        )
