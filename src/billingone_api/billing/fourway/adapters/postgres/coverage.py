"""What is known of a month and in no record of its four-way line, counted by why."""

from typing import Any, Final

from sqlalchemy import Date, Numeric, and_, exists, func, literal_column, select, union_all

from billingone_api.billing.definitions.adapters.charges import is_counted as stands
from billingone_api.billing.definitions.adapters.invoices import issued_key
from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.billing.definitions.models import Badge
from billingone_api.billing.fourway.adapters.postgres import billed, charged
from billingone_api.billing.fourway.models import PAX8, Unrecorded
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.charges import pax8_bills, pax8_charges
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.invoices import client_credits, invoice_lines, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NO_DATE: Final = literal_column("'-infinity'::date", Date)
_ZERO: Final = literal_column("0", Numeric)


def _charges() -> Any:
    bills = charged.bills_of_month()
    reason = charged.unrecorded(bills, client_links.c)
    return (
        select(reason.label("reason"), func.count().label("number"))
        .select_from(
            pax8_charges.join(bills, bills.c.source_id == pax8_charges.c.bill_id).outerjoin(
                client_links, charged.is_linked()
            )
        )
        .where(own(pax8_charges))
        .group_by(reason)
    )


def _bills() -> Any:
    """Of any month, for they say of none."""
    return select(word(Unrecorded.BILL_WITHOUT_MONTH), func.count()).where(
        own(pax8_bills), stands(pax8_bills), pax8_bills.c.month.is_(None)
    )


def _documents(owner: Any) -> Any:
    reason = billed.unrecorded(owner)
    conditions = [own(owner), billed.is_counted(owner), billed.of_month(owner)]
    if owner is client_credits:
        conditions.append(owner.c.kind == word("credit_note"))
    return select(reason, func.count()).where(*conditions).group_by(reason)


def _undated() -> Any:
    return select(word(Unrecorded.INVOICE_WITHOUT_DATE), func.count()).where(
        own(invoices), billed.is_counted(invoices), issued_key(invoices) == _NO_DATE
    )


def _without_lines() -> Any:
    """They bill something, and nothing says what."""
    has_lines = exists().where(own(invoice_lines), invoice_lines.c.invoice_id == invoices.c.id)
    return select(word(Unrecorded.INVOICE_WITHOUT_LINES), func.count()).where(
        own(invoices), billed.is_counted(invoices), billed.of_month(invoices),
        billed.unrecorded(invoices).is_(None), invoices.c.total != _ZERO, ~has_lines,
    )  # fmt: skip


def _licences(reason: Unrecorded, column: str) -> Any:
    """As they are now; what a month that is over held besides is not gone into."""
    of = subscriptions.c
    is_live = badge(subscriptions).in_([word(Badge.ACTIVE), word(Badge.TRIAL)])
    first = [of.product_id.is_not(None)] if column == "currency" else []
    return select(word(reason), func.count()).where(
        own(subscriptions), of.source == word(PAX8), of.client_id.is_not(None),
        and_(is_live, of[column].is_(None), *first),
    )  # fmt: skip


def _unrecorded() -> Prepared:
    each = union_all(
        _charges(), _bills(), _documents(invoices), _documents(client_credits), _undated(),
        _without_lines(), _licences(Unrecorded.LICENCE_WITHOUT_PRODUCT, "product_id"),
        _licences(Unrecorded.LICENCE_WITHOUT_CURRENCY, "currency"),
    ).subquery("each")  # fmt: skip
    of = each.c
    number = func.sum(of.number)
    return prepare(
        select(of.reason, number.label("count"))
        .where(of.reason.is_not(None), of.number > _ZERO)
        .group_by(of.reason)
        .order_by(of.reason)
    )


UNRECORDED: Final = _unrecorded()
"""Binds month, after and today."""
