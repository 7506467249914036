"""Descriptions of invoice lines, and what people say of them, on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.definitions.schemas import Money
from billingone_api.billing.fourway import examples
from billingone_api.billing.fourway.models import Proposal, Verdict
from billingone_api.billing.fourway.schemas.records import amount_of
from billingone_api.kit.pagination import Asked, ListQuery, PageOf
from billingone_api.kit.text import storable

ProductId = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Pax8's."),
    AfterValidator(storable),
]


class ProposalOut(BaseModel):
    """A product that the description may bill; it does once a person confirms it."""

    product_id: str
    product_name: str
    sku: str | None
    score: Annotated[int, Field(description="Of 100.")]
    reason: Annotated[
        Literal["sku_in_description", "similar_name"],
        Field(description="Its SKU stands in the description, or its name is spelled alike."),
    ]


class LineDescriptionOut(BaseModel):
    """Lines alike but for months, dates and signs, of which nobody knows the product."""

    description: Annotated[str, Field(description="As one of them says it.")]
    lines: int
    clients: int
    amounts: Annotated[
        list[Money], Field(description="Without tax, for each currency, of those that say it.")
    ]
    without_amount: Annotated[int, Field(description="Lines that do not say it.")]
    proposals: Annotated[
        list[ProposalOut], Field(description="The likeliest first, three at most.")
    ]

    @classmethod
    def row(cls, row: Mapping[str, Any], proposed: Sequence[Proposal]) -> dict[str, Any]:
        return {
            **row,
            "amounts": [amount_of(one["amount"], one["currency"]) for one in row["amounts"]],
            "proposals": [
                {
                    "product_id": one.product.product_id,
                    "product_name": one.product.name,
                    "sku": one.product.sku,
                    "score": one.score,
                    "reason": one.reason,
                }
                for one in proposed
            ],
        }


class LineDescriptionPage(PageOf[LineDescriptionOut]):
    """One page of descriptions."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DESCRIPTIONS]})


class DescriptionsQuery(ListQuery):
    """Which descriptions; `q` looks in them."""

    sort: Annotated[
        Literal["-money", "money", "-lines", "lines", "description", "-description"],
        Field(description="`money` is worth in the reporting currency, as far as rates are known."),
    ] = "-money"

    def page(self) -> Asked:
        filters = {"q": self.q} if self.q else {}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)


class LineMappingOut(BaseModel):
    """What a person said of a description and a product."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [examples.VERDICT]}
    )

    description: str
    product_id: Annotated[str | None, Field(description="Null: none of Pax8's products.")]
    product_name: str | None
    verdict: Verdict
    said_by: str
    said_at: datetime


class LineMappingPage(PageOf[LineMappingOut]):
    """One page of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VERDICTS]})


class MappingsQuery(ListQuery):
    """Which of them; `q` looks in descriptions and names of products."""

    verdict: Annotated[Verdict | None, Field(description="Those that say so.")] = None
    sort: Annotated[
        Literal["-said_at", "said_at", "description", "-description"],
        Field(description="A `-` turns it round."),
    ] = "-said_at"

    def page(self) -> Asked:
        given = {"verdict": self.verdict, "q": self.q or None}
        filters = {name: value for name, value in given.items() if value is not None}
        return Asked(filters, self.sort, self.limit, self.cursor, self.with_total)


class PairIn(BaseModel):
    """A description and a product."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[
        str,
        Field(
            min_length=1,
            max_length=5_000,
            pattern=r"\S",
            description="As it stands on a line; months, dates and signs make no difference.",
        ),
        AfterValidator(storable),
    ]
    product_id: Annotated[
        ProductId | None, Field(description="Null: the description bills none of Pax8's products.")
    ]


class LineMappingIn(PairIn):
    """What a person says of the two."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "description": "M365 Business Premium licences - November 2026",
                    "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
                    "verdict": "confirmed",
                }
            ]
        },
    )

    verdict: Annotated[
        Verdict, Field(description="Its lines bill the product, or it is proposed no more.")
    ]


class LineMappingUndo(PairIn):
    """Of which two to forget what was said."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "description": "M365 Business Premium licences - November 2026",
                    "product_id": "3fb20ae1-1a2c-4a0c-8e0b-000000000001",
                }
            ]
        },
    )


class LineMappingDone(BaseModel):
    """What now stands of the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DONE]})

    description: str
    product_id: str | None
    verdict: Annotated[Verdict | None, Field(description="Null: nothing any more.")]
