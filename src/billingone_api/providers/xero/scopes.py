"""What a consent has to cover, and under which names Xero grants it."""

from collections.abc import Collection, Mapping
from typing import Final

OFFLINE: Final = "offline_access"

GRANULAR: Final = (
    OFFLINE,
    "accounting.invoices.read",
    "accounting.payments.read",
    "accounting.contacts.read",
    "accounting.settings.read",
)
"""For apps created since 2 March 2026, which get no broad scope: one would fail the consent."""

BROAD: Final = (
    OFFLINE,
    "accounting.transactions.read",
    "accounting.contacts.read",
    "accounting.settings.read",
)
"""For older apps, until September 2027 (contract page, 2.7)."""

_COVERED_BY: Final[Mapping[str, frozenset[str]]] = {
    "invoices": frozenset({"accounting.invoices", "accounting.transactions"}),
    "payments": frozenset({"accounting.payments", "accounting.transactions"}),
    "contacts": frozenset({"accounting.contacts"}),
    "settings": frozenset({"accounting.settings"}),
    "refreshing": frozenset({OFFLINE}),
}


def lacking(granted: Collection[str]) -> tuple[str, ...]:
    """What a consent leaves out of `invoices`, `payments`, `contacts`, `settings`, `refreshing`.

    A scope to write covers reading as well.
    """
    held = {scope.removesuffix(".read") for scope in granted}
    return tuple(need for need, names in _COVERED_BY.items() if held.isdisjoint(names))
