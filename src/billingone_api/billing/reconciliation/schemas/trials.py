"""What a rule would change, on the wire."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.reconciliation.models import LineStatus
from billingone_api.billing.reconciliation.schemas.figures import NoDataReason, Units
from billingone_api.billing.reconciliation.schemas.rules import RULE_EXAMPLE, RuleIn

_SIDE: Final[dict[str, Any]] = {
    "matched": 0,
    "under_licensed": 1,
    "over_licensed": 0,
    "no_data": 0,
    "actual": "50",
    "licensed": "42",
    "variance": "8",
}
_LINE: Final[dict[str, Any]] = {
    "actual": "50",
    "required": "50",
    "licensed": "42",
    "variance": "8",
    "status": "under_licensed",
    "reason": None,
    "is_tolerated": False,
}


class RuleTrial(RuleIn):
    """A rule that is tried, and which one it would take the place of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [RULE_EXAMPLE | {"rule_id": None}]}
    )

    rule_id: Annotated[
        UUID | None, Field(description="The rule that would become so; null: a new one.")
    ] = None


class TrialSideOut(BaseModel):
    """All lines of the rule added up."""

    matched: Annotated[int, Field(description="Clients.")]
    under_licensed: Annotated[int, Field(description="Clients.")]
    over_licensed: Annotated[int, Field(description="Clients.")]
    no_data: Annotated[int, Field(description="Clients that could not be compared.")]
    actual: Units
    licensed: Units
    variance: Units


class TrialLineOut(BaseModel):
    """A client's line."""

    actual: Units | None
    required: Units | None
    licensed: Units | None
    variance: Units | None
    status: Annotated[LineStatus, Field(description="By the rule's tolerance.")]
    reason: NoDataReason | None
    is_tolerated: bool


class TrialChangeOut(BaseModel):
    """A client whose line would be another."""

    client_id: UUID
    client_name: str
    before: Annotated[TrialLineOut | None, Field(description="Null: it has no line.")]
    after: Annotated[TrialLineOut | None, Field(description="Null: it would have none.")]


class TrialOut(BaseModel):
    """What a rule would change, as of now; nothing of it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "before": _SIDE | dict.fromkeys(("under_licensed",), 0)
                    | dict.fromkeys(("actual", "licensed", "variance"), "0"),
                    "after": _SIDE,
                    "changed": 1,
                    "lines": [
                        {
                            "client_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                            "client_name": "Acacia Dental",
                            "before": None,
                            "after": _LINE,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    before: TrialSideOut
    after: TrialSideOut
    changed: Annotated[int, Field(description="Clients whose line would be another.")]
    lines: Annotated[
        list[TrialChangeOut], Field(description="The 50 of them that would change most.")
    ]
