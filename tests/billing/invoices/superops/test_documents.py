"""Invoices of SuperOps in our words."""

from decimal import Decimal

import pytest

from billingone_api.billing.invoices.adapters.superops.documents import Terms, invoice
from billingone_api.providers.superops import payloads as wire


@pytest.mark.parametrize(("given", "lines"), [("10.50", ["100", "-10.50"]), ("0", ["100"])])
def test_a_discount_on_the_whole_invoice_is_a_line_of_its_own(given: str, lines: list[str]) -> None:
    told = {
        "invoiceId": "1", "additionalDiscount": given, "additionalDiscountRate": "10",
        "items": [{"itemId": "1", "details": "Licences", "quantity": "10", "amount": "100"}],
    }  # fmt: skip
    found = invoice(wire.Invoice.model_validate(told), Terms("AUD", "Australia/Sydney"), digest=b"")
    assert found.lines is not None
    assert [one.line_amount for one in found.lines] == [Decimal(amount) for amount in lines]
