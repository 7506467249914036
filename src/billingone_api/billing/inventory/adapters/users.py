"""The list of people: whose each is; whoever is at several sites of a client is one."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, cast, exists, func, select
from sqlalchemy.types import Boolean

from billingone_api.billing.counts.adapters.devices import is_company_of, is_link_of, is_read
from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.superops import superops_clients, superops_users
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NONE: Final = word("")
_OF: Final = superops_users.c
_LINK: Final = client_links.c


def _owner(client_id: ColumnElement[Any], company_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """A client of ours, or a company of nobody's."""
    return func.coalesce(cast(client_id, Text), company_id)


def _is_told_before() -> ColumnElement[bool]:
    """By another site or company of the same owner, so that it is no other person."""
    other, company, link = (
        table.alias("other_" + table.name)
        for table in (superops_users, superops_clients, client_links)
    )
    joined = other.outerjoin(company, is_company_of(other, company)).outerjoin(
        link, is_link_of(company.c.source_id, link)
    )
    return exists(
        select(other.c.source_id)
        .select_from(joined)
        .where(
            is_read(other),
            other.c.user_source_id == _OF.user_source_id,
            other.c.source_id < _OF.source_id,
            _owner(link.c.client_id, other.c.client_source_id)
            == _owner(_LINK.client_id, _OF.client_source_id),
        )
        .correlate(superops_users, superops_clients, client_links)
    )


_OWNED: Final = superops_clients.outerjoin(
    client_links, is_link_of(superops_clients.c.source_id)
).outerjoin(clients, own(clients) & (clients.c.id == _LINK.client_id))
USERS: Final = Listing(
    name="users",
    rows=select(
        word(SUPEROPS).label("source"),
        _OF.user_source_id.label("source_id"),
        _LINK.client_id,
        clients.c.name.label("client_name"),
        _OF.client_source_id.label("company_id"),
        superops_clients.c.name.label("company_name"),
        _OF.name,
        _LINK.client_id.is_not(None).label("counted"),
    )
    .select_from(superops_users.outerjoin(_OWNED, is_company_of(superops_users)))
    .where(is_read(superops_users), ~_is_told_before()),
    filters={
        "q": words_in(func.coalesce(_OF.name, _NONE)),
        "client_id": _LINK.client_id == bindparam("client_id", type_=Uuid()),
        "counted": _LINK.client_id.is_not(None) == bindparam("counted", type_=Boolean),
    },
    sorts={
        "name": func.coalesce(_OF.name, _NONE),
        "client": func.coalesce(clients.c.name, _NONE),
    },
    key=_OF.source_id,
)
