"""The list of people: whose each is; whoever is at several sites of a client is one."""

from typing import Any, Final

from sqlalchemy import Text, Uuid, and_, bindparam, cast, func, select
from sqlalchemy.types import Boolean

from billingone_api.billing.counts.adapters.devices import is_company_of, is_link_of, is_read
from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.superops import superops_clients, superops_users
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NONE: Final = word("")


def _each() -> Any:
    """A person and a client of ours, or a company of nobody's."""
    of, client_id = superops_users.c, client_links.c.client_id
    owner = func.coalesce(cast(client_id, Text), of.client_source_id)
    joined = superops_users.outerjoin(superops_clients, is_company_of(superops_users)).outerjoin(
        client_links, is_link_of(superops_clients.c.source_id)
    )
    return (
        select(
            client_id,
            owner.label("owner"),
            of.user_source_id.label("source_id"),
            func.min(of.client_source_id).label("company_id"),
            func.min(of.name).label("name"),
        )
        .select_from(joined)
        .where(is_read(superops_users))
        .group_by(client_id, owner, of.user_source_id)
        .subquery("each")
    )


def _listing() -> Listing:
    each = _each()
    of, company = each.c, superops_clients.alias("company")
    is_its = and_(is_read(company), company.c.source_id == of.company_id)
    joined = each.outerjoin(company, is_its).outerjoin(
        clients, own(clients) & (clients.c.id == of.client_id)
    )
    is_counted = of.client_id.is_not(None)
    return Listing(
        name="users",
        rows=select(
            word(SUPEROPS).label("source"),
            of.source_id,
            of.client_id,
            clients.c.name.label("client_name"),
            of.company_id,
            company.c.name.label("company_name"),
            of.name,
            is_counted.label("counted"),
        ).select_from(joined),
        filters={
            "q": words_in(func.coalesce(of.name, _NONE)),
            "client_id": of.client_id == bindparam("client_id", type_=Uuid()),
            "counted": is_counted == bindparam("counted", type_=Boolean),
        },
        sorts={
            "name": func.coalesce(of.name, _NONE),
            "client": func.coalesce(clients.c.name, _NONE),
        },
        key=of.owner + word(" ") + of.source_id,
    )


USERS: Final = _listing()
