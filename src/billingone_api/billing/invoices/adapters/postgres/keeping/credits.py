"""Keeps credit notes, overpayments and prepayments, each with lines and allocations."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Final

from sqlalchemy import FromClause

from billingone_api.billing.invoices.adapters.postgres.keeping.lines import Attached
from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import (
    LINES_DIGEST,
    Found,
    Versioned,
)
from billingone_api.billing.invoices.adapters.postgres.keeping.whose import linked
from billingone_api.billing.invoices.books import Allocation, Credit, CreditKind, Ledger, Line
from billingone_api.billing.syncs.adapters.sightings import Swept
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.database.tables.invoices import (
    client_credits,
    credit_allocations,
    credit_lines,
)
from billingone_api.database.tenancy import owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.ids import new_id
from billingone_api.process import Process

_ATTACHED: Final = {"lines", "allocations"}
_SENT: Final = (
    *(item.name for item in fields(Credit) if item.name not in _ATTACHED),
    LINES_DIGEST,
)
_values_of: Final = attrgetter(*_SENT)


def _resolve(rows: FromClause, sent: FromClause, kept: FromClause) -> tuple[FromClause, Found]:  # noqa: ARG001 - a Resolve
    joined, client_id = linked(rows, sent)
    return joined, {"client_id": client_id}


_TABLE: Final = Versioned(client_credits, _SENT, resolve=_resolve)
_LINES: Final = Attached(credit_lines, "credit_id", [item.name for item in fields(Line)])
_ALLOCATIONS: Final = Attached(
    credit_allocations, "credit_id", [item.name for item in fields(Allocation)]
)


def _of(kind: CreditKind, list_name: str) -> Swept:
    is_kind = client_credits.c.kind == word(kind)
    return _TABLE.swept(list_name, is_kind)


CREDIT_NOTES: Final = _of(CreditKind.CREDIT_NOTE, "credit_notes")
OVERPAYMENTS: Final = _of(CreditKind.OVERPAYMENT, "overpayments")
PREPAYMENTS: Final = _of(CreditKind.PREPAYMENT, "prepayments")


class PostgresCredits:
    """The credits of one ledger, of whatever kind."""

    def __init__(self, process: Process, run: RunContext, ledger: Ledger) -> None:
        self._process = process
        self._values = owned_by(run.organisation_id, ledger_id=ledger.id, source=run.source)

    async def write(self, work: UnitOfWork, records: Sequence[Credit]) -> Tally:
        if not records:
            return Tally()
        await rely_on_mapping(work)
        values = self._values | {"at": self._process.clock.now()}
        staged = ((new_id(), *_values_of(one)) for one in records)
        judged = await _TABLE.judge(work, staged, values)
        tally = await _TABLE.write(work, judged, values)
        await _LINES.replace(work, judged, {one.source_id: one.lines for one in records})
        allocations = {one.source_id: one.allocations for one in records}
        await _ALLOCATIONS.replace(work, judged, allocations)
        return tally
