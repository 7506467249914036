"""Records of each third party that may be a client's, and how they are linked, as SQL."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Join,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    union,
)

from billingone_api.billing.clients.models import PAX8, SUPEROPS, XERO
from billingone_api.billing.definitions.adapters.invoices import in_current_books, is_not_void
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tables.superops import superops_clients
from billingone_api.database.tables.xero import xero_contacts
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

LISTS: Final[dict[str, Table]] = {
    PAX8: pax8_companies,
    XERO: xero_contacts,
    SUPEROPS: superops_clients,
}
"""Where each source's records are listed."""


def in_list(source: str) -> ColumnElement[bool]:
    """Whether a row of the source's list is one that we read now."""
    table = LISTS[source]
    mine = own(table) & table.c.gone_at.is_(None)
    return mine if source == PAX8 else mine & in_current_books(table)


def is_worth_mapping(source: str) -> ColumnElement[bool]:
    """Suppliers, archived and merged contacts of Xero are no client's until an invoice says so."""
    if source != XERO:
        return literal_column("true")
    of = xero_contacts.c
    is_archived = func.coalesce(func.upper(of.source_status) == word("ARCHIVED"), _FALSE)
    return func.coalesce(of.is_customer, _TRUE) & of.merged_into.is_(None) & ~is_archived


_TRUE: Final[ColumnElement[bool]] = literal_column("true")
_FALSE: Final[ColumnElement[bool]] = literal_column("false")


def spoken_of(source: str) -> Select[Any]:
    """Ids of records that subscriptions or invoices have, listed or not."""
    if source == PAX8:
        of = subscriptions.c
        return select(of.company_id.label("source_id")).where(
            own(subscriptions),
            of.source == word(PAX8),
            of.gone_at.is_(None),
            of.company_id.is_not(None),
        )
    bills = invoices.c
    return select(bills.contact_id.label("source_id")).where(
        own(invoices),
        bills.source == word(source),
        bills.contact_id.is_not(None),
        in_current_books(invoices),
        is_not_void(invoices),
    )


def known_ids(source: str, *more: Select[Any]) -> FromClause:
    """Of every record that is listed, spoken of, or in `more`; each once, as `source_id`."""
    return union(_listed(source), spoken_of(source), *more).subquery("known")


def _listed(source: str) -> Select[Any]:
    table = LISTS[source]
    return select(table.c.source_id).where(in_list(source), is_worth_mapping(source))


def _without_client(source: str) -> FromClause:
    """As `known_ids`, of no client and some others: what is a client's speaks of none of them.

    So that of a million subscriptions only those are read that are left to map.
    """
    speaking = subscriptions if source == PAX8 else invoices
    spoken = spoken_of(source).where(speaking.c.client_id.is_(None))
    return union(_listed(source), spoken).subquery("known")


def as_listed_and_linked(source: str, known: FromClause) -> Join:
    """Records, each with its row in the source's list and with its link, if there are."""
    table, links = LISTS[source], client_links.c
    is_its = own(table) & (table.c.source_id == known.c.source_id)
    if source != PAX8:
        is_its &= in_current_books(table)
    is_link = (
        own(client_links) & (links.source == word(source)) & (links.source_id == known.c.source_id)
    )
    return known.outerjoin(table, is_its).outerjoin(client_links, is_link)


def records(source: str, *, searched: bool = False) -> Select[Any]:
    """`source_id`, `name`, and the link's `client_id`, `origin` and `reason`, NULL without one.

    All that are without a client, and some that are not.
    """
    table, links, known = LISTS[source], client_links.c, _without_client(source)
    statement = select(
        known.c.source_id, table.c.name, links.client_id, links.origin, links.reason
    ).select_from(as_listed_and_linked(source, known))
    if searched:
        words = func.lower(func.concat_ws(" ", table.c.name, known.c.source_id))
        statement = statement.where(func.strpos(words, func.lower(bindparam("q", type_=Text))) > 0)
    return statement


def unmapped(source: str, *, with_nobodys: bool, searched: bool = False) -> FromClause:
    """Records without a client; those that a person set to nobody only if asked for."""
    whose = client_links.c.client_id if with_nobodys else client_links.c.origin
    return records(source, searched=searched).where(whose.is_(None)).subquery("records")
