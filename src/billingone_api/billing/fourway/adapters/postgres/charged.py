"""What Pax8 charges for a month: its invoices, or the drafts where none has come yet."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from billingone_api.billing.definitions.adapters.charges import is_counted
from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.fourway.adapters.postgres.licensed import AFTER, MONTH, only
from billingone_api.billing.fourway.adapters.postgres.said import (
    CHANGED,
    CHARGED,
    ELSEWHERE,
    EMPTY,
    NAMELESS,
    NOBODY,
    PRORATED,
    SEATS,
    shaped,
)
from billingone_api.billing.fourway.models import PAX8, Unrecorded
from billingone_api.database.tables.charges import pax8_bills, pax8_charges
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_BY_UNITS: Final = [word(kind) for kind in ("subscription", "one_time")]
"""Kinds of charges whose quantity is what is bought."""
_PAYMENT: Final = "payment_credit"
"""The kind of what was paid before and is set against the bill: no price of anything."""


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


def charge_rows(bills: CTE, held: CTE, *, of_one: bool) -> Select[Any]:
    """Each charge with whose it is and what it is; `unit` is what its own subscription is sold for.

    Charges for a company that a person said is nobody's are left out.
    """
    of, links = pax8_charges.c, client_links.c
    client = links.client_id
    product = func.coalesce(of.product_id, held.c.product_id)
    currency = func.coalesce(of.currency, bills.c.currency)
    kind = _kind()
    # What is paid once beside a subscription, to set it up, is none of its seats.
    is_beside = and_(kind == word("one_time"), func.coalesce(held.c.is_recurring, false()))
    sort = case(
        (or_(client.is_(None), product.is_(None)), word(NAMELESS)),
        (kind == word("prorate"), word(PRORATED)),
        (or_(of.period_from >= AFTER, of.period_to < MONTH), word(ELSEWHERE)),
        (and_(kind.in_(_BY_UNITS), ~is_beside), word(SEATS)),
        else_=word(CHANGED),
    )
    # A subscription that is somebody else's by now says nothing of what is charged to this one.
    is_held = and_(held.c.source_id == of.subscription_id, held.c.client_id == client)
    is_same = held.c.currency == currency
    row = shaped(
        side=word(CHARGED),
        sort=sort,
        client_id=func.coalesce(client, NOBODY),
        product_id=func.coalesce(product, EMPTY),
        company_id=case((client.is_(None), func.coalesce(of.company_id, EMPTY)), else_=EMPTY),
        currency=currency,
        quantity=of.quantity,
        amount=rounded(of.price_total, currency),
        unit=case((is_same, held.c.unit)),
        unit_cost=case((is_same, held.c.cost)),
        cost=of.cost_total,
        is_usage=func.coalesce(func.lower(of.term) == word("arrears"), false()),
        is_draft=bills.c.is_draft,
    )
    return (
        select(*row)
        .select_from(
            pax8_charges.join(bills, bills.c.source_id == of.bill_id)
            .outerjoin(client_links, is_linked())
            .outerjoin(held, is_held)
        )
        .where(
            own(pax8_charges),
            unrecorded(bills, links).is_(None),
            *only(client, of_one=of_one),
        )
    )


def charged_units(bills: CTE, *, of_one: bool) -> CTE:
    """Subscriptions that are charged in the month, for whom, and how many units of each."""
    of, client = pax8_charges.c, client_links.c.client_id
    return (
        select(of.subscription_id, client, func.sum(of.quantity).label("quantity"))
        .select_from(
            pax8_charges.join(bills, bills.c.source_id == of.bill_id).join(
                client_links, is_linked()
            )
        )
        .where(
            own(pax8_charges),
            of.subscription_id.is_not(None),
            _kind().in_(_BY_UNITS),
            *only(client, of_one=of_one),
        )
        .group_by(of.subscription_id, client)
        .cte("charged_units")
    )


def unrecorded(bills: Any, links: Any) -> ColumnElement[Any]:
    """Why a charge is in no record; NULL where it is in one."""
    of = pax8_charges.c
    return case(
        (_kind() == word(_PAYMENT), word(Unrecorded.PAYMENT_ON_A_BILL)),
        (and_(links.source_id.is_not(None), links.client_id.is_(None)),
         word(Unrecorded.CHARGE_OF_NOBODYS_COMPANY)),
        (func.coalesce(of.currency, bills.c.currency).is_(None),
         word(Unrecorded.CHARGE_WITHOUT_CURRENCY)),
    )  # fmt: skip


def is_linked() -> ColumnElement[bool]:
    """A charge, with the link of its company."""
    links = client_links.c
    return and_(
        own(client_links),
        links.source == word(PAX8),
        links.source_id == pax8_charges.c.company_id,
    )


def _kind() -> ColumnElement[Any]:
    kind = func.coalesce(pax8_charges.c.kind, word("subscription"))
    return func.replace(func.lower(kind), word("-"), word("_"))
