"""Where one run keeps the lists of one ledger, whoever's they are."""

from dataclasses import dataclass

from billingone_api.billing.integrations.models import PROVIDERS
from billingone_api.billing.invoices.books import Ledger
from billingone_api.billing.invoices.ports import Rows
from billingone_api.billing.invoices.sweeps import Keeping, T
from billingone_api.billing.syncs.adapters.cursors import PostgresCursors
from billingone_api.billing.syncs.adapters.sightings import PostgresSightings, Swept
from billingone_api.billing.syncs.models import RunContext
from billingone_api.process import Process


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one ledger, as one run copies them."""

    process: Process
    run: RunContext
    ledger: Ledger

    def keeping(self, swept: Swept, rows: Rows[T]) -> Keeping[T]:
        scope = {"ledger_id": self.ledger.id}
        sightings = PostgresSightings(self.process, self.run, swept, scope)
        cursors = PostgresCursors(self.process, self.run, str(self.ledger.id))
        return Keeping(swept.kind, rows, sightings, cursors, PROVIDERS[self.run.source])
