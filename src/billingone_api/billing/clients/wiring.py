"""PostgreSQL stands behind clients; what their figures are reckoned by is put together here."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside, caller_of
from billingone_api.billing.clients.adapters.postgres import sources
from billingone_api.billing.clients.adapters.postgres.details import PostgresClientDetails
from billingone_api.billing.clients.adapters.postgres.files import PostgresClientsFile
from billingone_api.billing.clients.adapters.postgres.portfolio import PostgresPortfolio
from billingone_api.billing.clients.adapters.postgres.register import PostgresClientRegister
from billingone_api.billing.clients.adapters.postgres.unmapped import PostgresUnmapped
from billingone_api.billing.clients.models import ClientsWanted
from billingone_api.billing.clients.ports import ClientRegister
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_clients = May(Permission.CLIENTS_READ)
map_clients = May(Permission.CLIENTS_MAP)
export_clients = MayOutside(Permission.CLIENTS_READ)

Exporter = Annotated[Caller, Depends(export_clients)]
Mapper = Annotated[Caller, Depends(map_clients)]


async def reckoning_of(work: UnitOfWork, caller: Caller, *, now: datetime) -> Reckoning:
    chosen = caller.organisation
    return Reckoning(
        source=await sources.pax8(work),
        basis=PriceBasis(chosen.pax8_price_is, chosen.annual_price_is),
        reporting_currency=chosen.reporting_currency,
        today=chosen.day_of(now),
    )


async def reckoning(
    work: Work, process: TheProcess, caller: Annotated[Caller, Depends(caller_of)]
) -> Reckoning:
    return await reckoning_of(work, caller, now=process.clock.now())


TheReckoning = Annotated[Reckoning, Depends(reckoning)]


async def portfolio(work: Work, process: TheProcess, by: TheReckoning) -> PostgresPortfolio:
    return PostgresPortfolio(work, process.cursors, by)


async def unmapped(work: Work, process: TheProcess, by: TheReckoning) -> PostgresUnmapped:
    return PostgresUnmapped(work, process.cursors, by)


async def details(work: Work, by: TheReckoning) -> PostgresClientDetails:
    return PostgresClientDetails(work, by)


async def register(work: Work, process: TheProcess) -> ClientRegister:
    return PostgresClientRegister(work, at=process.clock.now())


ThePortfolio = Annotated[PostgresPortfolio, Depends(portfolio)]
TheUnmapped = Annotated[PostgresUnmapped, Depends(unmapped)]
TheClientDetails = Annotated[PostgresClientDetails, Depends(details)]
TheClientRegister = Annotated[ClientRegister, Depends(register)]


Format = Callable[[PostgresClientsFile, ClientsWanted], AsyncGenerator[bytes]]
CSV: Final[Format] = PostgresClientsFile.csv
XLSX: Final[Format] = PostgresClientsFile.xlsx


def exported(
    process: Process, caller: Caller, wanted: ClientsWanted, written: Format
) -> AsyncGenerator[bytes]:
    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        by = await reckoning_of(work, caller, now=process.clock.now())
        return written(PostgresClientsFile(work, by), wanted)

    return process.streamed(caller.organisation.id, chunks)
