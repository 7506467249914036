"""Keeps whose an invoice is: a person's word, or whom its contact is linked to."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    DateTime,
    Uuid,
    bindparam,
    func,
    select,
    true,
    update,
)

from billingone_api.billing.definitions.adapters.invoices import in_current_books
from billingone_api.billing.definitions.adapters.twins import pair
from billingone_api.billing.invoices.models import Belonging
from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.mapping import change_mapping
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_OF: Final = invoices.c
_ID: Final = bindparam("id", type_=Uuid())
_CLIENT: Final = bindparam("client", type_=Uuid())
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_THIS: Final = (own(invoices), _OF.id == _ID)


def _given() -> ClauseElement:
    name = select(clients.c.name).where(own(clients), clients.c.id == _CLIENT).scalar_subquery()
    return _changed(client_id=_CLIENT, client_label=name, is_by_hand=True)


def _left() -> ClauseElement:
    links = client_links.c
    link = own(client_links) & (links.source == _OF.source) & (links.source_id == _OF.contact_id)
    client_id = select(links.client_id).where(link).scalar_subquery()
    name = (
        select(clients.c.name)
        .select_from(client_links.join(clients, own(clients) & (clients.c.id == links.client_id)))
        .where(link)
        .scalar_subquery()
    )
    label = func.coalesce(name, _OF.contact_name, word(""))
    return _changed(client_id=client_id, client_label=label, is_by_hand=False)


def _changed(
    *, client_id: ColumnElement[Any], client_label: ColumnElement[Any], is_by_hand: bool
) -> ClauseElement:
    """A version also where only who said so changes, so that one of two who say it meets a 412."""
    return with_versions(
        update(invoices)
        .where(*_THIS)
        .values(
            client_id=client_id,
            client_label=client_label,
            client_by_hand=true() if is_by_hand else ~true(),
            version=_OF.version + 1,
            changed_at=_AT,
        )
    )


_LOCKED: Final = prepare(
    select(_OF.client_id, _OF.client_by_hand, _OF.version)
    .where(*_THIS, in_current_books(invoices))
    .with_for_update()
)
_IS_ACTIVE: Final = prepare(select(clients.c.active).where(own(clients), clients.c.id == _CLIENT))
_NUMBER: Final = prepare(select(_OF.number_key).where(*_THIS))
_GIVE: Final = prepare(_given())
_LEAVE: Final = prepare(_left())


class PostgresBelongings:
    """Whose the invoices of one organisation are; `at` dates what is written."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def locked(self, invoice_id: UUID) -> Belonging | None:
        await change_mapping(self._work)
        row = await self._run(_LOCKED, id=invoice_id)
        return None if row is None else Belonging(**row)

    async def is_active(self, client_id: UUID) -> bool | None:
        row = await self._run(_IS_ACTIVE, client=client_id)
        return None if row is None else bool(row["active"])

    async def give(self, invoice_id: UUID, client_id: UUID) -> None:
        await self._run(_GIVE, id=invoice_id, client=client_id, at=self._at)
        await self._pair(invoice_id)

    async def leave_to_mapping(self, invoice_id: UUID) -> None:
        await self._run(_LEAVE, id=invoice_id, at=self._at)
        await self._pair(invoice_id)

    async def _pair(self, invoice_id: UUID) -> None:
        """Whose an invoice is says which other one is the same."""
        row = await self._run(_NUMBER, id=invoice_id)
        if row is not None:
            await pair(self._work, [row["number_key"]])

    async def _run(self, statement: Prepared, **values: Any) -> Row | None:
        return await fetch_one(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )
