"""What a client brings in, or why that is not known."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.clients.models import ClientDetail, ClientSummary
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Reckoning, Unknown
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
    reason: Annotated[
        Unknown | None,
        Field(
            description="Why there is no number, besides what is said of amounts.\n\n"
            "- `no_count`: nobody has counted this client's.\n"
            "- `count_stale`: the newest count is older than the organisation's limit.\n"
            "- `no_count_rule`: no rule says which products are licences to be compared.\n"
            "- `quantity_unknown`: one of the subscriptions has no quantity, or is billed by usage."
        ),
    ]


class AmountOut(BaseModel):
    """An amount, or null with the reason why it is not known."""

    model_config = ConfigDict(from_attributes=True)

    value: Annotated[Money | None, Field(description="In the reporting currency.")]
    reason: Annotated[
        Unknown | None,
        Field(
            description="Why there is no amount.\n\n"
            "- `source_not_connected`: nothing is connected that could tell.\n"
            "- `never_synced`: it is connected, and no sync has come through yet.\n"
            "- `not_linked`: it has come through, and no record of it is the client's.\n"
            "- `not_of_this_source`: another source tells of it.\n"
            "- `sell_price_unknown`: by the settings Pax8's price is what the organisation pays.\n"
            "- `cost_unknown`: no subscription has a cost beside its price.\n"
            "- `exchange_rate_missing`: see `missing_rates`."
        ),
    ]
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


def figures(client: ClientSummary | ClientDetail) -> dict[str, Any]:
    return {
        "mrr": MrrOut.model_validate(client.mrr),
        "active_subscriptions": CountOut.model_validate(client.active_subscriptions),
        "licences": CountOut.model_validate(client.licences),
        "devices": CountOut.model_validate(client.devices),
        "total_spend": TotalOut.model_validate(client.total_spend),
        "outstanding": TotalOut.model_validate(client.outstanding),
    }


def freshness(by: Reckoning) -> list[SourceFreshnessOut]:
    """Of every source that figures of clients come from."""
    return [SourceFreshnessOut.model_validate(source) for source in (by.source, *by.books)]
