"""PostgreSQL stands behind clients; what their figures are reckoned by is put together here."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside, caller_of
from billingone_api.billing.clients.adapters.postgres.contacts import PostgresContacts
from billingone_api.billing.clients.adapters.postgres.details import PostgresClientDetails
from billingone_api.billing.clients.adapters.postgres.files import PostgresClientsFile
from billingone_api.billing.clients.adapters.postgres.history import PostgresDeeds
from billingone_api.billing.clients.adapters.postgres.mapping_file import PostgresMappingFile
from billingone_api.billing.clients.adapters.postgres.parties import parties_of
from billingone_api.billing.clients.adapters.postgres.portfolio import PostgresPortfolio
from billingone_api.billing.clients.adapters.postgres.register import PostgresClientRegister
from billingone_api.billing.clients.adapters.postgres.sources import what_there_is
from billingone_api.billing.clients.adapters.postgres.unmapped import (
    PostgresUnmapped,
    unmapped_ids,
)
from billingone_api.billing.clients.adapters.postgres.workbench import PostgresWorkbench
from billingone_api.billing.clients.deeds import Wish
from billingone_api.billing.clients.models import (
    PAX8,
    SUPEROPS,
    XERO,
    ClientsWanted,
    PageWanted,
    Suggested,
    SuggestedRecord,
    UnmappedWanted,
)
from billingone_api.billing.clients.ports import ClientRegister
from billingone_api.billing.clients.service.carrying_out import Desk
from billingone_api.billing.clients.service.suggestions import chosen, suggested, sure
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Page
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_clients = May(Permission.CLIENTS_READ)
map_clients = May(Permission.CLIENTS_MAP)
read_outside = MayOutside(Permission.CLIENTS_READ)
map_outside = MayOutside(Permission.CLIENTS_MAP)

Mapper = Annotated[Caller, Depends(map_clients)]
OutsideReader = Annotated[Caller, Depends(read_outside)]
OutsideMapper = Annotated[Caller, Depends(map_outside)]


async def reckoning_of(work: UnitOfWork, caller: Caller, *, now: datetime) -> Reckoning:
    chosen, told = caller.organisation, await what_there_is(work)
    found = told.sources
    return Reckoning(
        source=found[PAX8],
        books=(found[XERO], found[SUPEROPS]),
        basis=PriceBasis(chosen.pax8_price_is, chosen.annual_price_is),
        reporting_currency=chosen.reporting_currency,
        today=chosen.day_of(now),
        now=now,
        time_zone=chosen.time_zone,
        has_counts=told.has_counts,
        has_count_rules=told.has_rules,
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


TheUnmapped = Annotated[PostgresUnmapped, Depends(unmapped)]


async def details(work: Work, by: TheReckoning) -> PostgresClientDetails:
    return PostgresClientDetails(work, by)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Unmapped records of the caller's organisation, each with whose it may be.

    What they are compared by is read first; comparing takes long, and no transaction is open then.
    """

    process: Process
    caller: Caller

    async def page(self, wanted: UnmappedWanted, at: PageWanted) -> Page[SuggestedRecord]:
        async with self.process.work(self.caller.organisation.id) as work:
            by = await reckoning_of(work, self.caller, now=self.process.clock.now())
            records = PostgresUnmapped(work, self.process.cursors, by)
            page = await records.page(wanted, at, of="suggestions")
            known = await parties_of(work, wanted.source)
        ids = [record.source_id for record in page.items]
        found = await suggested(known, ids, compute=self.process.compute)
        names = known.names
        items = [
            SuggestedRecord(
                record,
                [Suggested(each.client, names[each.client], each) for each in candidates],
            )
            for record, candidates in zip(page.items, found, strict=True)
        ]
        return Page(items=items, next_cursor=page.next_cursor, total=page.total)

    async def wishes(self, source: str, *, lowest: int, only_sure: bool) -> Sequence[Wish]:
        """Of all unmapped records: the likeliest client of each, where it is likely enough."""
        async with self.process.work(self.caller.organisation.id) as work:
            known, ids = await parties_of(work, source), await unmapped_ids(work, source)
        if only_sure:
            return await sure(known, source, ids, compute=self.process.compute)
        found = await suggested(known, ids, compute=self.process.compute)
        return chosen(source, ids, found, lowest=lowest)


async def register(work: Work, process: TheProcess) -> ClientRegister:
    return PostgresClientRegister(work, at=process.clock.now())


TheClientRegister = Annotated[ClientRegister, Depends(register)]


def _desk(work: UnitOfWork, by: str | None, *, at: datetime, money: Reckoning | None) -> Desk:
    """Without a reckoning nobody is told how much money moves."""
    workbench = PostgresWorkbench(work, money, at=at)
    return Desk(PostgresClientRegister(work, at=at), workbench, by, work.tell, at)


async def desk(work: Work, process: TheProcess, caller: Mapper, money: TheReckoning) -> Desk:
    """Where a person who may map is told how much money moves."""
    return _desk(work, caller.label, at=process.clock.now(), money=money)


async def small_desk(work: Work, process: TheProcess, caller: Mapper) -> Desk:
    """Where nobody asks for that."""
    return _desk(work, caller.label, at=process.clock.now(), money=None)


def desk_of_identifiers(work: UnitOfWork, *, at: datetime) -> Desk:
    return _desk(work, None, at=at, money=None)


async def deeds(work: Work, process: TheProcess) -> PostgresDeeds:
    return PostgresDeeds(work, process.cursors)


async def contacts(work: Work, process: TheProcess) -> PostgresContacts:
    return PostgresContacts(work, process.clock.now())


TheContacts = Annotated[PostgresContacts, Depends(contacts)]
TheDeeds = Annotated[PostgresDeeds, Depends(deeds)]
TheDesk = Annotated[Desk, Depends(desk)]
TheSmallDesk = Annotated[Desk, Depends(small_desk)]
ThePortfolio = Annotated[PostgresPortfolio, Depends(portfolio)]
TheClientDetails = Annotated[PostgresClientDetails, Depends(details)]


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


def mapping_file(process: Process, caller: Caller, source: str | None) -> AsyncGenerator[bytes]:
    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        return PostgresMappingFile(work).csv(source)

    return process.streamed(caller.organisation.id, chunks)
