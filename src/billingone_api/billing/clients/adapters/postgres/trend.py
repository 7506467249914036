"""Reads a client's MRR at the ends of months from versions, and what each month's invoices say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Numeric,
    Select,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    or_,
    select,
    union_all,
)

from billingone_api.billing.clients.adapters.postgres.billed import net_of, not_revenue
from billingone_api.billing.clients.trend import Month, Monthly, TrendMonth, months_until
from billingone_api.billing.definitions.adapters.invoices import counted_once, in_current_books
from billingone_api.billing.definitions.adapters.subscriptions import (
    TODAY,
    badge,
    exclusion,
    sell_parts,
)
from billingone_api.billing.definitions.figures import Reckoning, Unknown
from billingone_api.billing.definitions.models import Badge, InvoiceState, PriceBasis, monthly
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import pax8_companies, subscription_versions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.clock import day_of
from billingone_api.kit.money import Money, rounded

_CLIENT: Final = bindparam("client_id", type_=Uuid())
_FIRST: Final = bindparam("first_day", type_=Date)
_MADE: Final = (InvoiceState.APPROVED, InvoiceState.PAID, InvoiceState.UNKNOWN)
_Sums = Mapping[date, Sequence[Row]]


async def trend_of(
    work: UnitOfWork, client_id: UUID, by: Reckoning, *, linked: bool, billed: bool
) -> Sequence[TrendMonth]:
    """`linked` says whether a company of Pax8 is the client's, `billed` whether any books are."""
    months = months_until(by.today, time_zone=by.time_zone)
    values = {
        "organisation_id": work.organisation_id,
        "client_id": client_id,
        "days": [month.day for month in months],
        "untils": [month.until for month in months],
        "first_day": months[0].first,
        "today": by.today,
    }
    recurring = _by_day(await fetch(work.connection, _recurring(by.basis), **values))
    invoiced = _by_day(await fetch(work.connection, _INVOICED, **values))
    since = await _known_since(work, by)
    no_mrr = by.subscriptions_unknown(linked=linked or bool(recurring))
    no_books = by.books_unknown_of(linked=billed)

    def told(month: Month) -> TrendMonth:
        is_known = since is not None and month.day >= since
        unknown = no_mrr or (None if is_known else Unknown.NEVER_SYNCED)
        mrr = _monthly(recurring.get(month.day, ()), unknown, monthly)
        return TrendMonth(month, mrr, _monthly(invoiced.get(month.first, ()), no_books, Fraction))

    return [told(month) for month in months]


async def _known_since(work: UnitOfWork, by: Reckoning) -> date | None:
    """The day on which a sync of Pax8 first told of anything: companies come first."""
    row = await fetch_one(work.connection, _SINCE, organisation_id=work.organisation_id)
    return None if row is None or row["since"] is None else day_of(row["since"], by.time_zone)


def _monthly(
    rows: Sequence[Row], unknown: Unknown | None, exact: Callable[[Any], Fraction]
) -> Monthly:
    if unknown is not None:
        return Monthly(None, unknown, 0)
    amounts = [
        rounded(exact(row["amount"]), currency=row["currency"])
        for row in rows
        if row["amount"] is not None and row["currency"] is not None
    ]
    return Monthly(
        tuple(sorted(amounts, key=_currency)), None, sum(row["excluded"] for row in rows)
    )


def _currency(money: Money) -> str:
    return money.currency


def _by_day(rows: Sequence[Row]) -> _Sums:
    found: dict[date, list[Row]] = {}
    for row in rows:
        found.setdefault(row["day"], []).append(row)
    return found


@cache
def _recurring(basis: PriceBasis) -> Prepared:
    """Of each month's end, by the version of each subscription that was the newest then."""
    held, month = _held(), _months()
    of = held.c
    is_it = (of.seen_at < month.c.until) & or_(of.next_at.is_(None), of.next_at >= month.c.until)
    is_active = badge(held, on=month.c.day) == word(Badge.ACTIVE)
    why_not = exclusion(held, basis, counted=Badge.ACTIVE, on=month.c.day)
    return prepare(
        select(
            month.c.day,
            of.currency,
            cast(func.sum(sell_parts(held, basis)).filter(why_not.is_(None)), Numeric).label(
                "amount"
            ),
            func.count().filter(why_not.is_not(None)).label("excluded"),
        )
        .select_from(month.join(held, is_it))
        .where(of.client_id == _CLIENT, is_active)
        .group_by(month.c.day, of.currency)
    )


def _held() -> FromClause:
    """Every version of what has ever been the client's, with when the next one came."""
    of, others = subscription_versions.c, subscription_versions.alias("its")
    its = select(others.c.subscription_id).where(own(others), others.c.client_id == _CLIENT)
    next_at = func.lead(of.seen_at).over(partition_by=of.subscription_id, order_by=of.version)
    return (
        select(subscription_versions, next_at.label("next_at"))
        .where(own(subscription_versions), of.subscription_id.in_(its))
        .subquery("held")
    )


def _months() -> FromClause:
    columns = column("day", Date), column("until", DateTime(timezone=True))
    days = bindparam("days", type_=ARRAY(Date))
    untils = bindparam("untils", type_=ARRAY(DateTime(timezone=True)))
    return func.unnest(days, untils).table_valued(*columns, name="month").render_derived()


def _invoiced() -> Prepared:
    credit = client_credits.c
    made = _documents(invoices, sign=1).where(counted_once(invoices))
    credited = (
        _documents(client_credits, sign=-1)
        .where(in_current_books(client_credits))
        .where(credit.kind == word("credit_note"))
    )
    one = union_all(made, credited).subquery("one")
    return prepare(
        select(
            one.c.day,
            one.c.currency,
            func.sum(one.c.amount).label("amount"),
            func.count().filter(one.c.amount.is_(None)).label("excluded"),
        ).group_by(one.c.day, one.c.currency)
    )


def _documents(table: FromClause, *, sign: int) -> Select[Any]:
    of, net = table.c, net_of(table)
    why_not = not_revenue(table, net)
    amount: ColumnElement[Any] = net if sign > 0 else -net
    return (
        select(
            cast(func.date_trunc("month", of.issued_on), Date).label("day"),
            of.currency,
            case((why_not.is_(None), amount)).label("amount"),
        )
        .where(own(table), of.client_id == _CLIENT, of.gone_at.is_(None))
        .where(of.state.in_([word(state) for state in _MADE]))
        .where(of.issued_on >= _FIRST, of.issued_on <= TODAY)
    )


_INVOICED: Final = _invoiced()
_SINCE: Final = prepare(
    select(func.min(pax8_companies.c.first_seen_at).label("since")).where(own(pax8_companies))
)
