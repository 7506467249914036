"""What Pax8 charges for a month: its invoices, or the drafts where none has come yet."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Numeric,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)

from billingone_api.billing.definitions.adapters.charges import is_counted
from billingone_api.billing.definitions.adapters.rounding import decimals
from billingone_api.billing.fourway.adapters.postgres.licensed import ZERO, only
from billingone_api.billing.fourway.models import PAX8
from billingone_api.database.tables.charges import pax8_bills, pax8_charges
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

MONTH: Final = bindparam("month", type_=Date)
AFTER: Final = bindparam("after", type_=Date)
NOBODY: Final = literal_column("'00000000-0000-0000-0000-000000000000'::uuid", Uuid)
"""In keys, that a charge is of no client; an empty text says that it is of no product."""
EMPTY: Final = word("")
SEATS: Final = "seats"
CHANGED: Final = "changed"
PRORATED: Final = "prorated"
ELSEWHERE: Final = "elsewhere"
NAMELESS: Final = "nameless"


def bills_of_month() -> CTE:
    """Drafts only while no invoice of the month has come."""
    posted = pax8_bills.alias("posted")
    has_come = exists().where(
        own(posted), is_counted(posted), ~posted.c.is_draft, posted.c.month == MONTH
    )
    of = pax8_bills.c
    return (
        select(of.source_id, of.is_draft, of.currency, of.is_due, of.read_at, of.unreadable)
        .where(
            own(pax8_bills),
            is_counted(pax8_bills),
            of.month == MONTH,
            or_(~of.is_draft, ~has_come),
        )
        .cte("bills")
    )


def charges(bills: CTE, held: CTE, *, of_one: bool) -> CTE:
    """Each charge with whose it is, what it is, and what it is worth by its own subscription.

    Charges for a company that a person said is nobody's are left out.
    """
    of, links = pax8_charges.c, client_links.c
    is_linked = and_(
        own(client_links), links.source == word(PAX8), links.source_id == of.company_id
    )
    client = links.client_id
    product = func.coalesce(of.product_id, held.c.product_id)
    currency = func.coalesce(of.currency, bills.c.currency)
    kind = func.replace(func.lower(func.coalesce(of.kind, word("subscription"))), "-", "_")
    is_usage = func.coalesce(func.lower(of.term) == word("arrears"), false())
    sort = case(
        (or_(client.is_(None), product.is_(None)), word(NAMELESS)),
        (kind == word("prorate"), word(PRORATED)),
        (or_(of.period_from >= AFTER, of.period_to < MONTH), word(ELSEWHERE)),
        (kind.in_([word("subscription"), word("one_time")]), word(SEATS)),
        else_=word(CHANGED),
    )
    is_same = held.c.currency == currency
    shown = {
        "client_id": func.coalesce(client, NOBODY),
        "product_id": func.coalesce(product, EMPTY),
        "company_id": case((client.is_(None), func.coalesce(of.company_id, EMPTY)), else_=EMPTY),
        "currency": currency,
        "places": decimals(currency),
        "subscription_id": of.subscription_id,
        "sort": sort,
        "quantity": of.quantity,
        "amount": of.price_total,
        "cost": of.cost_total,
        "unit": case((is_same, held.c.unit)),
        "unit_cost": case((is_same, held.c.cost)),
        "is_usage": is_usage,
        "is_draft": bills.c.is_draft,
    }
    return (
        select(*(value.label(name) for name, value in shown.items()))
        .select_from(
            pax8_charges.join(bills, bills.c.source_id == of.bill_id)
            .outerjoin(client_links, is_linked)
            .outerjoin(held, held.c.source_id == of.subscription_id)
        )
        .where(
            own(pax8_charges),
            currency.is_not(None),
            or_(links.source_id.is_(None), client.is_not(None)),
            *only(client, of_one=of_one),
        )
        .cte("charges")
        .prefix_with("MATERIALIZED")
    )


def charged_ids(bills: CTE) -> CTE:
    """Subscriptions that are charged in the month."""
    of = pax8_charges.c
    return (
        select(of.subscription_id)
        .join(bills, bills.c.source_id == of.bill_id)
        .where(
            own(pax8_charges),
            of.subscription_id.is_not(None),
            func.coalesce(func.lower(of.kind), word("subscription")) != word("prorate"),
        )
        .distinct()
        .cte("charged_ids")
    )


def charged(charges_: CTE, agreed: CTE) -> CTE:
    """Added up by client, product, currency, and of nobody's the company."""
    of = charges_.c
    same = and_(
        agreed.c.client_id == of.client_id,
        agreed.c.product_id == of.product_id,
        agreed.c.currency == of.currency,
    )
    unit = func.coalesce(of.unit, agreed.c.unit)
    worth = func.round(of.quantity * unit, of.places, type_=Numeric)
    unit_cost = func.coalesce(of.unit_cost, agreed.c.unit_cost)
    fair = func.round(of.quantity * unit_cost, of.places, type_=Numeric)
    is_seats, is_changed = of.sort == word(SEATS), of.sort == word(CHANGED)
    amount = func.round(of.amount, of.places, type_=Numeric)
    keys = (of.client_id, of.product_id, of.company_id, of.currency)
    return (
        select(
            *keys,
            _sum(of.quantity, is_seats).label("units"),
            (_sum(worth, is_seats) + _sum(amount, is_changed)).label("worth"),
            *(
                _sum(amount, of.sort == word(name)).label(name)
                for name in (PRORATED, ELSEWHERE, NAMELESS)
            ),
            func.coalesce(func.sum(of.cost), ZERO).label("cost"),
            _sum(of.cost, is_seats).label("seats_cost"),
            _sum(fair, is_seats).label("fair_cost"),
            func.bool_or(and_(is_seats, of.quantity.is_(None))).label("lacks_quantity"),
            func.bool_or(
                or_(and_(is_seats, worth.is_(None)), and_(~is_seats, amount.is_(None)))
            ).label("lacks_price"),
            func.bool_or(of.cost.is_(None)).label("lacks_cost"),
            func.bool_or(and_(is_seats, fair.is_(None))).label("lacks_fair_cost"),
            func.bool_or(of.is_usage).label("is_usage"),
            func.bool_or(of.is_draft).label("is_draft"),
            func.count().label("charges"),
        )
        .select_from(charges_.outerjoin(agreed, same))
        .group_by(*keys)
        .cte("charged")
    )


def _sum(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(value).filter(condition), ZERO)
