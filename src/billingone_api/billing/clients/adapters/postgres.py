"""Keeps clients and links, and lets subscriptions follow them, each in one statement for many."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

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

from billingone_api.billing.clients.models import (
    PAX8,
    Holding,
    Link,
    MasterRecord,
    Origin,
    Situation,
)
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.mapping import change_mapping
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_FIELDS: Final = tuple(item.name for item in fields(MasterRecord))
_PAX8: Final = literal_column(f"'{PAX8}'", Text)
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_ORGANISATION: Final = bindparam("organisation_id", type_=Uuid())
_COMPANIES: Final = bindparam("companies", type_=ARRAY(Text))


class PostgresClientRegister:
    """The register of the organisation that a unit of work is for; `at` dates what it writes."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def take_turn(self) -> None:
        await change_mapping(self._work)

    async def known(self, ids: Collection[UUID]) -> Mapping[UUID, MasterRecord]:
        rows = await self._run(_KNOWN, ids=list(ids))
        return {row["id"]: _record(row) for row in rows}

    async def save(self, records: Sequence[MasterRecord]) -> None:
        rows = [asdict(record) | {"id": str(record.id)} for record in records]
        await self._run(_SAVE, rows=json.dumps(rows), at=self._at)

    async def situations(self, company_ids: Collection[str]) -> Mapping[str, Situation]:
        rows = await self._run(_SITUATIONS, companies=list(company_ids))
        return {row["company_id"]: Situation(_link(row), tuple(row["claimants"])) for row in rows}

    async def relink(self, links: Mapping[str, Link | None], *, by: str | None) -> None:
        unlinked = [company_id for company_id, link in links.items() if link is None]
        linked = [
            {"source_id": company_id, "client_id": _text(link.client_id), "origin": link.origin}
            for company_id, link in links.items()
            if link is not None
        ]
        if unlinked:
            await self._run(_UNLINK, companies=unlinked)
        if linked:
            await self._run(_LINK, rows=json.dumps(linked), by=by, at=self._at)

    async def companies_of(self, client_ids: Collection[UUID]) -> Collection[str]:
        rows = await self._run(_COMPANIES_OF, ids=list(client_ids))
        return [row["source_id"] for row in rows]

    async def move_subscriptions(self, company_ids: Collection[str]) -> int:
        companies = list(company_ids)
        # In the order of their ids, so that whoever else changes many of them waits, not hangs.
        await self._run(_LOCK, companies=companies)
        moved = await self._run(_MOVE, companies=companies, at=self._at)
        await self._run(_RELABEL, companies=companies)
        return len(moved)

    async def holding(self, company_id: str) -> Holding | None:
        rows = await self._run(_HOLDING, company=company_id)
        return _holding(rows[0]) if rows else None

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        # Not by SQLAlchemy's execute: it takes a value named like a column for one to be SET.
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def _record(row: Row) -> MasterRecord:
    return MasterRecord(**{**row, "domains": tuple(row["domains"])})


def _link(row: Row) -> Link | None:
    return None if row["origin"] is None else Link(row["client_id"], Origin(row["origin"]))


def _holding(row: Row) -> Holding:
    origin = None if row["origin"] is None else Origin(row["origin"])
    return Holding(**{**row, "source": PAX8, "origin": origin})


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


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


_KNOWN: Final = prepare(
    select(*(clients.c[name] for name in _FIELDS)).where(own(clients), _any_of(clients.c.id, "ids"))
)
_SAVE: Final = prepare(_save())
_SITUATIONS: Final = prepare(_situations())
_UNLINK: Final = prepare(
    delete(client_links).where(
        own(client_links),
        client_links.c.source == _PAX8,
        _any_of(client_links.c.source_id, "companies"),
    )
)
_LINK: Final = prepare(_relink())
_COMPANIES_OF: Final = prepare(
    select(client_links.c.source_id).where(
        own(client_links),
        client_links.c.source == _PAX8,
        _any_of(client_links.c.client_id, "ids"),
    )
)
_LOCK: Final = prepare(
    select(subscriptions.c.id).where(_of_companies()).order_by(subscriptions.c.id).with_for_update()
)
_MOVE: Final = prepare(_move())
_RELABEL: Final = prepare(_relabel())
_HOLDING: Final = prepare(_one_holding())
