"""What one client owes by age, its latest invoices, and what its subscriptions leave."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Integer,
    Select,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)

from billingone_api.billing.clients.adapters.postgres.billed import BILLED
from billingone_api.billing.clients.adapters.postgres.selection import billed_of_clients
from billingone_api.billing.clients.models import Aged, LatestInvoice, Margin
from billingone_api.billing.definitions.adapters.invoices import (
    badge,
    counted_once,
    due_on,
    is_not_void,
    is_owed,
)
from billingone_api.billing.definitions.adapters.rates import rates
from billingone_api.billing.definitions.adapters.subscriptions import (
    TODAY,
    cost_parts,
    exclusion,
    sell_parts,
)
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import Badge, InvoiceBadge, PriceBasis
from billingone_api.database.fast import Prepared, Row, prepare
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.kit.money import Money, rounded

_CLIENT: Final = bindparam("client_id", type_=Uuid())
_ENDS: Final = (0, 30, 60, 90)
_LATEST: Final = 5


def aged_of(rows: Sequence[Row]) -> tuple[Aged, ...]:
    """By currency; each part is rounded alone, as amounts of invoices have no more places."""
    found: dict[str, list[Fraction]] = {}
    for row in rows:
        parts = found.setdefault(row["currency"], [Fraction(0)] * (len(_ENDS) + 1))
        parts[row["bucket"]] += Fraction(row["due"])
    return tuple(
        Aged(currency, tuple(rounded(part, currency=currency) for part in parts))
        for currency, parts in sorted(found.items())
    )


def latest_of(rows: Sequence[Row]) -> tuple[LatestInvoice, ...]:
    return tuple(_latest(row) for row in rows)


def margin_of(rows: Sequence[Row], by: Reckoning, *, linked: bool) -> Margin:
    """Of subscriptions whose price and cost are both known."""
    sums = [(row["currency"], Fraction(row["parts"]), _rate(row)) for row in rows if row["both"]]
    total = None
    if all(rate is not None for _, _, rate in sums):
        total = sum((parts * rate for _, parts, rate in sums if rate is not None), Fraction(0))
    missing = tuple(sorted(currency for currency, _, rate in sums if rate is None))
    parts = [(currency, each) for currency, each, _ in sums]
    left_out = sum(row["one"] for row in rows)
    money = by.margin(parts, total, missing, left_out=left_out, linked=linked)
    return Margin(money, left_out)


def _rate(row: Row) -> Fraction | None:
    return None if row["rate"] is None else Fraction(row["rate"]) / Fraction(row["per"])


def _latest(row: Row) -> LatestInvoice:
    return LatestInvoice(
        id=row["id"],
        source=row["source"],
        number=row["number"],
        badge=InvoiceBadge(row["badge"]),
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        amount=_money(row, "total"),
        amount_due=_money(row, "amount_due"),
    )


def _money(row: Row, name: str) -> Money | None:
    if row[name] is None or row["currency"] is None:
        return None
    return rounded(Fraction(row[name]), currency=row["currency"])


def _billed() -> Select[Any]:
    money = billed_of_clients(among=select(_CLIENT))
    return select(*(money.c[name] for name in BILLED))


def _aged() -> Select[Any]:
    late = cast(TODAY - due_on(invoices), Integer)
    bucket = case(
        *((late <= _number(end), _number(at)) for at, end in enumerate(_ENDS)),
        else_=_number(len(_ENDS)),
    )
    one = (
        select(invoices.c.currency, bucket.label("bucket"), invoices.c.amount_due)
        .where(own(invoices), invoices.c.client_id == _CLIENT, counted_once(invoices))
        .where(is_owed(invoices), invoices.c.currency.is_not(None))
        .subquery("one")
    )
    return select(
        one.c.currency,
        func.coalesce(one.c.bucket, _number(0)).label("bucket"),
        func.sum(one.c.amount_due).label("due"),
    ).group_by(one.c.currency, one.c.bucket)


def _latest_invoices() -> Select[Any]:
    of = invoices.c
    return (
        select(
            of.id,
            of.source,
            of.number,
            badge(invoices).label("badge"),
            of.issued_on,
            due_on(invoices).label("due_on"),
            of.currency,
            of.total,
            of.amount_due,
        )
        .where(own(invoices), of.client_id == _CLIENT, counted_once(invoices))
        .where(is_not_void(invoices))
        .order_by(of.issued_on.desc().nulls_last(), of.id.desc())
        .limit(_number(_LATEST))
    )


@cache
def margins(basis: PriceBasis) -> Prepared:
    of, worth = subscriptions.c, rates()
    left = sell_parts(subscriptions, basis) - cost_parts(subscriptions, basis)
    counted = (
        select(of.currency, left.label("parts"))
        .where(own(subscriptions), of.client_id == _CLIENT)
        .where(exclusion(subscriptions, basis, counted=Badge.ACTIVE).is_(None))
        .subquery("counted")
    )
    is_known = counted.c.parts.is_not(None)
    return prepare(
        select(
            counted.c.currency,
            func.sum(counted.c.parts).label("parts"),
            func.count().filter(is_known).label("both"),
            func.count().filter(~is_known).label("one"),
            worth.c.rate,
            worth.c.per,
        )
        .select_from(counted.outerjoin(worth, worth.c.currency == counted.c.currency))
        .group_by(counted.c.currency, worth.c.rate, worth.c.per)
    )


def _number(value: int) -> Any:
    return literal_column(str(value), Integer)


BILLED_OF: Final = prepare(_billed())
AGED: Final = prepare(_aged())
LATEST: Final = prepare(_latest_invoices())
