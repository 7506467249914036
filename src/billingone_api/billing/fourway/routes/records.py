"""The door of the four-way line: the records of a month, and all of them summed up."""

from typing import Annotated

from fastapi import APIRouter, Query

from billingone_api.billing.fourway.schemas.queries import MonthQuery, RecordsQuery, first_of
from billingone_api.billing.fourway.schemas.records import FourWayPage, FourWayRecordOut
from billingone_api.billing.fourway.schemas.standing import StandingOut
from billingone_api.billing.fourway.schemas.summaries import FourWaySummaryOut, summed_up
from billingone_api.billing.fourway.wiring import Reader, four_way_in
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/four-way", tags=["reconciliation"])


@router.get(
    "",
    operation_id="list_four_way",
    summary="Used, licensed, billed and charged, the most leaking first",
)
async def list_four_way(
    query: Annotated[RecordsQuery, Query()], caller: Reader, work: Work, process: TheProcess
) -> FourWayPage:
    """One record for each client, product and currency of a month.

    Charges are Pax8's invoice of the month, or its draft while there is none. A client's invoice
    belongs to the month of its date, drafts of it too; its lines are matched by an item code that
    is the SKU of one product, or by a description that a person confirmed.
    """
    reading, basis = four_way_in(work, caller, process, first_of(query.month))
    standing = await reading.standing()
    page = await reading.page(query.page(), standing, cursors=process.cursors)
    month = basis.month
    return FourWayPage.model_validate(
        {
            "items": [
                FourWayRecordOut.row(row, month.first, basis.reporting_currency)
                for row in page.items
            ],
            "next_cursor": page.next_cursor,
            "total": page.total,
            "standing": StandingOut.of(standing, month=month.first, day=month.day),
        }
    )


@router.get(
    "/summary",
    operation_id="get_four_way_summary",
    summary="What leaks in a month, by currency and by part",
)
async def get_four_way_summary(
    query: Annotated[MonthQuery, Query()], caller: Reader, work: Work, process: TheProcess
) -> FourWaySummaryOut:
    """With how fresh each source is, what is covered, and why the rest is not."""
    reading, basis = four_way_in(work, caller, process, first_of(query.month))
    standing = await reading.standing()
    shown = StandingOut.of(standing, month=basis.month.first, day=basis.month.day)
    totals, unmatched = await reading.totals(standing), await reading.unmatched()
    return summed_up(totals, unmatched, await reading.unrecorded(), shown)
