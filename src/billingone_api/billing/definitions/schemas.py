"""Money on the wire, the same for every area, and what figures mean."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.figures import Unknown
from billingone_api.billing.definitions.models import Badge, Exclusion, InvoiceBadge, MatchedBy

Value = TypeVar("Value")


def plain(number: Decimal) -> str:
    """A number as people write it: Decimal's own text may be 1E+2."""
    return format(number, "f")


Amount = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    Field(
        description="A decimal string with the currency's own decimals; never a float.",
        examples=["1234.50"],
    ),
]


class Money(BaseModel):
    """An amount in one currency; amounts of different currencies are never added."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"amount": "1234.50", "currency": "AUD"}]},
    )

    amount: Amount
    currency: Annotated[str, Field(description="ISO 4217.", examples=["AUD"])]


class Defined(BaseModel):
    """A part of the definitions, or of a figure."""

    model_config = ConfigDict(from_attributes=True)


class RateUsedOut(Defined):
    """An exchange rate that a figure was converted with."""

    currency: Annotated[str, Field(description="ISO 4217.")]
    rate: Annotated[
        Decimal,
        PlainSerializer(plain, return_type=str),
        Field(
            description="What `per` units of it are worth in the reporting currency, as told.",
            examples=["1.5312"],
        ),
    ]
    per: Annotated[
        Decimal,
        PlainSerializer(plain, return_type=str),
        Field(description="1, unless the rate was told the other way round.", examples=["1"]),
    ]
    valid_on: Annotated[date, Field(description="The day since which it holds.")]
    source: Annotated[
        Literal["entered", "xero"],
        Field(description="A person entered it, or an invoice of Xero's told it."),
    ]


class InReportingCurrencyOut(Defined):
    """All currencies together, in the reporting one."""

    amount: Annotated[
        Money | None, Field(description="Null as long as a rate is missing: nothing is dropped.")
    ]
    missing_rates: Annotated[
        list[str], Field(description="Currencies without a rate that is valid today.")
    ]
    rates_used: list[RateUsedOut]


class CardOut(Defined, Generic[Value]):
    """A figure; null with a reason where it is not known, and never 0 instead."""

    value: Value | None
    reason: Annotated[
        Unknown | None,
        Field(
            description="Why there is no value.\n\n"
            "- `source_not_connected`: nothing is connected, or sends counts, that could tell.\n"
            "- `never_synced`: it is connected, and no sync has come through yet; of licences, no "
            "snapshot has compared anything yet.\n"
            "- `sell_price_unknown`: by the settings Pax8's price is what the organisation pays.\n"
            "\nThe other words are said of figures of one client or record, never here."
        ),
    ]
    detail: Annotated[str | None, Field(description="For people, where something is to be said.")]


class InvoiceSumsOut(Defined):
    """How many, and what they come to; amounts of different currencies are never added."""

    count: int
    amounts: Annotated[list[Money], Field(description="One for each currency.")]
    reporting: InReportingCurrencyOut


class AmountsCard(CardOut[InvoiceSumsOut]):
    """A count with its amounts."""


# Named, so that generated clients have one type for a choice wherever it is shown or made.
PriceIs = TypeAliasType(
    "PriceIs",
    Annotated[
        Literal["sell", "buy"],
        Field(description="What Pax8's price is: the client pays it (sell), or the MSP (buy)."),
    ],
)
AnnualPriceIs = TypeAliasType(
    "AnnualPriceIs",
    Annotated[
        Literal["year", "month"],
        Field(description="What the price of a longer term covers: all of it, or each month."),
    ],
)


class PriceBasisOut(Defined):
    """What Pax8's prices are taken to be; `/v1/settings/billing` says and changes it."""

    pax8_price_is: PriceIs
    annual_price_is: AnnualPriceIs


class BadgeCountsOut(Defined):
    """How many subscriptions have each badge today."""

    active: int
    trial: int
    pending: int
    suspended: int
    cancelled: int
    unknown: int


class FigureOut(Defined):
    """What a figure means and how it comes about."""

    key: Annotated[str, Field(description="Its name in answers.", examples=["mrr"])]
    name: str
    meaning: str
    formula: str
    unit: str
    excludes: Annotated[
        list[Exclusion], Field(description="Reasons that keep a subscription out of it.")
    ]
    source: Annotated[str, Field(description="Whose data it rests on.")]


