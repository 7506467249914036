"""The month's end: what clients hold is invoiced, where Pax8 makes its mistakes."""

from collections import Counter

from httpx import AsyncClient

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.charges import Charges, month_of
from billingone_api.sandbox.month_end import BILLED
from billingone_api.sandbox.xero.book import value_at
from billingone_api.sandbox.xero.wire import day_in_ms


async def test_the_clients_of_pax8s_mistakes_are_invoiced_for_what_they_hold(
    http: AsyncClient, sandbox: Sandbox
) -> None:
    answer = await http.post("/_sandbox/month-end")
    assert answer.status_code == 201
    tenant, month = sandbox.xero.organisation, month_of(sandbox.portfolio.now.date())
    book, charges = tenant.ledger.invoices, Charges(sandbox.portfolio)
    contacts = {tenant.clerk.sales.clients[number].key: number for number in BILLED}
    standing: Counter[int] = Counter()
    for key in book.keys():  # noqa: SIM118 - a book is no dict
        record = book.record(key)
        number, day = contacts.get(record["Contact"]["ContactID"]), value_at(record, "Date")
        if (
            number is None
            or day is None
            or not day_in_ms(month) <= day <= day_in_ms(sandbox.portfolio.now.date())
        ):
            continue
        if record["Status"] not in {"VOIDED", "DELETED"}:
            standing[number] += 1
            company = sandbox.portfolio.ids("company", number)
            held = [(one["sku"], one["quantity"]) for one in charges.due(month, company)]
            assert [(one["ItemCode"], one["Quantity"]) for one in record["LineItems"]] == held
            assert record["Total"] == record["AmountDue"] > 0
    assert standing == dict.fromkeys(BILLED, 1)
