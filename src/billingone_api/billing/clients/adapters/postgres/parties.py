"""What clients and records say of themselves, for whoever recognises them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Label, Select, func, literal_column, select

from billingone_api.billing.clients.adapters.postgres.deeds import merged_away
from billingone_api.billing.clients.adapters.postgres.universe import LISTS, in_list
from billingone_api.billing.clients.matching.suggesting import Matcher, Party
from billingone_api.billing.clients.models import IDENTIFIERS, PAX8, XERO
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.mapping import refused_links
from billingone_api.database.tables.subscriptions import pax8_contacts
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word


@dataclass(frozen=True, slots=True)
class Parties:
    """All clients and all records of one source, mapped or not."""

    clients: Sequence[Party[UUID]]
    records: Mapping[str, Party[str]]
    holders: Collection[UUID]
    hidden: Collection[UUID]
    refused: Mapping[str, Collection[UUID]]

    def matcher(self) -> Matcher[UUID]:
        return Matcher(
            self.clients,
            list(self.records.values()),
            holders=self.holders,
            hidden=self.hidden,
            refused=self.refused,
        )

    @property
    def names(self) -> Mapping[UUID, str]:
        return {client.key: client.name or "" for client in self.clients}

    def record(self, source_id: str) -> Party[str]:
        """One that no list shows says nothing of itself."""
        return self.records.get(source_id) or Party(source_id, None)


async def parties_of(work: UnitOfWork, source: str) -> Parties:
    async def rows(statement: Prepared) -> Sequence[Row]:
        return await fetch(work.connection, statement, organisation_id=work.organisation_id)

    known = await rows(_clients(source))
    records = await rows(_RECORDS[source])
    refused: dict[str, list[UUID]] = {}
    for row in await rows(_refused(source)):
        refused.setdefault(row["source_id"], []).append(row["client_id"])
    return Parties(
        clients=[_client(row) for row in known],
        records={row["source_id"]: _record(row, source) for row in records},
        holders={row["id"] for row in known if row["is_holder"]},
        hidden={row["id"] for row in known if row["is_hidden"]},
        refused=refused,
    )


def _client(row: Row) -> Party[UUID]:
    named = tuple(row[name] for name in IDENTIFIERS.values())
    return Party(
        row["id"],
        row["name"],
        tax=row["tax_number"],
        addresses=tuple(row["domains"]),
        ids=(str(row["id"]), *named),
    )


def _record(row: Row, source: str) -> Party[str]:
    key, name = row["source_id"], row["name"]
    if source == PAX8:
        addresses = (row["website"], *(row["emails"] or ()))
        return Party(key, name, addresses=addresses, ids=(row["external_id"],))
    if source == XERO:
        people = row["people"] if isinstance(row["people"], list) else []
        mails = [one.get("email") for one in people if isinstance(one, dict)]
        addresses = (row["email"], row["website"], *(each for each in mails if _is_text(each)))
        ids = (row["contact_number"], row["account_number"])
        return Party(key, name, tax=row["tax_number"], addresses=addresses, ids=ids)
    return Party(key, name, addresses=tuple(row["email_domains"]))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_SAYING: Final = {
    PAX8: ("external_id", "website"),
    XERO: ("tax_number", "email", "website", "contact_number", "account_number", "people"),
}


def _records(source: str) -> Select[Any]:
    table = LISTS[source]
    names = ("source_id", "name", *_SAYING.get(source, ("email_domains",)))
    more = (_emails(),) if source == PAX8 else ()
    return select(*(table.c[name] for name in names), *more).where(in_list(source))


def _emails() -> Label[Any]:
    """Of the people behind a company."""
    of = pax8_contacts.c
    mine = own(pax8_contacts) & (of.company_id == LISTS[PAX8].c.source_id) & of.gone_at.is_(None)
    return select(func.array_agg(of.email)).where(mine).scalar_subquery().label("emails")


_RECORDS: Final = {source: prepare(_records(source)) for source in LISTS}


@cache
def _clients(source: str) -> Prepared:
    of, links = clients.c, client_links.c
    is_holder = (
        select(literal_column("1"))
        .where(own(client_links), links.source == word(source), links.client_id == of.id)
        .correlate(clients)
        .exists()
    )
    return prepare(
        select(
            of.id,
            of.name,
            of.tax_number,
            of.domains,
            *(of[name] for name in IDENTIFIERS.values()),
            is_holder.label("is_holder"),
            (~of.active | func.coalesce(merged_away(of.id), literal_column("false"))).label(
                "is_hidden"
            ),
        ).where(own(clients))
    )


@cache
def _refused(source: str) -> Prepared:
    of = refused_links.c
    return prepare(
        select(of.source_id, of.client_id).where(own(refused_links), of.source == word(source))
    )
