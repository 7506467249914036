"""What the register says to PostgreSQL; a thousand rows travel as one parameter."""

import json
from collections.abc import Collection, Mapping, Sequence
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
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from billingone_api.billing.clients.adapters.postgres.records import name_of, speaking_of
from billingone_api.billing.clients.models import IDENTIFIERS, Holding, MasterRecord, Origin, Record
from billingone_api.database.fast import Prepared, Row, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_FIELDS: Final = tuple(item.name for item in fields(MasterRecord))
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())


def any_of(of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return of == bindparam(name, type_=ARRAY(of.type)).any_()


def asked() -> FromClause:
    """Records that travel as two parameters, `sources` and `source_ids`."""
    sources, ids = (bindparam(name, type_=ARRAY(Text)) for name in ("sources", "source_ids"))
    columns = column("source", Text), column("source_id", Text)
    return func.unnest(sources, ids).table_valued(*columns, name="asked").render_derived()


def asking(records: Collection[Record]) -> dict[str, Any]:
    """The two parameters."""
    return {
        "sources": [record.source for record in records],
        "source_ids": [record.source_id for record in records],
    }


def sending(rows: Sequence[Mapping[str, Any]]) -> str:
    """The one parameter of `sent_rows`."""
    return json.dumps(rows, default=str)


def holding(row: Row) -> Holding:
    """A row that has the fields of one."""
    return Holding(**{**row, "origin": None if row["origin"] is None else Origin(row["origin"])})


def sent_rows(table: FromClause, *names: str) -> FromClause:
    """Rows that travel as one JSON parameter, so that a thousand are one statement."""
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    columns = (column(name, table.c[name].type) for name in names)
    return rows.table_valued(*columns, name="sent").render_derived(with_types=True)


def _save() -> ClauseElement:
    sent = sent_rows(clients, *_FIELDS)
    rows = select(_ORGANISATION, *(sent.c[name] for name in _FIELDS), _AT, _AT)
    names = ["organisation_id", *_FIELDS, "created_at", "updated_at"]
    statement = insert(clients).from_select(names, rows)
    news = {name: statement.excluded[name] for name in (*_FIELDS, "updated_at") if name != "id"}
    return statement.on_conflict_do_update(
        index_elements=list(clients.primary_key.columns),
        set_=news | {"version": clients.c.version + 1},
    )


def is_link(record: FromClause) -> ColumnElement[bool]:
    of = client_links.c
    return own(client_links) & (of.source == record.c.source) & (of.source_id == record.c.source_id)


def _situations() -> Select[Any]:
    wanted = asked()
    # One after the other, so that each identifier is looked up by its own index.
    naming = union_all(
        *(
            select(clients.c.id)
            .where(
                own(clients),
                wanted.c.source == word(source),
                clients.c[identifier] == wanted.c.source_id,
            )
            .correlate(wanted)
            for source, identifier in IDENTIFIERS.items()
        )
    )
    return select(
        wanted.c.source,
        wanted.c.source_id,
        client_links.c.client_id,
        client_links.c.origin,
        client_links.c.reason,
        client_links.c.linked_by,
        client_links.c.linked_at,
        func.array(naming.scalar_subquery(), type_=ARRAY(Uuid)).label("claimants"),
    ).select_from(wanted.outerjoin(client_links, is_link(wanted)))


def _unlink() -> ClauseElement:
    of, wanted = client_links.c, asked()
    return delete(client_links).where(
        own(client_links),
        tuple_(of.source, of.source_id).in_(select(wanted.c.source, wanted.c.source_id)),
    )


def _relink() -> ClauseElement:
    news = ("client_id", "origin", "reason", "linked_by", "linked_at")
    sent = sent_rows(client_links, "source", "source_id", *news)
    statement = insert(client_links).from_select(
        ["organisation_id", "source", "source_id", *news], select(_ORGANISATION, *sent.c)
    )
    return statement.on_conflict_do_update(
        index_elements=list(client_links.primary_key.columns),
        set_={name: statement.excluded[name] for name in news},
    )


def _holding(source: str) -> Prepared:
    """A record that its source's list, what belongs to it or a link speaks of; how it stands."""
    links, known = client_links.c, speaking_of(source, bindparam("source_id", type_=Text))
    is_linked = own(client_links) & (links.source == word(source)) & (links.source_id == known.c[0])
    is_client = own(clients) & (clients.c.id == links.client_id)
    return prepare(
        select(
            word(source).label("source"),
            known.c[0].label("source_id"),
            name_of(word(source), known.c[0]).label("name"),
            links.client_id,
            clients.c.name.label("client_name"),
            links.origin,
            links.linked_by,
            links.linked_at,
            links.reason,
        ).select_from(known.outerjoin(client_links, is_linked).outerjoin(clients, is_client))
    )


KNOWN: Final = prepare(
    select(*(clients.c[name] for name in _FIELDS)).where(own(clients), any_of(clients.c.id, "ids"))
)
SAVE: Final = prepare(_save())
SITUATIONS: Final = prepare(_situations())
UNLINK: Final = prepare(_unlink())
LINK: Final = prepare(_relink())
HOLDINGS: Final = {source: _holding(source) for source in IDENTIFIERS}
