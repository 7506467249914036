"""Which adapters copy SuperOps, and in which steps."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from billingone_api.billing.integrations.wiring import superops_for
from billingone_api.billing.invoices.adapters.postgres.keeping.digests import PostgresDigests
from billingone_api.billing.invoices.adapters.postgres.keeping.invoices import (
    INVOICES,
    PostgresInvoices,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.ledgers import PostgresLedgers
from billingone_api.billing.invoices.adapters.postgres.keeping.plain import (
    ASSETS,
    CLIENTS,
    USERS,
    Plain,
    PostgresPlain,
    Word,
)
from billingone_api.billing.invoices.adapters.superops.documents import Terms
from billingone_api.billing.invoices.adapters.superops.lists import SuperOpsLists
from billingone_api.billing.invoices.books import Ledger
from billingone_api.billing.invoices.copying.keeping import Lists
from billingone_api.billing.invoices.opening import ORGANISATION, InLedger, Listed, Opening
from billingone_api.billing.invoices.ports import SuperOps, Walk
from billingone_api.billing.invoices.walks import Walking, WalkingInvoices
from billingone_api.billing.syncs.adapters.organisation import time_zone_of
from billingone_api.billing.syncs.models import RunContext
from billingone_api.billing.syncs.ports import Step
from billingone_api.process import Process

STEP_NAMES: Final = (
    ORGANISATION,
    CLIENTS.swept.kind,
    INVOICES.kind,
    ASSETS.swept.kind,
    USERS.swept.kind,
)


@asynccontextmanager
async def superops_of(process: Process, run: RunContext) -> AsyncIterator[SuperOps]:
    """The account that was saved as the run's connection."""
    async with process.work(run.organisation_id) as work:
        time_zone = await time_zone_of(work)
    async with superops_for(process, run.organisation_id, run.connection_id) as door:
        yield SuperOpsLists(door.client, door.subdomain, Terms(door.currency, time_zone))


def steps_over(superops: SuperOps, process: Process, run: RunContext) -> Sequence[Step]:
    ledgers = PostgresLedgers(process, run)

    def over(ledger: Ledger) -> "_Lists":
        return _Lists(process, run, ledger, superops)

    made: dict[str, Callable[[Ledger], Listed]] = {
        CLIENTS.swept.kind: lambda ledger: over(ledger).plain(CLIENTS, superops.clients),
        INVOICES.kind: lambda ledger: over(ledger).invoices(),
        ASSETS.swept.kind: lambda ledger: over(ledger).plain(ASSETS, superops.assets),
        USERS.swept.kind: lambda ledger: over(ledger).plain(USERS, superops.users),
    }
    return (
        Opening(superops, ledgers),
        *(InLedger(name, ledgers, step) for name, step in made.items()),
    )


@dataclass(frozen=True, slots=True)
class _Lists(Lists):
    """Those of SuperOps."""

    superops: SuperOps

    def plain(self, kept: Plain[Word], walk: Callable[[], Walk[Word]]) -> Listed:
        rows = PostgresPlain(kept, self.process, self.run, self.ledger)
        return Walking(self.keeping(kept.swept, rows), walk)

    def invoices(self) -> Listed:
        rows = PostgresInvoices(self.process, self.run, self.ledger)
        digests = PostgresDigests(self.process, self.run, self.ledger)
        return WalkingInvoices(self.keeping(INVOICES, rows), self.superops, digests, self.run.mode)
