"""What third parties have that may be a client's: who speaks of a record, and what it is called."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    case,
    false,
    literal_column,
    or_,
    select,
    union,
)

from billingone_api.billing.clients.models import PAX8, SUPEROPS, XERO
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.invoices import invoices, ledgers
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tables.superops import superops_clients
from billingone_api.database.tables.xero import xero_contacts
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_BOOKS: Final = {XERO: xero_contacts, SUPEROPS: superops_clients}


_ONE: Final[ColumnElement[int]] = literal_column("1")


def name_of(source: ColumnElement[str], source_id: ColumnElement[str]) -> ColumnElement[Any]:
    """What its source's list calls a record; NULL where no list that is read shows it."""
    names = {PAX8: _company(source_id)} | {key: _of_books(key, source_id) for key in _BOOKS}
    return case(*((source == word(key), name) for key, name in names.items()))


def speaking_of(source: str, source_id: ColumnElement[str]) -> FromClause:
    """A row with that `source_id` where a list, something that belongs to it, or a link has it."""
    links = client_links.c
    is_linked = own(client_links) & (links.source == word(source)) & (links.source_id == source_id)
    listed = _listed(source, source_id)
    return union(
        *listed,
        _holding(source, source_id),
        select(links.source_id).where(is_linked),
    ).subquery("known")


def _company(source_id: ColumnElement[str]) -> ColumnElement[Any]:
    of = pax8_companies.c
    found = select(of.name).where(own(pax8_companies), of.source_id == source_id)
    return found.scalar_subquery()


def _of_books(source: str, source_id: ColumnElement[str]) -> ColumnElement[Any]:
    table = _BOOKS[source].alias()
    return select(table.c.name).where(_is_read(table, source_id)).limit(_ONE).scalar_subquery()


def _is_read(table: FromClause, source_id: ColumnElement[str]) -> ColumnElement[bool]:
    """It stands in the books that are read now, whatever other ones said."""
    books = ledgers.alias()
    current = (
        select(_ONE)
        .where(own(books), books.c.id == table.c.ledger_id, books.c.is_current)
        .correlate(table)
        .exists()
    )
    return own(table) & (table.c.source_id == source_id) & current


def _listed(source: str, source_id: ColumnElement[str]) -> list[Select[Any]]:
    if source == PAX8:
        of = pax8_companies.c
        return [select(of.source_id).where(own(pax8_companies), of.source_id == source_id)]
    table = _BOOKS[source]
    return [select(table.c.source_id).where(_is_read(table, source_id))]


def _holding(source: str, source_id: ColumnElement[str]) -> Select[Any]:
    if source == PAX8:
        of = subscriptions.c
        mine = own(subscriptions) & (of.source == word(PAX8)) & (of.company_id == source_id)
        return select(of.company_id).where(mine)
    bills = invoices.c
    mine = own(invoices) & (bills.source == word(source)) & (bills.contact_id == source_id)
    return select(bills.contact_id).where(mine)


def is_known(source: ColumnElement[str], source_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether its list, something that belongs to it, or a link has the record."""
    links = client_links.c
    is_linked = (
        select(_ONE)
        .where(own(client_links), links.source == source, links.source_id == source_id)
        .exists()
    )
    each = []
    for key in (PAX8, *_BOOKS):
        speaking = (*_listed(key, source_id), _holding(key, source_id))
        found = or_(*(one.limit(_ONE).exists() for one in speaking))
        each.append((source == word(key), found))
    return or_(is_linked, case(*each, else_=false()))
