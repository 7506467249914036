"""What SuperOps sends, read leniently: its own field names in snake case, its numbers exact.

Each field but a record's own id may be missing or null, enums are plain text, and money, rates
and quantities come as text. Nothing names a currency: it is the account's.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AliasGenerator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from billingone_api.providers.dates import Day, Moment, parse_moment
from billingone_api.providers.records import Identifier, LongText, Number, Payload, Text

T = TypeVar("T")


def _never_rounded(value: Any) -> Any:
    # An id written with a fraction or an exponent has been a float somewhere: it is another's.
    if isinstance(value, Decimal):
        raise PydanticCustomError("id", "It is not a whole number, as the ids of SuperOps are.")
    return value


def _without_gaps(value: Any) -> Any:
    return [one for one in value if one is not None] if isinstance(value, list) else value


SuperOpsId = Annotated[Identifier, BeforeValidator(_never_rounded)]
"""Text, whether it came as text or as a number of 20 digits."""
Listed = Annotated[tuple[T, ...] | None, BeforeValidator(_without_gaps)]


class SuperOpsPayload(Payload):
    """A record of SuperOps's, in camel case on the wire."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))


class ClientName(SuperOpsPayload):
    """Which client something belongs to, as JSON of no promised shape."""

    account_id: SuperOpsId | None = None
    name: Text | None = None


class Client(SuperOpsPayload):
    """A client; `stage` and `status` are words that an MSP may choose, names may repeat."""

    account_id: SuperOpsId
    name: Text | None = None
    stage: Text | None = None
    status: Text | None = None
    email_domains: Listed[Text] = None


class Named(SuperOpsPayload):
    """What something is called: a class or category of devices, an item that is sold."""

    name: Text | None = None


class Asset(SuperOpsPayload):
    """A device; OFFLINE ones stay in the list.

    `asset_class` and `device_category` are words of each MSP's own.
    """

    asset_id: SuperOpsId
    name: Text | None = None
    asset_class: Named | None = None
    device_category: Named | None = None
    client: ClientName | None = None
    host_name: Text | None = None
    serial_number: Text | None = None
    status: Text | None = None
    platform: Text | None = None
    last_communicated_time: Moment = None


class ClientOfUser(SuperOpsPayload):
    """The client's end of an association."""

    account_id: SuperOpsId
    name: Text | None = None


class User(SuperOpsPayload):
    """The person's end of an association."""

    user_id: SuperOpsId
    name: Text | None = None


class Association(SuperOpsPayload):
    """That a person belongs to a client; one may to several, and to one client at several sites.

    These are people who may ask for help, not people who hold licences.
    """

    id: SuperOpsId
    client: ClientOfUser
    user: User


class InvoiceSummary(SuperOpsPayload):
    """An invoice as its list has it.

    Its statuses are DRAFT, APPROVED, PAID, OVERDUE and VOID. What is due, paid or credited, and
    when it changed, SuperOps does not say. `total_amount` is after discounts and taxes.
    """

    invoice_id: SuperOpsId
    display_id: Text | None = None
    client: ClientName | None = None
    invoice_date: Day = None
    due_date: Day = None
    status: Text | None = Field(default=None, validation_alias="statusEnum")
    sent_to_client: bool | None = None
    total_amount: Number = None
    payment_date_as_sent: Text | None = Field(default=None, validation_alias="paymentDate")

    @property
    def payment_date(self) -> datetime | date | None:
        """A day, or an instant in UTC; None on PAID too, as where it is in no form we know.

        No example shows its form, so that it may not cost us the invoice (contract page, 3).
        """
        try:
            return parse_moment(self.payment_date_as_sent)
        except ValueError:
            return None


class Line(SuperOpsPayload):
    """A line; `amount` is after its discount and without tax, `discount_rate` in percent.

    Whether `service_item` and `tax_amount` are answered differs between accounts.
    """

    item_id: SuperOpsId | None = None
    details: LongText | None = None
    quantity: Number = None
    unit_price: Number = None
    discount_rate: Number = None
    amount: Number = None
    taxable: bool | None = None
    tax_amount: Number = None
    service_item: Named | None = None


class Tax(SuperOpsPayload):
    """One tax on the invoice; the rate is in percent."""

    tax_rate: Number = None
    taxable_amount: Number = None
    tax_amount: Number = None


class Invoice(InvoiceSummary):
    """An invoice with its lines; None for `items` or `taxes` that SuperOps left out.

    `discount_amount` is the sum of the lines' discounts, `additional_discount` comes on top.
    """

    discount_amount: Number = None
    additional_discount: Number = None
    additional_discount_rate: Number = None
    payment_reference: Text | None = None
    taxes: tuple[Tax, ...] | None = None
    items: tuple[Line, ...] | None = None
