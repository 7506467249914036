"""People on the wire."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.inventory import examples
from billingone_api.billing.inventory.models import Standing
from billingone_api.billing.inventory.schemas.standing import (
    InventoryClientOut,
    InventoryCompanyOut,
    InventorySource,
    InventoryStandingOut,
    owners,
)
from billingone_api.kit.pagination import Page, PageOf


class InventoryUserOut(BaseModel):
    """A person whom SuperOps lists for a client now: a contact, no licensed mailbox."""

    source: InventorySource
    source_id: Annotated[str, Field(description="SuperOps' id of the person.")]
    client: Annotated[
        InventoryClientOut | None, Field(description="Null: nobody is linked to the company.")
    ]
    company: Annotated[
        InventoryCompanyOut, Field(description="The first, of a person at several of the client's.")
    ]
    name: str | None
    counted: Annotated[bool, Field(description="One of the client's `users`; else it has none.")]

    @classmethod
    def row(cls, row: Mapping[str, Any]) -> Self:
        return cls.model_validate({**row, **owners(row)})


class InventoryUserPage(PageOf[InventoryUserOut]):
    """One page of people; whoever belongs to two clients is there for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.USERS]})

    standing: InventoryStandingOut

    @classmethod
    def of(cls, page: Page[Mapping[str, Any]], standing: Standing) -> Self:
        return cls(
            items=[InventoryUserOut.row(row) for row in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            standing=InventoryStandingOut.of(standing),
        )
