"""What a client brings in, or why that is not known."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.models import ClientDetail, ClientSummary
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Count, Reckoning, Unknown
from billingone_api.billing.definitions.models import InvoiceExclusion
from billingone_api.billing.definitions.schemas import Money


class SourceFreshnessOut(BaseModel):
    """Where figures come from; never synced and empty are different answers."""

    model_config = ConfigDict(from_attributes=True)

    source: LinkedSource
    is_connected: bool
    last_success_at: Annotated[
        datetime | None, Field(description="Null: it never came through, and nothing is known.")
    ]


class CountOut(BaseModel):
    """A number, or null with the reason why it is not known."""

    model_config = ConfigDict(from_attributes=True)

    value: int | None
    reason: Unknown | None


class AmountOut(BaseModel):
    """An amount, or null with the reason why it is not known."""

    model_config = ConfigDict(from_attributes=True)

    value: Annotated[Money | None, Field(description="In the reporting currency.")]
    reason: Unknown | None
    by_currency: Annotated[list[Money], Field(description="Never added across currencies.")]
    missing_rates: Annotated[
        list[str],
        Field(description="Currencies without an exchange rate: why `value` is null."),
    ]


class ExcludedDocumentsOut(BaseModel):
    """Invoices and credit notes that should be in a figure and add nothing to it."""

    model_config = ConfigDict(from_attributes=True)

    reason: Annotated[
        InvoiceExclusion, Field(description="The first that holds: see `/v1/definitions`.")
    ]
    count: int


class TotalOut(AmountOut):
    """Money of invoices, or null with the reason why it is not known."""

    excluded: Annotated[
        list[ExcludedDocumentsOut], Field(description="What adds nothing, and why.")
    ]


class MrrOut(BaseModel):
    """Monthly recurring revenue of active subscriptions, or null with the reason."""

    model_config = ConfigDict(from_attributes=True)

    value: Annotated[Money | None, Field(description="In the reporting currency.")]
    reason: Unknown | None
    by_currency: Annotated[list[Money], Field(description="Never added across currencies.")]
    missing_rates: Annotated[
        list[str], Field(description="Currencies without an exchange rate: why `value` is null.")
    ]
    excluded: Annotated[
        int, Field(description="Active subscriptions that add nothing, such as one without price.")
    ]


_NO_SOURCE: Final = Count(None, Unknown.SOURCE_NOT_CONNECTED)


def figures(client: ClientSummary | ClientDetail) -> dict[str, Any]:
    return {
        "mrr": MrrOut.model_validate(client.mrr),
        "active_subscriptions": CountOut.model_validate(client.active_subscriptions),
        "licences": CountOut.model_validate(_NO_SOURCE),
        "devices": CountOut.model_validate(_NO_SOURCE),
        "total_spend": TotalOut.model_validate(client.total_spend),
        "outstanding": TotalOut.model_validate(client.outstanding),
    }


def freshness(by: Reckoning) -> list[SourceFreshnessOut]:
    """Of every source that figures of clients come from."""
    return [SourceFreshnessOut.model_validate(source) for source in (by.source, *by.books)]
