"""PostgreSQL stands behind counts, and PanelOne where the operator has said where it is."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May
from billingone_api.billing.counts.adapters import refreshes, superops
from billingone_api.billing.counts.adapters.panelone import PanelOneCounts, panelone_client
from billingone_api.billing.counts.adapters.postgres import PostgresCounts
from billingone_api.billing.counts.adapters.refreshes import PostgresRefreshes
from billingone_api.billing.counts.ports import CountRegister, RefreshBook
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

REFRESH_KIND: Final = refreshes.KIND
count_superops = superops.count_superops

read_refreshes: Final = May(Permission.RECONCILIATION_READ)
Refresher = Annotated[Caller, Depends(May(Permission.RECONCILIATION_WRITE))]


async def count_register(work: Work, process: TheProcess) -> CountRegister:
    return PostgresCounts(work, at=process.clock.now())


async def refreshes_in(work: Work, process: TheProcess) -> RefreshBook:
    return PostgresRefreshes(work, clock=process.clock)


def panelone_counts(process: Process, organisation_id: UUID) -> PanelOneCounts | None:
    client = panelone_client(process)
    return None if client is None else PanelOneCounts(client, organisation_id)


TheCountRegister = Annotated[CountRegister, Depends(count_register)]
TheRefreshes = Annotated[RefreshBook, Depends(refreshes_in)]
