"""Keeps which invoice of SuperOps is one of Xero once more, whoever changed one of the two."""

import json
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ARRAY, Text, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, UUID

from billingone_api.billing.definitions.models import SUPEROPS, XERO, InvoiceState
from billingone_api.billing.definitions.twins import Candidate, paired
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.tables.invoices import invoices, ledgers
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_VOID: Final = word(InvoiceState.VOID)


def _shared() -> Any:
    """Invoices that are there, in books that are read, of the numbers that SuperOps has too."""
    of, other = invoices.c, invoices.alias("superops")
    keys = bindparam("keys", type_=ARRAY(Text))
    theirs = (
        select(other.c.number_key)
        .where(
            own(other),
            other.c.source == word(SUPEROPS),
            other.c.number_key == keys.any_(),
            other.c.number_key != word(""),
        )
        .scalar_subquery()
    )
    is_read = own(ledgers) & (ledgers.c.id == of.ledger_id) & ledgers.c.is_current
    return (
        select(
            of.id,
            (of.source == word(XERO)).label("is_xeros"),
            of.number_key,
            of.client_id,
            of.currency,
            of.total,
            (of.state == _VOID).label("is_void"),
            of.issued_on,
            of.twin_id,
            of.twin_by,
            (ledgers.c.id.is_not(None) & of.gone_at.is_(None)).label("is_there"),
        )
        .select_from(invoices.outerjoin(ledgers, is_read))
        .where(own(invoices), of.number_key == func.any(func.array(theirs)))
        .order_by(of.id)
        .with_for_update(of=invoices)
    )


def _setting() -> Any:
    sent = (
        func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
        .table_valued(
            column("id", UUID(as_uuid=True)),
            column("twin_id", UUID(as_uuid=True)),
            column("twin_by", Text),
            name="sent",
        )
        .render_derived(with_types=True)
    )
    return (
        update(invoices)
        .where(own(invoices), invoices.c.id == sent.c.id)
        .values(twin_id=sent.c.twin_id, twin_by=sent.c.twin_by)
    )


_SHARED: Final = prepare(_shared())
_SETTING: Final = prepare(_setting())


async def pair(work: UnitOfWork, number_keys: Collection[str]) -> int:
    """Look at these numbers again; of how many invoices the twin is another now.

    Whoever writes a number, client, currency, total, state or `gone_at` of an invoice asks for
    its number in the same transaction, the one from before and the one after, and whoever
    changes which books are read asks for all of them. It begins with `write_invoices` or
    `change_mapping`.
    """
    if not number_keys:
        return 0
    owner = work.organisation_id
    rows = await fetch(
        work.connection, _SHARED, organisation_id=owner, keys=sorted(set(number_keys))
    )
    twins = paired(_candidate(row) for row in rows if row["is_there"])
    news = [
        {"id": str(row["id"]), "twin_id": None if xeros is None else str(xeros), "twin_by": by}
        for row in rows
        for xeros, by in [twins.get(row["id"], (None, None))]
        if (xeros, by) != (row["twin_id"], row["twin_by"])
    ]
    if news:
        await fetch(work.connection, _SETTING, organisation_id=owner, rows=json.dumps(news))
    return len(news)


def _candidate(row: Row) -> Candidate:
    names = Candidate.__dataclass_fields__
    return Candidate(**{name: row[name] for name in names})
