"""What invoices were when they were last read with their lines."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, select

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import LEDGER
from billingone_api.billing.invoices.books import Ledger
from billingone_api.billing.syncs.models import RunContext
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own, owned_by
from billingone_api.process import Process

_KEPT: Final = prepare(
    select(invoices.c.source_id, invoices.c.seen_digest).where(
        own(invoices),
        invoices.c.ledger_id == LEDGER,
        invoices.c.source_id == bindparam("ids", type_=ARRAY(Text)).any_(),
        invoices.c.gone_at.is_(None),
    )
)


class PostgresDigests:
    """Those of one ledger."""

    def __init__(self, process: Process, run: RunContext, ledger: Ledger) -> None:
        self._process = process
        self._values = owned_by(run.organisation_id, ledger_id=ledger.id)

    async def of(self, source_ids: Sequence[str]) -> Mapping[str, bytes | None]:
        async with self._process.work(self._values["organisation_id"]) as work:
            rows = await fetch(work.connection, _KEPT, **self._values, ids=list(source_ids))
        return {row["source_id"]: row["seen_digest"] for row in rows}
