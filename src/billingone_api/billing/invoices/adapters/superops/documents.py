"""Invoices of SuperOps in our words, in the currency and the days of whoever connected it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from billingone_api.billing.definitions.models import INVOICE_STATES, SUPEROPS, InvoiceState
from billingone_api.billing.invoices.books import Invoice, Line
from billingone_api.kit.clock import day_of
from billingone_api.providers.superops import payloads as wire

_STATES: Final = INVOICE_STATES[SUPEROPS]
_NOTHING_DUE: Final = frozenset({InvoiceState.PAID, InvoiceState.VOID})
_NOTHING: Final = Decimal(0)
_BLANK: Final = Line(**dict.fromkeys(item.name for item in fields(Line)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What SuperOps leaves unsaid: what it invoices in, and where a day begins."""

    currency: str
    time_zone: str

    def day(self, told: datetime | date | None) -> date | None:
        return day_of(told, self.time_zone) if isinstance(told, datetime) else told


def invoice(found: wire.Invoice, terms: Terms, *, digest: bytes) -> Invoice:
    """It tells neither what is due, paid or credited, nor when it changed (contract page, 5)."""
    state = _STATES.get(found.status or "", InvoiceState.UNKNOWN)
    client, total, tax = found.client or wire.ClientName(), found.total_amount, _tax(found)
    return Invoice(
        source_id=found.invoice_id,
        number=found.display_id,
        reference=None,
        contact_id=client.account_id,
        contact_name=client.name,
        source_status=found.status,
        state=state,
        issued_on=found.invoice_date,
        due_on=found.due_date,
        fully_paid_on=terms.day(found.payment_date) if state is InvoiceState.PAID else None,
        currency=terms.currency,
        currency_rate=None,
        # After every discount, so that it is what was earned without tax.
        subtotal=None if total is None or tax is None else total - tax,
        tax=tax,
        total=total,
        amount_due=_NOTHING if state in _NOTHING_DUE else total,
        amount_paid=None,
        amount_credited=None,
        line_amounts_are="Exclusive",
        sent_to_contact=found.sent_to_client,
        source_updated_at=None,
        lines=None if found.items is None else (*map(_line, found.items), *_discount(found)),
        seen_digest=digest,
    )


def _tax(found: wire.Invoice) -> Decimal | None:
    """By the invoice's taxes, or else by its lines'; None where either leaves one unsaid."""
    if found.taxes is not None:
        return _sum(one.tax_amount for one in found.taxes)
    if found.items is not None:
        return _sum(one.tax_amount for one in found.items)
    return None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = list(amounts)
    return None if None in known else sum((one for one in known if one is not None), _NOTHING)


def _line(found: wire.Line) -> Line:
    item = found.service_item or wire.Named()
    return replace(
        _BLANK,
        source_id=found.item_id,
        description=found.details,
        quantity=found.quantity,
        unit_amount=found.unit_price,
        discount_rate=found.discount_rate,
        line_amount=found.amount,
        tax_amount=found.tax_amount,
        item_name=item.name,
    )


def _discount(found: wire.Invoice) -> tuple[Line, ...]:
    """What comes on top of the lines' own discounts stands on no line of theirs."""
    given = found.additional_discount
    if not given:
        return ()
    rate = found.additional_discount_rate
    return (
        replace(
            _BLANK,
            description="Discount on the whole invoice",
            discount_rate=rate,
            line_amount=-given,
        ),
    )
