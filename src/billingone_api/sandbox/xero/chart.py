"""The chart of accounts of an MSP, an archived revenue account and a bank without a code in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.wire import written


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `code` is None where Xero has none."""

    code: str | None
    name: str
    type: str
    account_class: str
    tax: str = "BASEXCLUDED"
    status: str = "ACTIVE"
    system: str | None = None


MANAGED: Final = Account("200", "Sales - Managed Services", "REVENUE", "REVENUE", "OUTPUT")
CLOUD: Final = Account("205", "Sales - Cloud Subscriptions", "SALES", "REVENUE", "OUTPUT")
PROJECTS: Final = Account("210", "Sales - Projects", "REVENUE", "REVENUE", "OUTPUT")
HARDWARE: Final = Account("215", "Sales - Hardware", "SALES", "REVENUE", "OUTPUT")
ON_PREMISES: Final = Account(
    "220", "Sales - On-premises Support", "REVENUE", "REVENUE", "OUTPUT", status="ARCHIVED"
)
INTEREST: Final = Account("270", "Interest Income", "OTHERINCOME", "REVENUE", "EXEMPTOUTPUT")
LICENCES: Final = Account("310", "Cost of Licences", "DIRECTCOSTS", "EXPENSE", "INPUT")
CHEQUE: Final = Account("091", "Business Cheque", "BANK", "ASSET")
SAVINGS: Final = Account(None, "Business Savings", "BANK", "ASSET")
RECEIVABLE: Final = Account("610", "Accounts Receivable", "CURRENT", "ASSET", system="DEBTORS")
PAYABLE: Final = Account("800", "Accounts Payable", "CURRLIAB", "LIABILITY", system="CREDITORS")

CHART: Final = (
    MANAGED, CLOUD, PROJECTS, HARDWARE, ON_PREMISES, INTEREST, LICENCES, CHEQUE, SAVINGS,
    RECEIVABLE, PAYABLE,
)  # fmt: skip


def account_record(
    account: Account, *, named: Callable[..., str], currency: str, updated: int
) -> Record:
    row: Record = {
        "AccountID": named("account", account.name),
        **({"Code": account.code} if account.code else {}),
        "Name": account.name,
        "Status": account.status,
        "Type": account.type,
        "TaxType": account.tax,
        "Class": account.account_class,
        "EnablePaymentsToAccount": False,
        "ShowInExpenseClaims": False,
        "HasAttachments": False,
        "UpdatedDateUTC": written(updated),
        "AddToWatchlist": account.type == "BANK",
    }
    if account.system:
        row["SystemAccount"] = account.system
    if account.type == "BANK":
        row |= {
            "BankAccountNumber": "0620001234567890",
            "BankAccountType": "BANK",
            "CurrencyCode": currency,
        }
    return row
