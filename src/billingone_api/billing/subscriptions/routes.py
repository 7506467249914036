"""The HTTP door of subscriptions: list, count, download, look at one; products and their usage."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from billingone_api.billing.subscriptions import service, wiring
from billingone_api.billing.subscriptions.schemas.detail import SubscriptionDetailOut
from billingone_api.billing.subscriptions.schemas.lists import (
    SubscriptionCountsOut,
    SubscriptionPage,
)
from billingone_api.billing.subscriptions.schemas.products import ProductIn, ProductOut, ProductPage
from billingone_api.billing.subscriptions.schemas.queries import (
    CountsQuery,
    ExportQuery,
    ProductsQuery,
    SubscriptionsQuery,
)
from billingone_api.billing.subscriptions.wiring import (
    Exporter,
    Reader,
    TheCatalogue,
    TheDetail,
    TheList,
    basis_of,
    exported,
    write_subscriptions,
)
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import IfMatch, expected_version, tag_with_state, tagged
from billingone_api.kit.exports import CSV, WORKBOOK, CsvFile, Workbook, begun
from billingone_api.kit.openapi import problems
from billingone_api.kit.text import storable
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])

ProductId = Annotated[
    str, Path(max_length=200, description="Pax8's id of the product."), AfterValidator(storable)
]


@router.get("", operation_id="list_subscriptions", summary="Subscriptions, one page of them")
async def list_subscriptions(
    query: Annotated[SubscriptionsQuery, Query()], caller: Reader, listing: TheList
) -> SubscriptionPage:
    """By client unless another order is asked for; `q` searches client, product and ids."""
    page = await listing.page(query.wanted())
    return SubscriptionPage.model_validate(
        {
            "items": page.items,
            "next_cursor": page.next_cursor,
            "total": page.total,
            "basis": basis_of(caller),
        }
    )


@router.get(
    "/counts", operation_id="count_subscriptions", summary="How many subscriptions have each badge"
)
async def count_subscriptions(
    query: Annotated[CountsQuery, Query()], listing: TheList
) -> SubscriptionCountsOut:
    """With the list's filters, and how far the source of it all can be trusted."""
    return SubscriptionCountsOut.model_validate(await listing.counts(query.filters()))


@router.get(
    "/export.csv",
    operation_id="export_subscriptions",
    summary="Subscriptions as a file",
    response_class=StreamingResponse,
    responses=CSV,
)
async def export_subscriptions(
    query: Annotated[ExportQuery, Query()], caller: Exporter, process: TheProcess
) -> CsvFile:
    """Every row that the list would show with these filters, streamed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.CSV)
    return CsvFile(await begun(rows), name=f"subscriptions-{today}.csv")


@router.get(
    "/export.xlsx",
    operation_id="export_subscriptions_workbook",
    summary="Subscriptions as a workbook",
    response_class=StreamingResponse,
    responses=WORKBOOK,
)
async def export_subscriptions_workbook(
    query: Annotated[ExportQuery, Query()], caller: Exporter, process: TheProcess
) -> Workbook:
    """The same rows in cells with types, streamed: numbers, days, instants in UTC, and text.

    Rows that Excel has no room for on a sheet are on the next.
    """
    today = caller.organisation.day_of(process.clock.now())
    rows = exported(process, caller, query.wanted(), wiring.XLSX)
    return Workbook(await begun(rows), name=f"subscriptions-{today}.xlsx")


@router.get("/products", operation_id="list_products", summary="Products that are subscribed to")
async def list_products(
    query: Annotated[ProductsQuery, Query()], catalogue: TheCatalogue, process: TheProcess
) -> ProductPage:
    """By name, with what is known of how they are billed."""
    page = await catalogue.page(query.wanted(), cursors=process.cursors)
    return ProductPage.model_validate(page)


@router.get(
    "/products/{source_id}",
    operation_id="get_product",
    summary="One product",
    responses=tagged(),
)
async def get_product(
    source_id: ProductId, catalogue: TheCatalogue, response: Response
) -> ProductOut:
    """Read it before saying how it is billed."""
    return _tagged_product(await service.found_product(catalogue, source_id), response)


@router.patch(
    "/products/{source_id}",
    operation_id="update_product",
    summary="Say whether a product is billed by usage",
    dependencies=[Depends(write_subscriptions)],
    responses=tagged(is_read=False) | problems(412, 428),
)
async def update_product(
    source_id: ProductId,
    change: ProductIn,
    catalogue: TheCatalogue,
    process: TheProcess,
    work: Work,
    response: Response,
    if_match: IfMatch = None,
) -> ProductOut:
    """Its subscriptions follow at once, each with a new version."""
    product = await service.mark_product(
        catalogue,
        source_id,
        usage_billed=change.usage_billed,
        expected=expected_version(if_match),
        at=process.clock.now(),
        tell=work.tell,
    )
    return _tagged_product(product, response)


@router.get(
    "/{subscription_id}",
    operation_id="get_subscription",
    summary="One subscription with its history",
    responses=tagged(),
)
async def get_subscription(
    subscription_id: UUID, caller: Reader, detail: TheDetail, response: Response
) -> SubscriptionDetailOut:
    """Everything that is known of it, and each change of it that we saw."""
    found = await detail.find(subscription_id)
    if found is None:
        raise NotFound
    shown = SubscriptionDetailOut.model_validate(found | {"basis": basis_of(caller)})
    tag_with_state(response, version=found["version"], state=shown.model_dump_json())
    return shown


def _tagged_product(product: Mapping[str, Any], response: Response) -> ProductOut:
    shown = ProductOut.model_validate(dict(product))
    tag_with_state(response, version=product["version"], state=shown.model_dump_json())
    return shown
