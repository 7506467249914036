"""Apps registered with Xero: their secrets, where they may redirect to, what they may ask for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

_BROAD: Final = frozenset(
    {"accounting.transactions", "accounting.transactions.read", "accounting.reports.read"}
)
_READ_OR_WRITE: Final = (
    "accounting.invoices", "accounting.payments", "accounting.banktransactions",
    "accounting.manualjournals", "accounting.contacts", "accounting.settings",
    "accounting.attachments", "accounting.budgets",
)  # fmt: skip
_REPORTS: Final = (
    "aged", "balancesheet", "profitandloss", "trialbalance", "banksummary", "budgetsummary",
    "executivesummary", "taxreports", "tenninetynine",
)  # fmt: skip
_GRANULAR: Final = frozenset(
    {"offline_access", "openid", "profile", "email", "accounting.journals.read"}
    | {scope for name in _READ_OR_WRITE for scope in (name, f"{name}.read")}
    | {f"accounting.reports.{name}.read" for name in _REPORTS}
)

REDIRECT_URIS: Final = (
    "https://app.billingone.dev/integrations/xero/callback",
    "http://localhost:5173/integrations/xero/callback",
    "http://127.0.0.1:8000/integrations/xero/callback",
)


@dataclass(slots=True)
class XeroApp:
    """A confidential web app.

    A `broad` one is older than March 2026 and may ask for `accounting.transactions` and its like;
    a newer one is refused as a whole for a single one of them (contract, trap 7).
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: list[str] = field(default_factory=lambda: list(REDIRECT_URIS))
    broad: bool = False

    def proves_itself(self, secret: str) -> bool:
        return compare_digest(secret.encode(), self.client_secret.encode())

    def refused(self, scopes: Collection[str]) -> list[str]:
        """Scopes that this app may not ask for; one of them fails the whole consent."""
        allowed = _GRANULAR | _BROAD if self.broad else _GRANULAR
        return [scope for scope in scopes if scope not in allowed]


PLATFORM: Final = ("billingone-xero", "billingone-xero-secret")
OWN: Final = ("bluegum-own-xero", "bluegum-own-xero-secret")


def default_apps() -> tuple[XeroApp, ...]:
    """BillingOne's own app, and one that the MSP registered for itself."""
    return (XeroApp(*PLATFORM), XeroApp(*OWN))
