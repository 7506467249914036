"""Products that clients hold: proposals of presets, and what no rule covers."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from billingone_api.billing.definitions.schemas import Money
from billingone_api.billing.reconciliation.schemas.figures import Units, money_of
from billingone_api.billing.reconciliation.schemas.rules import ProposedProductOut
from billingone_api.kit.pagination import Asked, ListQuery, PageOf
from billingone_api.kit.text import storable

_ASIDE: Final = {
    "reason": "Sold once, and counted nowhere.",
    "set_by": "Farah Nair",
    "set_at": "2026-11-24T01:00:00Z",
}
_UNMAPPED: Final[dict[str, Any]] = {
    "source_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000002",
    "name": "Visio Plan 2",
    "vendor": "Microsoft",
    "sku": "MST-NCE-VS2-C100",
    "subscriptions": 2,
    "seats": "5",
    "monthly": [{"amount": "112.00", "currency": "AUD"}],
    "set_aside": None,
}


class PresetOut(BaseModel):
    """A rule for products that most MSPs resell; it counts nothing until a person confirms it."""

    key: str
    name: str
    metric: str
    patterns: list[str]
    ratio: Annotated[str, Field(description="Units of the metric that one seat covers.")]
    rules: Annotated[int, Field(description="Active rules that began as this one.")]
    products: Annotated[
        list[ProposedProductOut],
        Field(description="Held by clients, recognised, and in no rule of the metric yet."),
    ]


class CountPresetsOut(BaseModel):
    """Every preset, with what it recognises in the organisation's portfolio."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "presets": [
                        {
                            "key": "password_manager",
                            "name": "Password managers",
                            "metric": "users",
                            "patterns": ["*keeper*"],
                            "ratio": "1",
                            "rules": 0,
                            "products": [
                                {
                                    "source_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000003",
                                    "name": "Keeper Business",
                                    "vendor": "Keeper Security",
                                    "sku": "KPR-BUS-C100",
                                    "subscriptions": 4,
                                    "seats": "61",
                                    "pattern": "*keeper*",
                                }
                            ],
                        }
                    ]
                }
            ]
        }
    )

    presets: list[PresetOut]


class SetAsideOut(BaseModel):
    """Why no rule has to cover a product."""

    reason: str
    set_by: str
    set_at: datetime


class UnmappedProductOut(BaseModel):
    """A product that clients hold and no rule covers."""

    model_config = ConfigDict(json_schema_extra={"examples": [_UNMAPPED]})

    source_id: Annotated[str, Field(description="Pax8's id of the product.")]
    name: str | None
    vendor: str | None
    sku: str | None
    subscriptions: Annotated[int, Field(description="Active and on trial.")]
    seats: Units
    monthly: Annotated[
        list[Money], Field(description="What the active ones bring a month, for each currency.")
    ]
    set_aside: SetAsideOut | None

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> dict[str, Any]:
        money = sorted(row["money"], key=lambda each: each["currency"])
        monthly = [money_of(Decimal(each["parts"]), each["currency"]) for each in money]
        aside = {name: row[name] for name in ("reason", "set_by", "set_at")}
        return {**row, "monthly": monthly, "set_aside": aside if row["set_at"] else None}


class UnmappedProductPage(PageOf[UnmappedProductOut]):
    """One page of products that no rule covers."""


class UnmappedProductsQuery(ListQuery):
    """Which products; `q` looks in names, vendors, SKUs and ids."""

    with_set_aside: Annotated[
        bool, Field(description="Also those of which a person said that no rule has to.")
    ] = False
    sort: Annotated[
        Literal["-money", "money", "name", "-name", "seats", "-seats"],
        Field(description="`money` goes by the amount, whatever its currency."),
    ] = "-money"

    def page(self) -> Asked:
        filters: dict[str, Any] = {} if self.with_set_aside else {"not_aside": True}
        filters |= {"q": self.q} if self.q else {}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)


class SetAsideIn(BaseModel):
    """Why no rule has to cover a product."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": _ASIDE["reason"]}]}
    )

    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
        AfterValidator(storable),
    ]


class SetAsideDone(BaseModel):
    """A product that no rule has to cover."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"source_id": _UNMAPPED["source_id"], **_ASIDE}]}
    )

    source_id: str
    reason: str
    set_by: str
    set_at: datetime
