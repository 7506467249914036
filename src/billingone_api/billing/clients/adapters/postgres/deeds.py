"""What the workbench says to PostgreSQL; thousands of rows travel as one parameter."""

from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    DateTime,
    Select,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.clients.adapters.postgres.records import is_known, name_of
from billingone_api.billing.clients.adapters.postgres.statements import asked, sent_rows
from billingone_api.billing.clients.deeds import Deed, Kind
from billingone_api.database.fast import Row, prepare
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.mapping import mapping_changes, mapping_deeds, refused_links
from billingone_api.database.tenancy import own

_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
_DEED: Final = bindparam("deed_id", type_=Uuid())
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_BY: Final = bindparam("by", type_=Text)
_PAIR: Final = ("source", "source_id", "client_id")
_CHANGE: Final = tuple(
    column.name
    for column in mapping_changes.columns
    if column.name not in {"organisation_id", "deed_id"}
)


def deeds() -> Select[Any]:
    """Each with how many records it changed."""
    of, changes = mapping_deeds.c, mapping_changes.c
    records = (
        select(func.count())
        .where(own(mapping_changes), changes.deed_id == of.id)
        .correlate(mapping_deeds)
        .scalar_subquery()
    )
    return select(
        of.id,
        of.kind,
        of.done_at,
        of.done_by,
        of.from_client_id,
        of.into_client_id,
        of.undone_at,
        of.undone_by,
        records.label("records"),
    ).where(own(mapping_deeds))


def deed_of(row: Row) -> Deed:
    return Deed(**{**row, "kind": Kind(row["kind"])})


def _known() -> Select[Any]:
    wanted = asked()
    return (
        select(
            wanted.c.source,
            wanted.c.source_id,
            name_of(wanted.c.source, wanted.c.source_id).label("name"),
        )
        .select_from(wanted)
        .where(is_known(wanted.c.source, wanted.c.source_id))
    )


def _add_deed() -> ClauseElement:
    return insert(mapping_deeds).values(
        organisation_id=_ORGANISATION,
        id=bindparam("id", type_=Uuid()),
        kind=bindparam("kind", type_=Text),
        done_at=_AT,
        done_by=_BY,
        from_client_id=bindparam("from_client", type_=Uuid()),
        into_client_id=bindparam("into_client", type_=Uuid()),
    )


def _add_changes() -> ClauseElement:
    sent = sent_rows(mapping_changes, *_CHANGE)
    rows = select(_ORGANISATION, _DEED, *(sent.c[name] for name in _CHANGE))
    return insert(mapping_changes).from_select(["organisation_id", "deed_id", *_CHANGE], rows)


def _refuse() -> ClauseElement:
    sent = sent_rows(refused_links, *_PAIR)
    rows = select(_ORGANISATION, *(sent.c[name] for name in _PAIR), _BY, _AT)
    names = ["organisation_id", *_PAIR, "refused_by", "refused_at"]
    return insert(refused_links).from_select(names, rows).on_conflict_do_nothing()


def _allow() -> ClauseElement:
    sent = sent_rows(refused_links, *_PAIR)
    pair = tuple_(*(refused_links.c[name] for name in _PAIR))
    return delete(refused_links).where(
        own(refused_links), pair.in_(select(*(sent.c[name] for name in _PAIR)))
    )


def _refused() -> Select[Any]:
    of, wanted = refused_links.c, asked()
    return select(of.source, of.source_id, of.client_id).where(
        own(refused_links),
        tuple_(of.source, of.source_id).in_(select(wanted.c.source, wanted.c.source_id)),
    )


def merged_away(client_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Its records went to another, that has not been undone, and it has got none since."""
    of = mapping_deeds.c
    is_merged = (
        select(literal_column("1"))
        .where(own(mapping_deeds), of.from_client_id == client_id, of.undone_at.is_(None))
        .exists()
    )
    return is_merged & ~_holds(client_id)


def _holds(client_id: ColumnElement[Any]) -> ColumnElement[bool]:
    links = client_links.c
    return (
        select(literal_column("1")).where(own(client_links), links.client_id == client_id).exists()
    )


def _merged() -> Select[Any]:
    """The newest last, which is the one that holds."""
    of = mapping_deeds.c
    return (
        select(of.from_client_id, of.into_client_id)
        .where(own(mapping_deeds), of.undone_at.is_(None), of.from_client_id.is_not(None))
        .where(of.into_client_id.is_not(None), ~_holds(of.from_client_id))
        .order_by(of.id)
    )


def _later() -> Select[Any]:
    """By their ids, which are made in turn: `done_at` was read before that was waited for."""
    of = mapping_deeds.c
    return deeds().where(of.undone_at.is_(None), of.id > _DEED).order_by(of.id.desc())


def _overtaken() -> Select[Any]:
    own_changes, theirs, of = mapping_changes.alias("mine"), mapping_changes.c, mapping_deeds.c
    mine = own_changes.c
    is_same = (theirs.source == mine.source) & (theirs.source_id == mine.source_id)
    return (
        select(mine.position)
        .select_from(own_changes)
        .join(mapping_changes, own(mapping_changes) & is_same)
        .join(mapping_deeds, own(mapping_deeds) & (of.id == theirs.deed_id))
        .where(own(own_changes), mine.deed_id == _DEED, mine.is_link_changed)
        .where(theirs.is_link_changed, of.id > _DEED, of.undone_at.is_(None))
        .limit(literal_column("1"))
    )


KNOWN: Final = prepare(_known())
RECORDS_OF: Final = prepare(
    select(client_links.c.source, client_links.c.source_id)
    .where(own(client_links), client_links.c.client_id == bindparam("client_id", type_=Uuid()))
    .order_by(client_links.c.source, client_links.c.source_id)
)
ADD_DEED: Final = prepare(_add_deed())
ADD_CHANGES: Final = prepare(_add_changes())
REFUSE: Final = prepare(_refuse())
ALLOW: Final = prepare(_allow())
REFUSED: Final = prepare(_refused())
MERGED: Final = prepare(_merged())
FIND: Final = prepare(deeds().where(mapping_deeds.c.id == _DEED))
LATER: Final = prepare(_later())
OVERTAKEN: Final = prepare(_overtaken())
CHANGES: Final = prepare(
    select(*(mapping_changes.c[name] for name in _CHANGE))
    .where(own(mapping_changes), mapping_changes.c.deed_id == _DEED)
    .order_by(mapping_changes.c.position)
)
MARK_UNDONE: Final = prepare(
    update(mapping_deeds)
    .where(own(mapping_deeds), mapping_deeds.c.id == _DEED)
    .values(undone_at=_AT, undone_by=_BY)
)
