"""Which adapter stands behind the four-way line; who may see it is as for reconciliation."""

from datetime import date
from typing import Annotated, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.fourway.adapters.postgres.files import PostgresFourWayFile
from billingone_api.billing.fourway.adapters.postgres.mappings import PostgresMappings
from billingone_api.billing.fourway.adapters.postgres.reading import PostgresFourWay
from billingone_api.billing.fourway.models import Basis
from billingone_api.billing.fourway.service import basis_of
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_four_way: Final = May(Permission.RECONCILIATION_READ)
write_four_way: Final = May(Permission.RECONCILIATION_WRITE)
export_four_way: Final = MayOutside(Permission.RECONCILIATION_READ)

Reader = Annotated[Caller, Depends(read_four_way)]
Writer = Annotated[Caller, Depends(write_four_way)]
Exporter = Annotated[Caller, Depends(export_four_way)]
FourWayFile = PostgresFourWayFile


def four_way_in(
    work: Work, caller: Caller, process: Process, month: date | None
) -> tuple[PostgresFourWay, Basis]:
    basis = basis_of(caller.organisation, month, now=process.clock.now())
    return PostgresFourWay(work, basis), basis


async def mappings_in(caller: Reader, work: Work, process: TheProcess) -> PostgresMappings:
    organisation = caller.organisation
    today = organisation.day_of(process.clock.now())
    return PostgresMappings(work, reporting_currency=organisation.reporting_currency, today=today)


TheMappings = Annotated[PostgresMappings, Depends(mappings_in)]
