"""Lets subscriptions, invoices and credits follow the links and the names of clients."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Subquery,
    Table,
    bindparam,
    func,
    select,
    tuple_,
    update,
)

from billingone_api.billing.clients.adapters.postgres.records import name_of
from billingone_api.billing.clients.adapters.postgres.statements import any_of, asked
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_NOTHING: Final = word("")
_OWNERS: Final = {
    subscriptions: subscriptions.c.company_id,
    invoices: invoices.c.contact_id,
    client_credits: client_credits.c.contact_id,
}
"""What can be a client's, and which record of its source it belongs to."""


def _belongs(table: Table) -> ColumnElement[bool]:
    wanted = asked()
    of_records = tuple_(table.c.source, _OWNERS[table]).in_(
        select(wanted.c.source, wanted.c.source_id)
    )
    return own(table) & of_records


def _whose(table: Table, where: ColumnElement[bool]) -> Subquery:
    """For each row: the client it should have, and its label."""
    links, owner = client_links.c, _OWNERS[table]
    is_link = own(client_links) & (links.source == table.c.source) & (links.source_id == owner)
    is_client = own(clients) & (clients.c.id == links.client_id)
    told = table.c.contact_name if "contact_name" in table.c else name_of(table.c.source, owner)
    return (
        select(
            table.c.id,
            links.client_id,
            func.coalesce(clients.c.name, told, _NOTHING).label("label"),
        )
        .select_from(table.outerjoin(client_links, is_link).outerjoin(clients, is_client))
        .where(where)
        .subquery("whose")
    )


def _move(table: Table, where: ColumnElement[bool]) -> Prepared:
    whose, of = _whose(table, where), table.c
    label: dict[str, Any] = {"client_label": whose.c.label} if "client_label" in of else {}
    return prepare(
        with_versions(
            update(table)
            .where(own(table), of.id == whose.c.id)
            .where(of.client_id.is_distinct_from(whose.c.client_id))
            .values(client_id=whose.c.client_id, version=of.version + 1, changed_at=_AT, **label)
        )
    )


def _rename(table: Table) -> Prepared:
    of = table.c
    is_theirs = own(clients) & (clients.c.id == of.client_id)
    return prepare(
        update(table)
        .where(own(table), any_of(of.client_id, "ids"), is_theirs)
        .where(of.client_label != clients.c.name)
        .values(client_label=clients.c.name)
    )


def _lock(where: ColumnElement[bool]) -> Prepared:
    """In the order of their ids, so that whoever else changes many of them waits, not hangs."""
    of = subscriptions.c
    return prepare(select(of.id).where(where).order_by(of.id).with_for_update())


LOCK: Final = _lock(_belongs(subscriptions))
LOCK_THEIRS: Final = _lock(own(subscriptions) & any_of(subscriptions.c.client_id, "ids"))
MOVE_SUBSCRIPTIONS: Final = _move(subscriptions, _belongs(subscriptions))
MOVE_INVOICES: Final = _move(invoices, _belongs(invoices) & ~invoices.c.client_by_hand)
MOVE_CREDITS: Final = _move(client_credits, _belongs(client_credits))
RENAMES: Final = (_rename(subscriptions), _rename(invoices))
NUMBERS: Final = prepare(
    select(invoices.c.number_key).where(own(invoices), any_of(invoices.c.id, "ids")).distinct()
)
