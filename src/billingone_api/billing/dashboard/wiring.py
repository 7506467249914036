"""Which adapter knows the dashboard's facts."""

from typing import Annotated

from fastapi import Depends

from billingone_api.billing.dashboard.adapters.postgres import PostgresDashboard
from billingone_api.request import Work


async def dashboard_facts(work: Work) -> PostgresDashboard:
    return PostgresDashboard(work)


TheFacts = Annotated[PostgresDashboard, Depends(dashboard_facts)]
