"""Keeps payments and refunds; what they leave unsaid, the document says that was paid."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Final

from sqlalchemy import ColumnElement, FromClause, Table, and_, func

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import (
    LEDGER,
    Found,
    Versioned,
)
from billingone_api.billing.invoices.books import Ledger, Payment
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.tables.invoices import client_credits, invoices, payments
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

_SENT: Final = tuple(item.name for item in fields(Payment))
_values_of: Final = attrgetter(*_SENT)


def _resolve(rows: FromClause, sent: FromClause, kept: FromClause) -> tuple[FromClause, Found]:  # noqa: ARG001 - a Resolve
    def paid(table: Table, by: str) -> ColumnElement[bool]:
        return and_(own(table), table.c.ledger_id == LEDGER, table.c.source_id == sent.c[by])

    joined = rows.outerjoin(invoices, paid(invoices, "invoice_source_id")).outerjoin(
        client_credits, paid(client_credits, "credit_source_id")
    )
    return joined, {
        name: func.coalesce(sent.c[name], invoices.c[name], client_credits.c[name])
        for name in ("currency", "contact_id")
    }


_TABLE: Final = Versioned(payments, _SENT, resolve=_resolve)
PAYMENTS: Final = _TABLE.swept("payments")


class PostgresPayments:
    """The payments of one ledger."""

    def __init__(self, process: Process, run: RunContext, ledger: Ledger) -> None:
        self._process = process
        self._values = owned_by(run.organisation_id, ledger_id=ledger.id, source=run.source)

    async def write(self, work: UnitOfWork, records: Sequence[Payment]) -> Tally:
        if not records:
            return Tally()
        values = self._values | {"at": self._process.clock.now()}
        staged = ((new_id(), *_values_of(one)) for one in records)
        judged = await _TABLE.judge(work, staged, values)
        return await _TABLE.write(work, judged, values)
