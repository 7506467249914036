"""Says what Pax8 charges in the words of subscriptions."""

import re
from collections.abc import Awaitable
from datetime import date
from typing import Final, TypeVar

from billingone_api.billing.subscriptions.adapters.pax8 import listing_of
from billingone_api.billing.subscriptions.charges import Bill, BillGone, Charge, ChargesDenied
from billingone_api.billing.subscriptions.models import Listing
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.providers.errors import (
    MalformedAnswer,
    PermissionDenied,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.pax8 import charges as wire

# PostgreSQL has no other words for the first and the last day of the calendar than "for ever".
_FOR_EVER: Final = frozenset({date.min, date.max})
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_DENIED: Final = (
    "Pax8 does not let us read its invoices, so that what it charges is not known; everything else "
    "was copied. Give the API credentials access to invoices in Pax8, then sync again."
)
_LATER: Final = "What was known of its charges stays; the next sync reads them again."

P = TypeVar("P")
R = TypeVar("R")


class Pax8ChargesSource:
    """The invoices of one connection."""

    def __init__(self, charges: wire.Pax8Charges) -> None:
        self._wire = charges

    async def bills(self, page: int, *, since: date) -> Listing[Bill]:
        return listing_of(await _given(self._wire.invoices(page, since=since)), _bill)

    async def bill(self, source_id: str) -> Bill | Unreadable | None:
        try:
            return _bill(await _allowed(self._wire.invoice(source_id)))
        except RecordNotFound:
            return None
        except MalformedAnswer as error:
            return Unreadable(source_id, reason=error.sentence, excerpt="")

    async def charges(self, bill_id: str, page: int) -> Listing[Charge]:
        try:
            return listing_of(await _given(self._wire.items(bill_id, page)), _charge)
        except RecordNotFound as error:
            raise BillGone(bill_id) from error

    async def drafts(self, page: int, *, months_ahead: int) -> Listing[Charge]:
        try:
            found = await _given(self._wire.drafts(page, months_ahead=months_ahead))
        except ProviderUnavailable as error:
            # Pax8 documents that this list takes too long for it where it is long.
            raise ChargesDenied(f"{error.sentence} {_LATER}") from error
        return listing_of(found, _charge)


async def _allowed(asking: Awaitable[P]) -> P:
    try:
        return await asking
    except PermissionDenied as error:
        raise ChargesDenied(_DENIED) from error


async def _given(asking: Awaitable[P]) -> P:
    """A list that cannot be used costs no more than itself: the portfolio is as good without."""
    try:
        return await _allowed(asking)
    except MalformedAnswer as error:
        raise ChargesDenied(f"{error.sentence} {_LATER}") from error


def _bill(found: wire.Invoice) -> Bill:
    return Bill(
        source_id=found.id,
        source_status=found.status,
        invoiced_on=_day(found.invoice_date),
        due_on=_day(found.due_date),
        currency=_currency(found.currency_code),
        total=found.total,
        balance=found.balance,
        carried_balance=found.carried_balance,
    )


def _charge(found: wire.InvoiceItem) -> Charge:
    return Charge(
        source_id=found.id,
        kind=found.kind,
        company_id=found.company_id,
        subscription_id=found.subscription_id,
        product_id=found.product_id,
        product_name=found.product_name,
        vendor_name=found.vendor_name,
        sku=found.sku,
        description=found.description,
        details=found.details,
        period_from=_day(found.start_period),
        period_to=_day(found.end_period),
        term=found.term,
        rate_type=found.rate_type,
        unit_of_measure=found.unit_of_measure,
        quantity=found.quantity,
        unit_price=found.price,
        price_total=found.total,
        unit_cost=found.cost,
        cost_total=found.cost_total,
        amount_due=found.amount_due,
        tax=found.sales_tax,
        currency=_currency(found.currency_code),
    )


def _day(day: date | None) -> date | None:
    return None if day in _FOR_EVER else day


def _currency(code: str | None) -> str | None:
    """The code in capitals; what is no code at all is as good as missing."""
    return code.upper() if code is not None and _CURRENCY.fullmatch(code) else None
