"""Records of the four-way line on the wire."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.schemas import Money, plain
from billingone_api.billing.fourway import examples
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import FourWayStatus, NoLeak
from billingone_api.billing.fourway.schemas.standing import StandingOut
from billingone_api.kit.money import rounded
from billingone_api.kit.pagination import PageOf

Quantity = Annotated[
    Decimal,
    PlainSerializer(lambda number: plain(number.normalize()), return_type=str),
    Field(description="A decimal string.", examples=["42"]),
]
UnitPrice = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    Field(description="As received, in the record's currency.", examples=["32.90"]),
]
# Named, or generated clients would call it after the field it stands in.
NoLeakReason = TypeAliasType(
    "NoLeakReason",
    Annotated[
        NoLeak,
        Field(
            description="- `charges_unknown`: nothing is known of what Pax8 charges for the month; "
            "see `charges`.\n"
            "- `books_unknown`: neither Xero nor SuperOps has come through; see `books`.\n"
            "- `client_not_linked`: no contact or client of theirs belongs to the client, or no "
            "company of Pax8's.\n"
            "- `sell_price_unknown`: by the settings Pax8's price is what the organisation pays.\n"
            "- `usage_billed`: it is billed by usage, so that units say nothing.\n"
            "- `quantity_unknown`: a charge or a line gives no quantity.\n"
            "- `price_unknown`: no subscription says what the client pays, or an amount is missing."
        ),
    ],
)


class UsedOut(BaseModel):
    """What the newest snapshot of the month counted.

    What SuperOps counted is listed one by one in `/v1/inventory`, as it is now.
    """

    units: Annotated[Quantity | None, Field(description="Null: nobody counts it, or too long ago.")]
    metric: str
    rule_id: Annotated[UUID, Field(description="The count rule that has the product.")]
    is_shared: Annotated[
        bool,
        Field(
            description="The units are of more than this record: of other products of the rule, or "
            "of the same one held in other currencies."
        ),
    ]


class ChargedOut(BaseModel):
    """What Pax8 charges."""

    units: Annotated[
        Quantity | None,
        Field(description="Of recurring charges for the month; null: one of them does not say."),
    ]
    amount: Annotated[
        Money | None,
        Field(description="All charges at what the client pays for them; null: not known."),
    ]
    cost: Annotated[Money | None, Field(description="All charges at what the organisation pays.")]
    is_draft: Annotated[bool, Field(description="Pax8's invoice has not come yet.")]


class BilledAbroadOut(BaseModel):
    """What is billed of it in another currency; it is added to nothing."""

    units: Annotated[Quantity | None, Field(description="Null: a line does not say.")]
    amount: Annotated[Money | None, Field(description="Null: a line does not say.")]
    worth: Annotated[
        Money | None,
        Field(description="In the reporting currency; null: a rate or the amount is missing."),
    ]


class BilledOut(BaseModel):
    """What the client is billed, by the month's invoices less its credit notes, without tax."""

    units: Annotated[
        Quantity | None, Field(description="In every currency; null: a line does not say.")
    ]
    amount: Annotated[
        Money | None,
        Field(description="In the record's currency; null: a line does not say it without tax."),
    ]
    in_other_currencies: list[BilledAbroadOut]


class LeakOut(BaseModel):
    """What is lost; the parts add up to the difference exactly. Below 0: the client pays more."""

    difference: Annotated[
        Money, Field(description="What should be billed for the charges, less what is billed.")
    ]
    quantity: Annotated[
        Money,
        Field(
            description="Units that are charged and not billed; where nothing is charged and "
            "nothing licensed, all that is billed."
        ),
    ]
    price: Annotated[Money, Field(description="Billed for less than the agreed price.")]
    proration: Annotated[Money, Field(description="Charges and lines for a part of the time.")]
    timing: Annotated[Money, Field(description="Charged in another month than it is billed in.")]
    currency: Annotated[Money, Field(description="Units that are billed in another currency.")]
    unmapped: Annotated[
        Money,
        Field(description="Of no known product or client, or perhaps on lines of no known one."),
    ]


class OverchargeOut(BaseModel):
    """What Pax8 charges beyond what is licensed costs; the parts add up to the difference."""

    difference: Money
    quantity: Annotated[Money, Field(description="Units that are charged and not licensed.")]
    price: Annotated[Money, Field(description="A higher cost than the subscription says.")]


