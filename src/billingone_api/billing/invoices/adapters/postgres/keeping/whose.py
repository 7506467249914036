"""Whose a document is: its contact's client, unless a person said otherwise."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, func

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import SOURCE, Found
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NOTHING: Final = word("")


def linked(rows: FromClause, sent: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
    """The rows with the link of each contact, and the client it names."""
    link = client_links.c
    of_contact = and_(own(client_links), link.source == SOURCE, link.source_id == sent.c.contact_id)
    return rows.outerjoin(client_links, of_contact), link.client_id


def client_of(rows: FromClause, sent: FromClause, kept: FromClause) -> tuple[FromClause, Found]:
    """Also how the client is called, or else the contact."""
    joined, client_id = linked(rows, sent)
    whose = case((kept.c.client_by_hand, kept.c.client_id), else_=client_id)
    joined = joined.outerjoin(clients, and_(own(clients), clients.c.id == whose))
    label = func.coalesce(clients.c.name, sent.c.contact_name, _NOTHING)
    return joined, {"client_id": whose, "client_label": label}
