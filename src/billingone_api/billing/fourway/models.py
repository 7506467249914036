"""The words of the four-way line: a month, what is known of it, and why a leak may not be."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from billingone_api.billing.definitions.figures import Source, Unknown
from billingone_api.billing.definitions.models import PriceBasis

PAX8: Final = "pax8"
NO_PRODUCT: Final = ""
"""What a description bills that bills none of Pax8's products."""
LIKE_ENOUGH: Final = 65
"""A description and a product's name that are less alike, 0 to 100, are not proposed."""
MOST_PROPOSALS: Final = 3
DAYS_OF_LINES: Final = 366
"""Descriptions of lines that are older are not asked about any more."""


class NoLeak(StrEnum):
    """Why it is not known what leaks; where several hold, the first in this order."""

    CHARGES_UNKNOWN = "charges_unknown"
    BOOKS_UNKNOWN = "books_unknown"
    CLIENT_NOT_LINKED = "client_not_linked"
    SELL_PRICE_UNKNOWN = "sell_price_unknown"
    USAGE_BILLED = "usage_billed"
    QUANTITY_UNKNOWN = "quantity_unknown"
    PRICE_UNKNOWN = "price_unknown"


class FourWayStatus(StrEnum):
    """What a record comes to; the first that holds."""

    NOT_KNOWN = "not_known"
    LEAKING = "leaking"
    OVERBILLED = "overbilled"
    OVERCHARGED = "overcharged"
    MATCHED = "matched"


class ChargesUnknown(StrEnum):
    """Why nothing is known of what Pax8 charges for a month."""

    SOURCE_NOT_CONNECTED = "source_not_connected"
    NEVER_SYNCED = "never_synced"
    DENIED = "denied"
    NOT_READ = "not_read"


class LicencesUnknown(StrEnum):
    """Why nothing is known of what was licensed in a month."""

    SOURCE_NOT_CONNECTED = "source_not_connected"
    NEVER_SYNCED = "never_synced"
    NOT_YET_KNOWN = "not_yet_known"


class Unrecorded(StrEnum):
    """Why something of the month is in no record."""

    CHARGE_WITHOUT_CURRENCY = "charge_without_currency"
    CHARGE_OF_NOBODYS_COMPANY = "charge_of_nobodys_company"
    PAYMENT_ON_A_BILL = "payment_on_a_bill"
    BILL_WITHOUT_MONTH = "bill_without_month"
    INVOICE_WITHOUT_DATE = "invoice_without_date"
    INVOICE_WITHOUT_CLIENT = "invoice_without_client"
    INVOICE_WITHOUT_CURRENCY = "invoice_without_currency"
    INVOICE_WITHOUT_LINES = "invoice_without_lines"
    LICENCE_WITHOUT_CURRENCY = "licence_without_currency"
    LICENCE_WITHOUT_PRODUCT = "licence_without_product"


class ChargedBy(StrEnum):
    """What says what Pax8 charges for a month."""

    INVOICES = "invoices"
    DRAFTS = "drafts"


class Verdict(StrEnum):
    """What a person said of a description and a product: a column of the table."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, and the day and instant at which subscriptions are looked at for it.

    That is its end, or today while it is not over. `begins_at` is its first instant, and
    `used_since` bounds whose counts are shown.
    """

    first: date
    begins_at: datetime
    after: date
    day: date
    as_of: datetime
    used_since: date
    is_past: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures of a month rest on, as the organisation chose and as far as it has come."""

    month: Month
    prices: PriceBasis
    reporting_currency: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the sides of a month are known.

    `charged_by` is None where nothing is known of the charges, for the reason in `charges`.
    `unread` invoices of Pax8 are listed and their charges not read yet, `changed` ones have been
    and are going to be read again; `unreadable` charges could not be. `used_on` is the day of the
    snapshot whose counts are shown.
    """

    licences: LicencesUnknown | None
    charges: ChargesUnknown | None
    charged_by: ChargedBy | None
    unread: int
    changed: int
    unreadable: int
    books: Unknown | None
    used_on: date | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """One that Pax8 sells, with its name as descriptions are compared."""

    product_id: str
    name: str
    name_key: str
    sku: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A product that a description may bill, with how likely, 0 to 100, and by what."""

    product: Product
    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """A description with a product, and what was said of the two before.

    `key` is what is kept of the description; `confirmed` is the product it is known to
    bill, `verdict` what was said of this very one.
    """

    key: str
    is_product: bool
    confirmed: str | None
    verdict: Verdict | None
