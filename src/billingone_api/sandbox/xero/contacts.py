"""The contacts of a tenant: its clients under the names Pax8 knows, a supplier, and leftovers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.sandbox.names import (
    FAMILY_NAMES,
    GIVEN_NAMES,
    STREETS,
    TOWNS,
    ClientName,
    Town,
)
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.wire import written

SUPPLIER: Final = "Pax8 Australia Pty Ltd"

_COUNTRIES: Final = {"AU": "Australia", "NZ": "New Zealand"}
_TERMS: Final = (14, 30, 7, 0)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who is invoiced, or who invoices: `number` is the client's place in the portfolio.

    `status` is Xero's word; `merged_into` the key of the contact that took over.
    """

    key: str
    number: int
    name: str
    currency: str
    seats: int
    domain: str
    customer: bool = True
    status: str = "ACTIVE"
    merged_into: str | None = None

    @property
    def terms(self) -> int:
        """Days after the invoice's date; 0 is due on the day."""
        return _TERMS[self.number % len(_TERMS)]

    def summary(self) -> Record:
        """As it stands in documents of a list."""
        return {
            "ContactID": self.key,
            "Name": self.name,
            "Addresses": [],
            "Phones": [],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasValidationErrors": False,
        }


def client_contact(
    number: int, name: ClientName, currency: str, named: Callable[..., str]
) -> Contact:
    """One client in eleven is archived, with its invoices as they were."""
    return Contact(
        named("contact", number),
        number,
        name.registered,
        currency,
        (4, 8, 15, 25, 42, 120)[number * 7 % 6],
        name.domain,
        status="ARCHIVED" if number % 11 == 8 else "ACTIVE",  # noqa: PLR2004 - any eleventh
    )


def supplier(number: int, currency: str, named: Callable[..., str]) -> Contact:
    """Who bills the MSP: its documents are bills, which are no sales."""
    key = named("contact", "supplier")
    return Contact(key, number, SUPPLIER, currency, 90, "pax8.example", customer=False)


def merged(number: int, into: Contact, named: Callable[..., str]) -> Contact:
    """The same client entered twice, merged since: archived, and pointing at the other."""
    return Contact(
        named("contact", "merged"),
        number,
        f"{into.name} (old)",
        into.currency,
        1,
        into.domain,
        status="ARCHIVED",
        merged_into=into.key,
    )


def contact_record(contact: Contact, *, updated: int) -> Record:
    """A contact in full; which fields are there differs, as it does in Xero."""
    n = contact.number
    given, family = GIVEN_NAMES[n % len(GIVEN_NAMES)], FAMILY_NAMES[n % len(FAMILY_NAMES)]
    row: Record = {
        "ContactID": contact.key,
        "ContactNumber": "",
        **({"AccountNumber": f"CW-{10_000 + n}"} if n % 2 else {}),
        "ContactStatus": contact.status,
        "Name": contact.name,
        "FirstName": given,
        "LastName": family,
        "CompanyNumber": "",
        "EmailAddress": f"accounts@{contact.domain}" if n % 7 else "",
        "BankAccountDetails": "",
        "TaxNumber": f"{51_000_000_000 + n * 7919}" if n % 4 == 0 else "",
        "TaxNumbeType": "",
        "Addresses": _addresses(n),
        "Phones": _phones(n),
        "UpdatedDateUTC": written(updated),
        "ContactGroups": [],
        "IsSupplier": not contact.customer,
        "IsCustomer": contact.customer,
        "SalesTrackingCategories": [],
        "PurchasesTrackingCategories": [],
        "PaymentTerms": {"Sales": {"Day": contact.terms, "Type": "DAYSAFTERBILLDATE"}},
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }
    if contact.customer:
        row["DefaultCurrency"] = contact.currency
    if contact.merged_into:
        row["MergedToContactID"] = contact.merged_into
    return row


def _addresses(n: int) -> list[Record]:
    town: Town = TOWNS[n % len(TOWNS)]
    empty = {"City": "", "Region": "", "PostalCode": "", "Country": ""}
    postal = {
        "AddressType": "POBOX",
        "AddressLine1": f"{n + 1} {STREETS[n % len(STREETS)]}",
        "City": town.name,
        "Region": town.state,
        "PostalCode": town.postcode,
        "Country": _COUNTRIES[town.country],
        "AttentionTo": "",
    }
    return [{"AddressType": "STREET"} | empty, postal]


def _phones(n: int) -> list[Record]:
    numbers = {"DDI": "", "DEFAULT": f"5550 {1000 + n % 9000}", "FAX": "", "MOBILE": ""}
    return [
        {
            "PhoneType": kind,
            "PhoneNumber": number,
            "PhoneAreaCode": "02" if number else "",
            "PhoneCountryCode": "61" if number else "",
        }
        for kind, number in numbers.items()
    ]
