"""Count rules on the wire."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from billingone_api.billing.counts.models import METRIC
from billingone_api.billing.definitions.schemas import Money, plain
from billingone_api.billing.reconciliation.models import Exclusion, Rule, RuleFacts
from billingone_api.kit.money import known_currency
from billingone_api.kit.pagination import Asked, ListQuery, PageOf
from billingone_api.kit.text import storable

RULE_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Microsoft 365 suites",
    "metric": "users",
    "preset": "microsoft_365",
    "products": ["3fb20ae1-1a2c-4a0c-8e0b-000000000001"],
    "patterns": ["*365 business*"],
    "ratio": "1",
    "minimum": None,
    "tolerance": {"units": "1", "percent": None, "money": None},
    "exclusions": [],
}
_RULE: Final[dict[str, Any]] = RULE_EXAMPLE | {
    "id": "0192f0c1-6666-7000-8000-000000000001",
    "is_active": True,
    "version": 1,
    "changed_by": "Farah Nair",
    "created_at": "2026-11-24T01:00:00Z",
    "changed_at": "2026-11-24T01:00:00Z",
}
_NUMBER: Final = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"


def _above_zero(number: str) -> str:
    if not Decimal(number):
        raise ValueError("Should be more than 0: a seat that covers nothing licenses nobody.")
    return number


def _numbers_words(pattern: str) -> str:
    if not pattern.replace("*", "").strip():
        raise ValueError("Should have letters besides *, or it would mean every product.")
    return pattern


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(storable),
]
ProductId = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)
]
Pattern = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=100),
    AfterValidator(storable),
    AfterValidator(_numbers_words),
]
Number = Annotated[str, Field(pattern=_NUMBER, examples=["1"])]
Ratio = Annotated[Number, AfterValidator(_above_zero)]
Metric = Annotated[str, Field(pattern=METRIC, examples=["users"])]


class MoneyIn(BaseModel):
    """An amount of one currency."""

    model_config = ConfigDict(extra="forbid")

    amount: Number
    currency: Annotated[
        str,
        Field(min_length=3, max_length=3, description="ISO 4217.", examples=["AUD"]),
        AfterValidator(known_currency),
    ]


class ToleranceIn(BaseModel):
    """How much may be amiss; of several the widest holds."""

    model_config = ConfigDict(extra="forbid")

    units: Annotated[Number | None, Field(description="So many units either way.")] = None
    percent: Annotated[Number | None, Field(description="Of what is required.")] = None
    money: Annotated[
        MoneyIn | None, Field(description="A month's, where the line is of its currency.")
    ] = None


class RuleExclusionIn(BaseModel):
    """A client that the rule passes over, or one product of it."""

    model_config = ConfigDict(extra="forbid")

    client_id: UUID
    product_id: Annotated[
        ProductId | None, Field(description="Null: nothing of the client is compared.")
    ] = None


class RuleIn(BaseModel):
    """Which products' seats count against which metric, as a person confirms it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RULE_EXAMPLE]})

    name: Name
    metric: Annotated[Metric, Field(description="What is counted: `devices`, `users` …")]
    preset: Annotated[
        Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")] | None,
        Field(description="The preset that it began as."),
    ] = None
    products: Annotated[
        list[ProductId],
        Field(
            min_length=1,
            max_length=500,
            description="Pax8's ids; they stand in for each other, so that their seats add up.",
        ),
    ]
    patterns: Annotated[
        list[Pattern],
        Field(
            max_length=50,
            description="Names and SKUs, with `*` for any letters, by which further products are "
            "proposed; what they find counts once it stands in `products`.",
        ),
    ] = Field(default_factory=list)
    ratio: Annotated[Ratio, Field(description="Units of the metric that one seat covers.")] = "1"
    minimum: Annotated[
        Number | None, Field(description="What is required at least, wherever there is a line.")
    ] = None
    tolerance: ToleranceIn = Field(default_factory=ToleranceIn)
    exclusions: Annotated[list[RuleExclusionIn], Field(max_length=1000)] = Field(
        default_factory=list
    )

    def facts(self, *, by: str) -> RuleFacts:
        tolerance, money = self.tolerance, self.tolerance.money
        return RuleFacts(
            name=self.name,
            metric=self.metric,
            preset=self.preset,
            products=tuple(self.products),
            patterns=tuple(self.patterns),
            ratio=Decimal(self.ratio),
            minimum=_decimal(self.minimum),
            tolerance_units=_decimal(tolerance.units),
            tolerance_percent=_decimal(tolerance.percent),
            tolerance_amount=_decimal(money.amount) if money else None,
            tolerance_currency=money.currency if money else None,
            exclusions=tuple(Exclusion(one.client_id, one.product_id) for one in self.exclusions),
            is_active=True,
            changed_by=by,
        )


