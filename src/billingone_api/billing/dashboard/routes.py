"""Shows the dashboard."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May
from billingone_api.billing.dashboard.schemas import DashboardOut
from billingone_api.billing.dashboard.service import dashboard
from billingone_api.billing.dashboard.wiring import TheFacts
from billingone_api.request import TheProcess

router = APIRouter(tags=["dashboard"])

read_dashboard: Final = May(Permission.DASHBOARD_READ)
Reader = Annotated[Caller, Depends(read_dashboard)]


@router.get(
    "/dashboard",
    operation_id="get_dashboard",
    summary="What is earned each month, and how far that can be trusted",
)
async def get_dashboard(caller: Reader, known: TheFacts, process: TheProcess) -> DashboardOut:
    """Four cards; a figure whose source is not connected or never synced is null, with a reason.

    What the figures mean is under `/v1/definitions`; the clients that bring the most under
    `/v1/clients?sort=-mrr`.
    """
    now = process.clock.now()
    facts = await known.facts(caller.organisation, now=now)
    return DashboardOut.model_validate(dashboard(facts, caller.organisation, now=now))
