"""What a client was invoiced and owes, uses and holds, or why that is not known."""

from collections.abc import Collection
from typing import TypedDict

from billingone_api.billing.clients.adapters.postgres.billed import billed_sums
from billingone_api.billing.clients.models import SUPEROPS, XERO
from billingone_api.billing.definitions.figures import Count, Reckoning, Total, Unknown
from billingone_api.database.fast import Row


class Totals(TypedDict):
    """What it was invoiced and owes."""

    total_spend: Total
    outstanding: Total


class Uses(TypedDict):
    """What it uses and holds."""

    devices: Count
    licences: Count


def totals(by: Reckoning, row: Row, linked_sources: Collection[str]) -> Totals:
    money, linked = billed_sums(row), is_billed(row, linked_sources)
    return {
        "total_spend": by.billed(money.revenue, linked=linked),
        "outstanding": by.billed(money.owed, linked=linked),
    }


def is_billed(row: Row, linked_sources: Collection[str]) -> bool:
    """A client with invoices of its own needs no link: a person may have said whose they are."""
    return billed_sums(row).has_any or not {XERO, SUPEROPS}.isdisjoint(linked_sources)


def uses(by: Reckoning, row: Row, *, linked: bool) -> Uses:
    """`linked` says whether a company of Pax8 is the client's: its seats are nobody's else."""
    return {
        "devices": by.devices(row["devices"], _unknown(row["devices_unknown"])),
        "licences": by.licences(row["licences"], _unknown(row["licences_unknown"]), linked=linked),
    }


def _unknown(reason: str | None) -> Unknown | None:
    return None if reason is None else Unknown(reason)
