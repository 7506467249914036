"""Whom a client's invoices go to: people of its records in Xero and Pax8, and who was chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    DateTime,
    Select,
    Text,
    Uuid,
    bindparam,
    delete,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from billingone_api.billing.clients.models import PAX8, XERO, Contact, Primary
from billingone_api.billing.definitions.adapters.invoices import in_current_books
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.mapping import primary_contacts
from billingone_api.database.tables.subscriptions import pax8_contacts
from billingone_api.database.tables.xero import xero_contacts
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_CLIENT: Final = bindparam("client_id", type_=Uuid())
_LONGEST: Final = 320
_BILLS: Final = "Billing"
"""Pax8's word for people whom bills go to."""


@dataclass(frozen=True, slots=True)
class PostgresContacts:
    """Contacts of the clients of the organisation that a unit of work is for."""

    work: UnitOfWork
    at: datetime

    async def exists(self, client_id: UUID) -> bool:
        return bool(await self._run(_EXISTS, client_id=client_id))

    async def of(self, client_id: UUID) -> Sequence[Contact]:
        rows = await self._run(_CONTACTS, client_id=client_id)
        return contacts_of(rows, await self.primary(client_id))

    async def primary(self, client_id: UUID) -> Primary | None:
        rows = await self._run(_PRIMARY, client_id=client_id)
        return Primary(**rows[0]) if rows else None

    async def choose(self, client_id: UUID, primary: Primary, *, by: str) -> None:
        await self._run(
            _CHOOSE,
            client_id=client_id,
            source=primary.source,
            source_id=primary.source_id,
            email=primary.email,
            by=by,
            at=self.at,
        )

    async def forget(self, client_id: UUID) -> None:
        await self._run(_FORGET, client_id=client_id)

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self.work.connection, statement, organisation_id=self.work.organisation_id, **values
        )


def contacts_of(rows: Sequence[Row], chosen: Primary | None) -> Sequence[Contact]:
    """Each address of a record once; without a choice the first address of all is the primary."""
    found = {one.primary: one for row in reversed(rows) for one in _people(row)}
    listed = sorted(found.values(), key=_place)
    primary = chosen if chosen in found else next((one.primary for one in listed), None)
    return [one.marked(primary=one.primary == primary) for one in listed]


def _place(one: Contact) -> tuple[Any, ...]:
    """Those who are meant for bills first, and of those whom the bills are written to."""
    is_for_bills = one.source == XERO or _BILLS in one.roles
    return not one.is_main, one.source != XERO, not is_for_bills, one.name or "", one.email


def _people(row: Row) -> Iterator[Contact]:
    """People are as Xero sent them: what has no address is nobody to write to."""
    people = row["people"] if isinstance(row["people"], list) else []
    for one in people:
        if isinstance(one, dict) and (email := _email(one.get("email"))):
            name = one.get("name")
            yield _contact(row, email, name if isinstance(name, str) else None, is_main=False)
    if email := _email(row["email"]):
        is_main = row["source"] == XERO or _BILLS in row["primary_types"]
        yield _contact(row, email, row["name"], is_main=is_main)


def _contact(row: Row, email: str, name: str | None, *, is_main: bool) -> Contact:
    return Contact(
        source=row["source"],
        source_id=row["source_id"],
        name=name,
        email=email,
        roles=tuple(row["types"] or ()),
        is_main=is_main,
        is_primary=False,
    )


def _email(said: object) -> str | None:
    if not isinstance(said, str) or "@" not in said or len(said) > _LONGEST:
        return None
    return said.strip().lower()


def _contacts() -> ClauseElement:
    """Of Xero each contact with its people, of Pax8 each of the people."""
    both = union_all(_of_xero(), _of_pax8()).subquery("contacts")
    return select(both).order_by(both.c.name, both.c.source_id, both.c.email)


def _of_xero() -> Select[Any]:
    of, links = xero_contacts.c, client_links.c
    is_its = own(xero_contacts) & (of.source_id == links.source_id)
    return (
        select(
            links.source,
            of.source_id,
            of.name,
            of.email,
            of.people,
            null().cast(ARRAY(Text)).label("types"),
            null().cast(ARRAY(Text)).label("primary_types"),
        )
        .select_from(client_links.join(xero_contacts, is_its))
        .where(own(client_links), links.client_id == _CLIENT, links.source == word(XERO))
        .where(in_current_books(xero_contacts), of.gone_at.is_(None))
    )


def _of_pax8() -> Select[Any]:
    of, links = pax8_contacts.c, client_links.c
    is_its = own(pax8_contacts) & (of.company_id == links.source_id)
    return (
        select(
            links.source,
            of.company_id,
            of.name,
            of.email,
            literal_column("'[]'", JSONB).cast(JSONB),
            of.types,
            of.primary_types,
        )
        .select_from(client_links.join(pax8_contacts, is_its))
        .where(own(client_links), links.client_id == _CLIENT, links.source == word(PAX8))
        .where(of.gone_at.is_(None))
    )


def _choose() -> ClauseElement:
    names = ("source", "source_id", "email")
    statement = insert(primary_contacts).values(
        organisation_id=bindparam("organisation_id", type_=Uuid()),
        client_id=_CLIENT,
        **{name: bindparam(name, type_=Text) for name in names},
        chosen_by=bindparam("by", type_=Text),
        chosen_at=bindparam("at", type_=DateTime(timezone=True)),
    )
    news = (*names, "chosen_by", "chosen_at")
    return statement.on_conflict_do_update(
        index_elements=list(primary_contacts.primary_key.columns),
        set_={name: statement.excluded[name] for name in news},
    )


_EXISTS: Final = prepare(select(clients.c.id).where(own(clients), clients.c.id == _CLIENT))
_CONTACTS: Final = prepare(_contacts())
_PRIMARY: Final = prepare(
    select(primary_contacts.c.source, primary_contacts.c.source_id, primary_contacts.c.email).where(
        own(primary_contacts), primary_contacts.c.client_id == _CLIENT
    )
)
_CHOOSE: Final = prepare(_choose())
_FORGET: Final = prepare(
    delete(primary_contacts).where(own(primary_contacts), primary_contacts.c.client_id == _CLIENT)
)