class StatusWordOut(Defined):
    """A word of Pax8's that leads to a badge."""

    source_status: str
    when: Annotated[str | None, Field(description="Null: always.")]


class BadgeMeaningOut(Defined):
    """What a badge says; a subscription has the badge of the first status that fits."""

    badge: Badge
    meaning: str
    statuses: list[StatusWordOut]


class InvoiceStatusWordOut(Defined):
    """A word of an invoice's source that leads to a badge."""

    source: Annotated[str, Field(examples=["xero"])]
    source_status: str
    when: Annotated[str | None, Field(description="Null: always.")]


class InvoiceBadgeMeaningOut(Defined):
    """What a badge of an invoice says, and the words that lead to it."""

    badge: Annotated[InvoiceBadge, Field(description="As lists show it.")]
    meaning: str
    statuses: list[InvoiceStatusWordOut]


class ExclusionMeaningOut(Defined):
    """Why a subscription adds nothing."""

    word: Exclusion
    meaning: str


class BillingTermOut(Defined):
    """A billing term that recurs."""

    billing_term: Annotated[str, Field(description="Pax8's word.", examples=["Annual"])]
    months: Annotated[int, Field(description="What its price is divided by.")]


class MeaningOut(Defined):
    """A value of a setting, and what it does."""

    word: str
    meaning: str


class ChoiceOut(Defined):
    """A setting that figures depend on; see `/v1/settings/billing`."""

    setting: str
    values: list[MeaningOut]


class MatchMeaningOut(Defined):
    """A way in which two invoices are found to be the same."""

    word: Annotated[MatchedBy, Field(description="As `matched_by` of an invoice shows it.")]
    meaning: str


class InvoiceDuplicatesOut(Defined):
    """What becomes of an invoice that Xero and SuperOps both tell of."""

    meaning: str
    ways: Annotated[list[MatchMeaningOut], Field(description="In the order they are tried.")]


class DefinitionsOut(Defined):
    """What every figure means; it comes from the code that reckons them."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "figures": [
                        {
                            "key": "active_subscriptions",
                            "name": "Active subscriptions",
                            "meaning": "How many subscriptions have the badge active today.",
                            "formula": "count of the badge active",
                            "unit": "subscriptions",
                            "excludes": ["badge"],
                            "source": "Pax8, subscriptions: status, startDate, endDate",
                        }
                    ],
                    "badges": [
                        {
                            "badge": "trial",
                            "meaning": "It is tried out.",
                            "statuses": [{"source_status": "Trial", "when": None}],
                        }
                    ],
                    "exclusions": [{"word": "price", "meaning": "Pax8 gives no price."}],
                    "billing_terms": [{"billing_term": "Annual", "months": 12}],
                    "price_basis": [
                        {
                            "setting": "pax8_price_is",
                            "values": [{"word": "sell", "meaning": "It is what the client pays."}],
                        }
                    ],
                    "invoice_badges": [
                        {
                            "badge": "draft",
                            "meaning": "It is still being written.",
                            "statuses": [
                                {"source": "xero", "source_status": "DRAFT", "when": None}
                            ],
                        }
                    ],
                    "invoice_exclusions": [
                        {"word": "currency", "meaning": "Its source gives no currency."}
                    ],
                    "invoice_duplicates": {
                        "meaning": "The same invoice in both systems is counted once, as Xero's.",
                        "ways": [
                            {
                                "word": "exact",
                                "meaning": "Client, number, currency and total are the same.",
                            }
                        ],
                    },
                    "revenue_categories": [{"word": "hardware", "meaning": "Devices and parts."}],
                }
            ]
        },
    )

    figures: list[FigureOut]
    badges: list[BadgeMeaningOut]
    exclusions: Annotated[
        list[ExclusionMeaningOut],
        Field(description="In order: where several hold, the first of them is given."),
    ]
    billing_terms: Annotated[
        list[BillingTermOut], Field(description="Any other term adds nothing to MRR.")
    ]
    price_basis: list[ChoiceOut]
    invoice_badges: list[InvoiceBadgeMeaningOut]
    invoice_exclusions: Annotated[
        list[MeaningOut], Field(description="What keeps an open invoice's money out of figures.")
    ]
    invoice_duplicates: InvoiceDuplicatesOut
    revenue_categories: Annotated[
        list[MeaningOut], Field(description="What accounts of Xero may be mapped to.")
    ]
