"""Which adapter stands behind each port of subscriptions, for the API and for the worker."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.integrations.wiring import pax8_for
from billingone_api.billing.subscriptions.adapters.charges import Pax8ChargesSource
from billingone_api.billing.subscriptions.adapters.pax8 import Pax8Portfolio
from billingone_api.billing.subscriptions.adapters.postgres.catalogue import PostgresCatalogue
from billingone_api.billing.subscriptions.adapters.postgres.charges import (
    SWEPT_BILLS,
    PostgresBills,
)
from billingone_api.billing.subscriptions.adapters.postgres.companies import (
    COMPANIES,
    PostgresCompanies,
)
from billingone_api.billing.subscriptions.adapters.postgres.contacts import PostgresContacts
from billingone_api.billing.subscriptions.adapters.postgres.detail import PostgresDetail
from billingone_api.billing.subscriptions.adapters.postgres.files import PostgresFile
from billingone_api.billing.subscriptions.adapters.postgres.lists import PostgresList
from billingone_api.billing.subscriptions.adapters.postgres.portfolio import (
    SUBSCRIPTIONS,
    PostgresPortfolio,
)
from billingone_api.billing.subscriptions.adapters.postgres.products import PostgresProducts
from billingone_api.billing.subscriptions.charges import (
    BILLS,
    MONTHS_READ,
    ChargesInDraft,
    ChargesOfBills,
    ChargesSource,
    IfAllowed,
    bills_alone,
    month_from,
    today_at_pax8,
)
from billingone_api.billing.subscriptions.contacts import Contacts
from billingone_api.billing.subscriptions.models import Wanted
from billingone_api.billing.subscriptions.ports import Portfolio
from billingone_api.billing.subscriptions.service import Acquaintance, Refresh, companies_alone
from billingone_api.billing.subscriptions.sweeps import Sweep
from billingone_api.billing.syncs.adapters.organisation import time_zone_of
from billingone_api.billing.syncs.adapters.sightings import PostgresSightings
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_subscriptions: Final = May(Permission.SUBSCRIPTIONS_READ)
write_subscriptions: Final = May(Permission.SUBSCRIPTIONS_WRITE)
export_subscriptions: Final = MayOutside(Permission.SUBSCRIPTIONS_READ)

Reader = Annotated[Caller, Depends(read_subscriptions)]
Exporter = Annotated[Caller, Depends(export_subscriptions)]


def basis_of(caller: Caller) -> PriceBasis:
    organisation = caller.organisation
    return PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)


async def listing(caller: Reader, work: Work, process: TheProcess) -> PostgresList:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresList(work, basis=basis_of(caller), today=today, cursors=process.cursors)


async def detail(caller: Reader, work: Work, process: TheProcess) -> PostgresDetail:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresDetail(work, basis=basis_of(caller), today=today)


async def catalogue(caller: Reader, work: Work) -> PostgresCatalogue:  # noqa: ARG001 - lets readers in
    return PostgresCatalogue(work)


TheList = Annotated[PostgresList, Depends(listing)]
TheDetail = Annotated[PostgresDetail, Depends(detail)]
TheCatalogue = Annotated[PostgresCatalogue, Depends(catalogue)]


Format = Callable[[PostgresFile, Wanted], AsyncGenerator[bytes]]
CSV: Final[Format] = PostgresFile.csv
XLSX: Final[Format] = PostgresFile.xlsx


def exported(
    process: Process, caller: Caller, wanted: Wanted, written: Format
) -> AsyncGenerator[bytes]:
    today = caller.organisation.day_of(process.clock.now())

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        return written(PostgresFile(work, basis=basis_of(caller), today=today), wanted)

    return process.streamed(caller.organisation.id, chunks)


@dataclass(frozen=True, slots=True)
class Pax8:
    """What a run reads of one connection."""

    portfolio: Portfolio
    charges: ChargesSource


@asynccontextmanager
async def pax8_of(process: Process, run: RunContext) -> AsyncIterator[Pax8]:
    """Pax8 with the credentials of the run's connection."""
    async with process.work(run.organisation_id) as work:
        time_zone = await time_zone_of(work)
    async with pax8_for(process, run.organisation_id, run.connection_id) as client:
        yield Pax8(
            Pax8Portfolio(client, time_zone=time_zone), charges=Pax8ChargesSource(client.charges)
        )


def steps_over(pax8: Portfolio, process: Process, run: RunContext) -> Sequence[Step]:
    """In the order in which labels come out right: subscriptions take theirs from the others.

    People come last, at a call for each company: what is billed is there before.
    """
    products = PostgresProducts(process, run)
    acquaintance = Acquaintance(pax8, products=products, rows=PostgresPortfolio(process.clock))
    return (
        Sweep(
            name=COMPANIES.kind,
            read=pax8.companies,
            find=pax8.company,
            saving=companies_alone(PostgresCompanies(process.clock)),
            sightings=PostgresSightings(process, run, COMPANIES),
        ),
        Refresh(pax8, products, process.clock),
        Sweep(
            name=SUBSCRIPTIONS.kind,
            read=pax8.subscriptions,
            find=pax8.subscription,
            saving=acquaintance.saving,
            sightings=PostgresSightings(process, run, SUBSCRIPTIONS),
        ),
        Contacts(pax8, PostgresContacts(process, run), run.mode, process.clock),
    )


def charging_steps(charges: ChargesSource, process: Process, run: RunContext) -> Sequence[Step]:
    """They come last: without them the portfolio is as good."""
    rows = PostgresBills(process, run)
    since = month_from(today_at_pax8(process.clock.now()), months=-MONTHS_READ)
    listed = Sweep(
        name=BILLS,
        read=partial(charges.bills, since=since),
        find=charges.bill,
        saving=bills_alone(rows),
        sightings=PostgresSightings(process, run, SWEPT_BILLS, {"since": since}),
    )
    steps = (
        listed,
        ChargesOfBills(charges, rows),
        ChargesInDraft(charges, rows, process.clock, run.mode),
    )
    return tuple(IfAllowed(step) for step in steps)
