"""Settings and exchange rates on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import Path
from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
)

from billingone_api.billing.definitions.schemas import AnnualPriceIs, PriceIs, plain
from billingone_api.billing.settings.models import RatesWanted
from billingone_api.kit.clock import known_time_zone
from billingone_api.kit.instants import Day
from billingone_api.kit.money import known_currency
from billingone_api.kit.pagination import ListQuery, PageOf


def _above_zero(rate: str) -> str:
    if not Decimal(rate):
        raise ValueError("Should be more than 0.")
    return rate


Currency = Annotated[
    str, Field(min_length=3, max_length=3, examples=["USD"]), AfterValidator(known_currency)
]
TimeZone = Annotated[
    str, Field(max_length=64, examples=["Australia/Sydney"]), AfterValidator(known_time_zone)
]

_TIME_ZONE: Final = "IANA name; every `today` and every month of a figure is a day of this zone."
_REPORTING_CURRENCY: Final = "ISO 4217; what totals of several currencies are converted into."
_PRICE_IS: Final = (
    "What Pax8's `price` is: `sell` (the client pays it) or `buy` (the MSP pays it; MRR is then "
    "not known)."
)
_ANNUAL_PRICE_IS: Final = (
    "What the price of a term longer than a month covers: the whole term (`year`) or each month "
    "of it (`month`)."
)


class BillingSettingsOut(BaseModel):
    """What the organisation's figures are reckoned by."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "Bluegum IT",
                    "slug": "bluegum-it",
                    "time_zone": "Australia/Sydney",
                    "reporting_currency": "AUD",
                    "pax8_price_is": "sell",
                    "annual_price_is": "year",
                    "updated_at": "2026-11-24T01:00:00Z",
                }
            ]
        },
    )

    name: Annotated[str, Field(description="PanelOne's; not to be changed here.")]
    slug: Annotated[str, Field(description="PanelOne's; not to be changed here.")]
    time_zone: Annotated[str, Field(description=_TIME_ZONE)]
    reporting_currency: Annotated[str, Field(description=_REPORTING_CURRENCY)]
    pax8_price_is: Annotated[PriceIs, Field(description=_PRICE_IS)]
    annual_price_is: Annotated[AnnualPriceIs, Field(description=_ANNUAL_PRICE_IS)]
    updated_at: datetime


class BillingSettingsPatch(BaseModel):
    """The settings to change; those not named stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"pax8_price_is": "buy"}, {"time_zone": "Asia/Tokyo"}]},
    )

    time_zone: Annotated[
        TimeZone | MISSING, Field(description=f"{_TIME_ZONE} Needs `organisation:write`.")
    ] = MISSING
    reporting_currency: Annotated[
        Currency | MISSING, Field(description=f"{_REPORTING_CURRENCY} Needs `organisation:write`.")
    ] = MISSING
    pax8_price_is: Annotated[PriceIs | MISSING, Field(description=_PRICE_IS)] = MISSING
    annual_price_is: Annotated[AnnualPriceIs | MISSING, Field(description=_ANNUAL_PRICE_IS)] = (
        MISSING
    )


class ExchangeRateIn(BaseModel):
    """What one unit of a currency is worth in the reporting currency."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rate": "1.5312"}]})

    rate: Annotated[
        str,
        Field(
            pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,12})?$",
            description="A decimal string above 0 and below 1,000,000,000, 12 decimals at most.",
            examples=["1.5312"],
        ),
        AfterValidator(_above_zero),
    ]


class ExchangeRateOut(BaseModel):
    """From `valid_on` until a later rate, one unit of `currency` is worth `rate`."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "currency": "USD",
                    "reporting_currency": "AUD",
                    "valid_on": "2026-11-01",
                    "rate": "1.5312",
                    "entered_by": "Farah Nair",
                    "entered_at": "2026-11-02T01:00:00Z",
                }
            ]
        },
    )

    currency: Annotated[str, Field(description="ISO 4217.")]
    reporting_currency: Annotated[str, Field(description="ISO 4217; what `rate` is in.")]
    valid_on: Annotated[date, Field(description="The first day on which it holds.")]
    rate: Annotated[
        Decimal,
        PlainSerializer(plain, return_type=str),
        Field(description="A decimal string, as it was entered.", examples=["1.5312"]),
    ]
    entered_by: str
    entered_at: datetime


class ExchangeRatePage(PageOf[ExchangeRateOut]):
    """One page of exchange rates for the reporting currency of today."""


class ExchangeRateQuery(ListQuery):
    """Which rates; `q` is part of a currency's code."""

    currency: Annotated[Currency | None, Field(description="Only rates of this one.")] = None
    sort: Annotated[
        Literal["valid_on", "-valid_on", "currency", "-currency"],
        Field(description="The other of the two decides where one is equal."),
    ] = "-valid_on"

    def wanted(self, reporting_currency: str) -> RatesWanted:
        return RatesWanted(reporting_currency=reporting_currency, **self.model_dump())


CurrencyInPath = Annotated[Currency, Path(description="ISO 4217, in capitals.")]
DayInPath = Annotated[
    Day,
    Path(description="The first day on which the rate holds.", examples=["2026-11-01"]),
]
