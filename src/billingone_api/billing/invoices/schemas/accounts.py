"""What the accounts of Xero earn money with."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.models import RevenueCategory
from billingone_api.billing.invoices.example import ACCOUNTS, MAPPINGS
from billingone_api.billing.invoices.models import MappingState
from billingone_api.billing.invoices.schemas.lists import InvoiceFreshnessOut
from billingone_api.kit.text import storable

Category = TypeAliasType(
    "Category",
    Annotated[
        RevenueCategory,
        Field(
            description="What the account earns money with: `recurring_services` (agreements), "
            "`licences` (resold subscriptions), `domains_and_hosting`, `projects` (work by the "
            "hour or the job), `hardware`, `other`."
        ),
    ],
)


class AccountOut(BaseModel):
    """An account of the chart."""

    model_config = ConfigDict(from_attributes=True)

    account_id: Annotated[str, Field(description="Xero's id; the code may be changed there.")]
    code: str | None
    name: str
    type: Annotated[str | None, Field(description="Xero's word.", examples=["REVENUE"])]
    source_status: Annotated[str | None, Field(description="Xero's word.", examples=["ACTIVE"])]
    category: Annotated[
        RevenueCategory | None,
        Field(description="What it earns money with; null while nobody said so."),
    ]
    state: Annotated[
        MappingState,
        Field(
            description="- `ok`: a revenue account in use.\n"
            "- `archived`: Xero has archived it; old invoices may still name it.\n"
            "- `gone`: Xero lists it no longer.\n"
            "- `not_revenue`: it was one when it was mapped, and is none any more."
        ),
    ]
    mapped_by: str | None
    mapped_at: datetime | None


class MappingCoverageOut(BaseModel):
    """How far the mapping reaches, and which of it leads nowhere."""

    model_config = ConfigDict(from_attributes=True)

    mapped: int
    unmapped: Annotated[int, Field(description="Revenue accounts in use that nobody mapped.")]
    archived: Annotated[int, Field(description="Mapped, and archived in Xero.")]
    gone: Annotated[int, Field(description="Mapped, and no longer in Xero.")]
    not_revenue: Annotated[int, Field(description="Mapped, and no revenue account any more.")]


class AccountMappingOut(BaseModel):
    """Every revenue account of the Xero organisation, and every other one that is mapped."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [ACCOUNTS]})

    source: Annotated[Literal["xero"], Field(description="SuperOps has no accounts.")] = "xero"
    organisation: Annotated[
        str | None, Field(description="As Xero names it; null while none is read.")
    ]
    accounts: Annotated[list[AccountOut], Field(description="By code.")]
    coverage: MappingCoverageOut
    freshness: InvoiceFreshnessOut


class MappingIn(BaseModel):
    """One account, and what it earns money with."""

    model_config = ConfigDict(extra="forbid")

    account_id: Annotated[
        str, Field(min_length=1, max_length=200, description="Xero's."), AfterValidator(storable)
    ]
    category: Category


class MappingsIn(BaseModel):
    """All mappings there shall be; accounts that are not named have none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [MAPPINGS]})

    mappings: Annotated[list[MappingIn], Field(max_length=1000)]
