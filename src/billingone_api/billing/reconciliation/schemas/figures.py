"""Numbers, money and clients of a comparison on the wire."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.models import monthly
from billingone_api.billing.definitions.schemas import Money, plain
from billingone_api.billing.reconciliation.models import LineStatus, NoData, NoStake
from billingone_api.kit.money import rounded

Units = Annotated[
    Decimal,
    PlainSerializer(lambda number: plain(number.normalize()), return_type=str),
    Field(description="A decimal string.", examples=["42"]),
]
# Named, or generated clients would call them LineReasonType0.
NoDataReason = TypeAliasType(
    "NoDataReason",
    Annotated[
        NoData,
        Field(
            description="- `no_count`: nobody has counted the metric for the client.\n"
            "- `count_stale`: the count is older than the organisation's limit.\n"
            "- `quantity_unknown`: Pax8 gives no quantity of a subscription.\n"
            "- `usage_billed`: a product is billed by usage, so that its seats say nothing."
        ),
    ],
)
NoStakeReason = TypeAliasType(
    "NoStakeReason",
    Annotated[
        NoStake,
        Field(
            description="- `no_data`: there is no variance.\n"
            "- `sell_price_unknown`: by the settings Pax8's price is what the organisation pays.\n"
            "- `price_unknown`: the client has no active subscription with a known price."
        ),
    ],
)


class StakeOut(BaseModel):
    """A month's money at stake in one currency."""

    model_config = ConfigDict(from_attributes=True)

    under_licensed: Annotated[Money, Field(description="What is used and not paid for.")]
    over_licensed: Annotated[Money, Field(description="What is paid for and not used.")]


class MetricOut(BaseModel):
    """Subtotals of one metric, over the lines that have data."""

    metric: str
    actual: Units
    required: Units
    licensed: Units
    trial: Annotated[Units, Field(description="Of `licensed`, what is on trial.")]
    variance: Units


class RowOut(BaseModel):
    """A client's lines added up, over those that have data."""

    client_id: Annotated[str, Field(description="PanelOne's id of the client.")]
    client_name: Annotated[str, Field(description="As it was called then.")]
    client_active: Annotated[bool, Field(description="False: PanelOne had retired it by then.")]
    actual: Annotated[Units | None, Field(description="Counted; null where nothing has data.")]
    required: Annotated[Units | None, Field(description="Counted, or a rule's minimum.")]
    licensed: Units | None
    trial: Annotated[Units | None, Field(description="Of `licensed`, what is on trial.")]
    variance: Annotated[
        Units | None, Field(description="Required less licensed: above 0 is under-licensed.")
    ]
    status: Annotated[
        LineStatus,
        Field(description="Under-licensed where any line is, else over-licensed where any is."),
    ]
    lines: Annotated[int, Field(description="Rules that were compared, or could not be.")]
    under_licensed: Annotated[int, Field(description="Lines.")]
    over_licensed: Annotated[int, Field(description="Lines.")]
    no_data: Annotated[int, Field(description="Lines that could not be compared.")]
    metrics: list[MetricOut]
    at_stake: Annotated[list[StakeOut], Field(description="For each currency; never added.")]


class ListedRowOut(RowOut):
    """A client's row in a list, with what nobody has settled yet."""

    open_lines: Annotated[
        int, Field(description="Lines that do not match and that no standing decision settles.")
    ]


def row_of(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row as it is shown, from columns that may have a prefix."""
    of = {name.removeprefix(prefix): value for name, value in row.items()}
    return of | {
        "client_id": str(of["client_id"]),
        "client_active": of["is_active"],
        "at_stake": stakes_of(of["stakes"]),
    }


def stakes_of(stakes: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            f"{side}_licensed": money_of(Decimal(each[side]), each["currency"])
            for side in ("under", "over")
        }
        for each in stakes
    ]


def money_of(parts: Decimal | None, currency: str | None) -> Any:
    """A month's money from its exact 72nds, rounded here and nowhere else."""
    if parts is None or currency is None:
        return None
    return Money.model_validate(rounded(monthly(parts), currency=currency))
