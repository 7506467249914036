"""The door of descriptions: which lines nobody knows the product of, and what a person says."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from billingone_api.billing.fourway import service
from billingone_api.billing.fourway.models import DAYS_OF_LINES
from billingone_api.billing.fourway.proposing import proposals_for
from billingone_api.billing.fourway.schemas.mappings import (
    DescriptionsQuery,
    LineDescriptionOut,
    LineDescriptionPage,
    LineMappingDone,
    LineMappingIn,
    LineMappingPage,
    LineMappingUndo,
    MappingsQuery,
)
from billingone_api.billing.fourway.wiring import TheMappings, Writer
from billingone_api.kit.idempotency import Once
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/four-way", tags=["reconciliation"], route_class=Once)


@router.get(
    "/descriptions",
    operation_id="list_four_way_descriptions",
    summary="Lines of invoices that nobody knows the product of, most money first",
)
async def list_four_way_descriptions(
    query: Annotated[DescriptionsQuery, Query()],
    mappings: TheMappings,
    process: TheProcess,
) -> LineDescriptionPage:
    """Those of the last 366 days that no item code matches, each with what it may bill.

    A proposal changes no figure until somebody confirms it.
    """
    since = mappings.today - timedelta(days=DAYS_OF_LINES)
    page = await mappings.descriptions(query.page(), since=since, cursors=process.cursors)
    keys = [row["description_key"] for row in page.items]
    refused, products = await mappings.refused(keys), await mappings.products()
    proposed = await process.compute(partial(proposals_for, keys, products, refused))
    items = [
        LineDescriptionOut.row(row, proposals)
        for row, proposals in zip(page.items, proposed, strict=True)
    ]
    return LineDescriptionPage.model_validate(
        {"items": items, "next_cursor": page.next_cursor, "total": page.total}
    )


@router.get(
    "/mappings",
    operation_id="list_four_way_mappings",
    summary="What people said of descriptions, newest first",
)
async def list_four_way_mappings(
    query: Annotated[MappingsQuery, Query()], mappings: TheMappings, process: TheProcess
) -> LineMappingPage:
    """Confirmed: its lines bill the product. Refused: it is not proposed again."""
    page = await mappings.mappings(query.page(), cursors=process.cursors)
    items = [dict(row) for row in page.items]
    return LineMappingPage.model_validate(
        {"items": items, "next_cursor": page.next_cursor, "total": page.total}
    )


@router.post(
    "/mappings",
    operation_id="map_four_way_description",
    summary="Confirm or refuse that a description bills a product",
    responses=problems(404, 409),
)
async def map_four_way_description(
    body: LineMappingIn, caller: Writer, mappings: TheMappings, process: TheProcess, work: Work
) -> LineMappingDone:
    """Confirmed, it holds for every line of that description, in months that are over, too."""
    now = process.clock.now()
    await service.say(
        mappings, body.description, body.product_id, body.verdict, by=caller.label, at=now,
        tell=work.tell,
    )  # fmt: skip
    return LineMappingDone(
        description=body.description, product_id=body.product_id, verdict=body.verdict
    )


@router.post(
    "/mappings/undo",
    operation_id="undo_four_way_mapping",
    summary="Take back what was said of a description and a product",
)
async def undo_four_way_mapping(
    body: LineMappingUndo, _: Writer, mappings: TheMappings, work: Work
) -> LineMappingDone:
    """A refused product may be proposed again, and a confirmed one bills nothing any more."""
    await service.undo(mappings, body.description, body.product_id, tell=work.tell)
    return LineMappingDone(description=body.description, product_id=body.product_id, verdict=None)
