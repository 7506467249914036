"""The collections of the accounting API: their ids, what they may be asked by, their scopes."""

from typing import Final

from billingone_api.sandbox.xero.book import Kind


def _scopes(name: str, *broad: str) -> frozenset[str]:
    return frozenset({f"accounting.{one}{end}" for one in (name, *broad) for end in ("", ".read")})


_MONEY: Final = frozenset({"Total", "SubTotal", "TotalTax", "CurrencyCode", "Contact.Name"})
_DOCUMENT: Final = ("Type", "Status", "Date", "Contact.ContactID")
_PAYING: Final = _scopes("payments", "transactions")

INVOICES: Final = Kind(
    "Invoices",
    "Invoice",
    "InvoiceID",
    indexed=(*_DOCUMENT, "DueDate", "InvoiceNumber"),
    others=_MONEY | {"Reference", "AmountDue", "AmountPaid", "AmountCredited", "FullyPaidOnDate"},
    scopes=_scopes("invoices", "transactions"),
    lines=True,
    number="InvoiceNumber",
    searched=("InvoiceNumber", "Reference"),
    summary_leaves_out=frozenset(
        {"LineItems", "Payments", "CreditNotes", "Prepayments", "Overpayments", "Attachments"}
    ),
)
CREDIT_NOTES: Final = Kind(
    "CreditNotes",
    "CreditNote",
    "CreditNoteID",
    indexed=(*_DOCUMENT, "CreditNoteNumber"),
    others=_MONEY | {"RemainingCredit", "Reference"},
    scopes=_scopes("invoices", "transactions"),
    lines=True,
    number="CreditNoteNumber",
)
OVERPAYMENTS: Final = Kind(
    "Overpayments",
    "Overpayment",
    "OverpaymentID",
    indexed=_DOCUMENT,
    others=_MONEY | {"RemainingCredit", "Reference"},
    scopes=_PAYING,
    lines=True,
)
PREPAYMENTS: Final = Kind(
    "Prepayments",
    "Prepayment",
    "PrepaymentID",
    indexed=_DOCUMENT,
    others=_MONEY | {"RemainingCredit", "Reference", "InvoiceNumber"},
    scopes=_PAYING,
    lines=True,
)
PAYMENTS: Final = Kind(
    "Payments",
    "Payment",
    "PaymentID",
    indexed=("PaymentType", "Status", "Date"),
    others=frozenset({"Amount", "Reference", "Invoice.InvoiceID", "IsReconciled"}),
    scopes=_PAYING,
)
CONTACTS: Final = Kind(
    "Contacts",
    "Contact",
    "ContactID",
    indexed=("ContactStatus", "Name", "ContactNumber", "AccountNumber"),
    others=frozenset({"EmailAddress", "FirstName", "LastName", "IsCustomer", "IsSupplier"}),
    scopes=_scopes("contacts"),
    searched=("Name", "FirstName", "LastName", "ContactNumber", "EmailAddress"),
    summary_leaves_out=frozenset(
        {"ContactPersons", "ContactGroups", "Addresses", "Phones", "PaymentTerms"}
    ),
)
ACCOUNTS: Final = Kind(
    "Accounts",
    "Account",
    "AccountID",
    indexed=("Code", "Type", "Class", "Status", "Name"),
    others=frozenset({"TaxType", "SystemAccount"}),
    scopes=_scopes("settings"),
    paged=False,
)
SETTINGS_SCOPES: Final = ACCOUNTS.scopes