class ToleranceOut(BaseModel):
    """How much may be amiss; of several the widest holds."""

    units: Annotated[str | None, Field(description="So many units either way.")]
    percent: Annotated[str | None, Field(description="Of what is required.")]
    money: Annotated[
        Money | None, Field(description="A month's, where the line is of its currency.")
    ]


class RuleExclusionOut(BaseModel):
    """A client that the rule passes over, or one product of it."""

    client_id: UUID
    product_id: Annotated[str | None, Field(description="Null: nothing of the client is compared.")]


class RuleFactsOut(BaseModel):
    """What a rule says."""

    name: str
    metric: str
    preset: Annotated[str | None, Field(description="The preset that it began as.")]
    products: Annotated[list[str], Field(description="Pax8's ids of products whose seats add up.")]
    patterns: Annotated[list[str], Field(description="By which further products are proposed.")]
    ratio: Annotated[str, Field(description="Units of the metric that one seat covers.")]
    minimum: Annotated[str | None, Field(description="What is required at least.")]
    tolerance: ToleranceOut
    exclusions: list[RuleExclusionOut]
    is_active: Annotated[bool, Field(description="False once it was retired.")]
    changed_by: str

    @classmethod
    def told(cls, facts: RuleFacts) -> dict[str, Any]:
        kept = asdict(facts)
        tolerance = {name: _plain(kept.pop(f"tolerance_{name}")) for name in ("units", "percent")}
        amount, currency = kept.pop("tolerance_amount"), kept.pop("tolerance_currency")
        money = None if amount is None else {"amount": amount, "currency": currency}
        numbers = {name: _plain(kept[name]) for name in ("ratio", "minimum")}
        return kept | numbers | {"tolerance": tolerance | {"money": money}}


class RuleOut(RuleFactsOut):
    """A rule as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RULE]})

    id: UUID
    version: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, rule: Rule) -> Self:
        head = {name: getattr(rule, name) for name in ("id", "version", "created_at", "changed_at")}
        return cls.model_validate(cls.told(rule.facts) | head)


class RulePage(PageOf[RuleOut]):
    """One page of rules, by name."""


class RuleVersionOut(RuleFactsOut):
    """What a rule said from an instant on."""

    version: int
    seen_at: datetime


class ProposedProductOut(BaseModel):
    """A product that somebody holds and that may be meant; it counts once a person says so."""

    source_id: Annotated[str, Field(description="Pax8's id of the product.")]
    name: str | None
    vendor: str | None
    sku: str | None
    subscriptions: Annotated[int, Field(description="Active and on trial.")]
    seats: Annotated[str, Field(description="Their quantities together.")]
    pattern: Annotated[str, Field(description="What recognised it.")]


class RuleDetailOut(RuleOut):
    """A rule with its history, and products that its patterns propose."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _RULE
                | {
                    "versions": [
                        {name: _RULE[name] for name in RULE_EXAMPLE}
                        | {"is_active": True, "changed_by": "Farah Nair", "version": 1}
                        | {"seen_at": "2026-11-24T01:00:00Z"}
                    ],
                    "proposed": [],
                }
            ]
        }
    )

    versions: Annotated[list[RuleVersionOut], Field(description="The newest first.")]
    proposed: Annotated[
        list[ProposedProductOut], Field(description="Found by its patterns and in no rule of it.")
    ]


class RulesQuery(ListQuery):
    """Which rules."""

    with_retired: Annotated[bool, Field(description="Also those that count no more.")] = False
    sort: Annotated[Literal["name", "-name"], Field(description="A `-` turns the order round.")] = (
        "name"
    )

    def page(self) -> Asked:
        filters: dict[str, Any] = {} if self.with_retired else {"is_active": True}
        filters |= {"q": self.q} if self.q else {}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)


def _decimal(number: str | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)