class FourWayRecordOut(BaseModel):
    """One product of one client in one month and currency."""

    month: Annotated[date, Field(description="Its first day.")]
    client_id: Annotated[
        UUID | None, Field(description="PanelOne's; null: the charge's company is no client's.")
    ]
    client_name: str | None
    company_id: Annotated[
        str | None, Field(description="Pax8's company, where it belongs to no client.")
    ]
    company_name: str | None
    product_id: Annotated[str | None, Field(description="Pax8's; null: a charge of no product.")]
    product_name: str | None
    sku: str | None
    vendor_name: str | None
    currency: Annotated[str, Field(description="Of every amount; ISO 4217.")]
    status: Annotated[
        FourWayStatus,
        Field(
            description="- `not_known`: see `leak_reason`.\n"
            "- `leaking`: billed for less than is charged.\n"
            "- `overbilled`: billed for more than is charged.\n"
            "- `overcharged`: billed as it is charged, and charged more than is licensed.\n"
            "- `matched`: none of these."
        ),
    ]
    used: Annotated[UsedOut | None, Field(description="Null: no snapshot, or no rule has it.")]
    licensed: Annotated[
        Quantity | None,
        Field(
            description="Active and trial subscriptions of Pax8; null: not known for the month, "
            "or one of them gives no quantity."
        ),
    ]
    trial: Annotated[Quantity | None, Field(description="Of `licensed`, what is on trial.")]
    unit_price: Annotated[
        UnitPrice | None, Field(description="What the client pays for a unit and billing term.")
    ]
    unit_cost: Annotated[UnitPrice | None, Field(description="What the organisation pays.")]
    charged: Annotated[
        ChargedOut | None, Field(description="Null: not known for the month or the client.")
    ]
    billed: Annotated[BilledOut | None, Field(description="Null: not known for the client.")]
    unmatched_lines: Annotated[
        int, Field(description="Lines of the client of which nobody knows the product.")
    ]
    margin: Annotated[Money | None, Field(description="Billed less what Pax8 charges.")]
    leak: Annotated[LeakOut | None, Field(description="Null with a reason where not known.")]
    leak_reason: NoLeakReason | None
    overcharge: Annotated[OverchargeOut | None, Field(description="Null: not known.")]

    @classmethod
    def row(cls, row: Mapping[str, Any], month: date, reporting: str) -> dict[str, Any]:
        def money(name: str) -> Money | None:
            return amount_of(row[name], row["currency"])

        leak = {name: money(f"leak_{name}") for name in PARTS} | {"difference": money("leak")}
        dear = {
            "difference": money("overcharge"),
            "quantity": money("overcharge_quantity"),
            "price": money("overcharge_price"),
        }
        return {
            **row,
            "month": month,
            "used": _used(row),
            "unit_price": row["unit"],
            "charged": _charged(row, money("owed"), money("charged_cost")),
            "billed": _billed(row, money("billed_amount"), reporting),
            "margin": money("margin"),
            "leak": None if row["reason"] is not None else leak,
            "leak_reason": row["reason"],
            "overcharge": None if row["overcharge"] is None else dear,
        }


class FourWayPage(PageOf[FourWayRecordOut]):
    """One page of records, and how far their sides are known."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PAGE]})

    standing: StandingOut


def amount_of(amount: Decimal | str | None, currency: str) -> Money | None:
    """With the currency's own decimals, whatever it came with."""
    if amount is None:
        return None
    return Money.model_validate(rounded(Decimal(amount), currency=currency))


def _used(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["used_rule_id"] is None:
        return None
    return {
        "units": row["used"],
        "metric": row["metric"],
        "rule_id": row["used_rule_id"],
        "is_shared": row["used_is_shared"],
    }


def _charged(row: Mapping[str, Any], amount: Any, cost: Any) -> dict[str, Any] | None:
    if not row["knows_charges"]:
        return None
    return {"units": row["charged"], "amount": amount, "cost": cost, "is_draft": row["is_draft"]}


def _billed(row: Mapping[str, Any], amount: Any, reporting: str) -> dict[str, Any] | None:
    if not row["knows_bills"]:
        return None
    others = [
        {
            "units": one["units"],
            "amount": amount_of(one["amount"], one["currency"]),
            "worth": amount_of(one["worth"], reporting),
        }
        for one in row["abroad_told"]
    ]
    return {"units": row["billed"], "amount": amount, "in_other_currencies": others}
