"""What a client was invoiced and owes, or why that is not known."""

from collections.abc import Collection

from billingone_api.billing.clients.adapters.postgres.billed import billed_sums
from billingone_api.billing.clients.models import SUPEROPS, XERO
from billingone_api.billing.definitions.figures import Reckoning, Total
from billingone_api.database.fast import Row


def totals(by: Reckoning, row: Row, linked_sources: Collection[str]) -> dict[str, Total]:
    """A client with invoices of its own needs no link: a person may have said whose they are."""
    money = billed_sums(row)
    linked = money.has_any or not {XERO, SUPEROPS}.isdisjoint(linked_sources)
    return {
        "total_spend": by.billed(money.revenue, linked=linked),
        "outstanding": by.billed(money.owed, linked=linked),
    }
