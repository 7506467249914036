"""Which adapter stands behind each port of invoices."""

import hashlib
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, Final

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.definitions.adapters.receivables import receivables_of
from billingone_api.billing.definitions.receivables import month_of
from billingone_api.billing.invoices import service
from billingone_api.billing.invoices.adapters.postgres.belonging import PostgresBelongings
from billingone_api.billing.invoices.adapters.postgres.chart import PostgresChart
from billingone_api.billing.invoices.adapters.postgres.detail import PostgresInvoice
from billingone_api.billing.invoices.adapters.postgres.files import PostgresInvoicesFile
from billingone_api.billing.invoices.adapters.postgres.freshness import freshness_of
from billingone_api.billing.invoices.adapters.postgres.lists import PostgresInvoices
from billingone_api.billing.invoices.adapters.postgres.rows import Rows
from billingone_api.billing.invoices.adapters.postgres.twins import twins_of
from billingone_api.billing.invoices.models import AccountMapping, Wanted
from billingone_api.billing.invoices.ports import Belongings, Chart
from billingone_api.process import Process
from billingone_api.request import TheProcess, Work

read_invoices: Final = May(Permission.INVOICES_READ)
export_invoices: Final = MayOutside(Permission.INVOICES_READ)
map_invoices: Final = May(Permission.CLIENTS_MAP)
read_accounts: Final = May(Permission.INTEGRATIONS_READ)
write_accounts: Final = May(Permission.INTEGRATIONS_WRITE)

Reader = Annotated[Caller, Depends(read_invoices)]
Exporter = Annotated[Caller, Depends(export_invoices)]
AccountMapper = Annotated[Caller, Depends(write_accounts)]


def rows_of(process: Process) -> Rows:
    return Rows(process.settings.xero_web_url)


async def listing(caller: Reader, work: Work, process: TheProcess) -> PostgresInvoices:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresInvoices(work, rows=rows_of(process), today=today, cursors=process.cursors)


async def detail(caller: Reader, work: Work, process: TheProcess) -> PostgresInvoice:
    today = caller.organisation.day_of(process.clock.now())
    return PostgresInvoice(work, rows=rows_of(process), today=today)


async def belongings(work: Work, process: TheProcess) -> Belongings:
    return PostgresBelongings(work, at=process.clock.now())


async def chart(work: Work, process: TheProcess) -> Chart:
    return PostgresChart(work, at=process.clock.now())


TheList = Annotated[PostgresInvoices, Depends(listing)]
TheInvoice = Annotated[PostgresInvoice, Depends(detail)]
TheBelongings = Annotated[Belongings, Depends(belongings)]
TheChart = Annotated[Chart, Depends(chart)]


async def summary_of(caller: Caller, work: Work, process: Process) -> dict[str, Any]:
    """The cards with all that they rest on, in the shape of their schema."""
    now = process.clock.now()
    today = caller.organisation.day_of(now)
    currency = caller.organisation.reporting_currency
    figures = await receivables_of(
        work, reporting_currency=currency, today=today, with_payments=True
    )
    freshness = await freshness_of(work)
    mapping = await PostgresChart(work, at=now).mapping()
    twins = await twins_of(work)
    first, last = month_of(today)
    return {
        "as_of": now,
        "day": today,
        "month_from": first,
        "month_to": last,
        "reporting_currency": currency,
        "cards": service.cards(figures, freshness),
        "freshness": freshness,
        "coverage": service.coverage(figures, freshness, twins=twins, mapping=mapping),
    }


async def shown_accounts(mapping: AccountMapping, work: Work) -> dict[str, Any]:
    """The mapping beside when Xero last came through: without that, none means nothing."""
    xero, _ = await freshness_of(work)
    return {
        "organisation": mapping.organisation,
        "accounts": mapping.accounts,
        "coverage": mapping.coverage,
        "freshness": xero,
    }


def version_of(mapping: AccountMapping) -> int:
    """A number for what is mapped to what: accounts that Xero changes are no conflict."""
    told = sorted((one.account_id, str(one.category)) for one in mapping.accounts if one.category)
    digest = hashlib.sha256(repr((mapping.ledger_id, told)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 1_000_000_000


Format = Callable[[PostgresInvoicesFile, Wanted], AsyncGenerator[bytes]]
CSV: Final[Format] = PostgresInvoicesFile.csv
XLSX: Final[Format] = PostgresInvoicesFile.xlsx


def exported(
    process: Process, caller: Caller, wanted: Wanted, written: Format
) -> AsyncGenerator[bytes]:
    today = caller.organisation.day_of(process.clock.now())

    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        return written(PostgresInvoicesFile(work, today=today), wanted)

    return process.streamed(caller.organisation.id, chunks)
