"""Money on the wire, the same for every area."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer


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


class MoneyOut(BaseModel):
    """An amount in one currency; amounts of different currencies are never added."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"amount": "1234.50", "currency": "AUD"}]},
    )

    amount: Amount
    currency: Annotated[str, Field(description="ISO 4217.", examples=["AUD"])]
