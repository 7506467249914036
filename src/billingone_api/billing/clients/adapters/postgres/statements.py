"""What the register says to PostgreSQL; a thousand rows travel as one parameter."""

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    Text,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from billingone_api.billing.clients.models import PAX8, MasterRecord
from billingone_api.database.fast import prepare
from billingone_api.database.history import with_versions
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tenancy import own

_FIELDS: Final = tuple(item.name for item in fields(MasterRecord))
_PAX8: Final = literal_column(f"'{PAX8}'", Text)
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
_COMPANIES: Final = bindparam("companies", type_=ARRAY(Text))


def _any_of(of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return of == bindparam(name, type_=ARRAY(of.type)).any_()


def _sent(table: FromClause, *names: str) -> FromClause:
    """Rows that travel as one JSON parameter, so that a thousand are one statement."""
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    columns = (column(name, table.c[name].type) for name in names)
    return rows.table_valued(*columns, name="sent").render_derived(with_types=True)


def _save() -> ClauseElement:
    sent = _sent(clients, *_FIELDS)
    rows = select(_ORGANISATION, *(sent.c[name] for name in _FIELDS), _AT, _AT)
    names = ["organisation_id", *_FIELDS, "created_at", "updated_at"]
    statement = insert(clients).from_select(names, rows)
    news = {name: statement.excluded[name] for name in (*_FIELDS, "updated_at") if name != "id"}
    return statement.on_conflict_do_update(
        index_elements=list(clients.primary_key.columns),
        set_=news | {"version": clients.c.version + 1},
    )


def _situations() -> Select[Any]:
    asked = func.unnest(_COMPANIES).table_valued("company_id", name="asked").render_derived()
    claimants = (
        select(clients.c.id)
        .where(own(clients), clients.c.pax8_company_id == asked.c.company_id)
        .scalar_subquery()
    )
    return select(
        asked.c.company_id,
        client_links.c.client_id,
        client_links.c.origin,
        func.array(claimants, type_=ARRAY(Uuid)).label("claimants"),
    ).select_from(asked.outerjoin(client_links, _links(asked.c.company_id)))


def _links(company_id: ColumnElement[Any]) -> ColumnElement[bool]:
    of = client_links.c
    return own(client_links) & (of.source == _PAX8) & (of.source_id == company_id)


def _relink() -> ClauseElement:
    sent = _sent(client_links, "source_id", "client_id", "origin")
    rows = select(_ORGANISATION, _PAX8, *sent.c, bindparam("by", type_=Text), _AT)
    news = ("client_id", "origin", "linked_by", "linked_at")
    names = ["organisation_id", "source", "source_id", *news]
    statement = insert(client_links).from_select(names, rows)
    return statement.on_conflict_do_update(
        index_elements=list(client_links.primary_key.columns),
        set_={name: statement.excluded[name] for name in news},
    )


def _of_companies() -> ColumnElement[bool]:
    of = subscriptions.c
    return own(subscriptions) & (of.source == _PAX8) & _any_of(of.company_id, "companies")


def _whose() -> Any:
    """For each subscription of the companies: the client it should have, and its label."""
    of = subscriptions.c
    label = func.coalesce(clients.c.name, pax8_companies.c.name, literal_column("''", Text))
    is_client = own(clients) & (clients.c.id == client_links.c.client_id)
    is_company = own(pax8_companies) & (pax8_companies.c.source_id == of.company_id)
    return (
        select(of.id, client_links.c.client_id, label.label("label"))
        .select_from(
            subscriptions.outerjoin(client_links, _links(of.company_id))
            .outerjoin(clients, is_client)
            .outerjoin(pax8_companies, is_company)
        )
        .where(_of_companies())
        .subquery("whose")
    )


def _move() -> ClauseElement:
    whose, of = _whose(), subscriptions.c
    return with_versions(
        update(subscriptions)
        .where(own(subscriptions), of.id == whose.c.id)
        .where(of.client_id.is_distinct_from(whose.c.client_id))
        .values(
            client_id=whose.c.client_id,
            client_label=whose.c.label,
            version=of.version + 1,
            changed_at=_AT,
        )
    )


def _relabel() -> ClauseElement:
    whose, of = _whose(), subscriptions.c
    return (
        update(subscriptions)
        .where(own(subscriptions), of.id == whose.c.id, of.client_label != whose.c.label)
        .values(client_label=whose.c.label)
    )


def _one_holding() -> Select[Any]:
    """A company that Pax8's list, a subscription or a link speaks of, and how it stands."""
    wanted = bindparam("company", type_=Text)
    of, companies = subscriptions.c, pax8_companies.c
    known = union(
        select(companies.source_id).where(own(pax8_companies), companies.source_id == wanted),
        select(of.company_id).where(
            own(subscriptions), of.source == _PAX8, of.company_id == wanted
        ),
        select(client_links.c.source_id).where(_links(wanted)),
    ).subquery("known")
    is_company = own(pax8_companies) & (companies.source_id == known.c.source_id)
    is_client = own(clients) & (clients.c.id == client_links.c.client_id)
    links = client_links.c
    return select(
        known.c.source_id,
        companies.name,
        links.client_id,
        clients.c.name.label("client_name"),
        links.origin,
        links.linked_by,
        links.linked_at,
    ).select_from(
        known.outerjoin(pax8_companies, is_company)
        .outerjoin(client_links, _links(known.c.source_id))
        .outerjoin(clients, is_client)
    )


KNOWN: Final = prepare(
    select(*(clients.c[name] for name in _FIELDS)).where(own(clients), _any_of(clients.c.id, "ids"))
)
SAVE: Final = prepare(_save())
SITUATIONS: Final = prepare(_situations())
UNLINK: Final = prepare(
    delete(client_links).where(
        own(client_links),
        client_links.c.source == _PAX8,
        _any_of(client_links.c.source_id, "companies"),
    )
)
LINK: Final = prepare(_relink())
COMPANIES_OF: Final = prepare(
    select(client_links.c.source_id).where(
        own(client_links),
        client_links.c.source == _PAX8,
        _any_of(client_links.c.client_id, "ids"),
    )
)
LOCK: Final = prepare(
    select(subscriptions.c.id).where(_of_companies()).order_by(subscriptions.c.id).with_for_update()
)
MOVE: Final = prepare(_move())
RELABEL: Final = prepare(_relabel())
HOLDING: Final = prepare(_one_holding())
