"""The whole mapping as a file: every record of every source, and whose it is."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, Text, case, cast, func, select, union_all

from billingone_api.billing.clients.adapters.postgres.universe import (
    LISTS,
    as_listed_and_linked,
    known_ids,
)
from billingone_api.database.exports import csv, guarded, instant
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_NOBODY: Final = word("nobody")
_UNMAPPED: Final = word("unmapped")


@dataclass(frozen=True, slots=True)
class PostgresMappingFile:
    """The mapping of the organisation that a unit of work is for."""

    work: UnitOfWork

    def csv(self, source: str | None) -> AsyncGenerator[bytes]:
        values = {"organisation_id": self.work.organisation_id}
        return csv(self.work.connection, _file(source), values)


@cache
def _file(source: str | None) -> Prepared:
    """The columns that an import reads are among them, so that a file can be sent back."""
    each = union_all(*(_records(one) for one in LISTS if source in {None, one})).subquery("every")
    of = each.c
    return prepare(
        select(
            of.source,
            guarded(of.source_id).label("source_id"),
            guarded(of.name).label("name"),
            of.client_id,
            guarded(of.client_name).label("client_name"),
            of.origin,
            guarded(of.reason).label("reason"),
            guarded(of.linked_by).label("linked_by"),
            instant(of.linked_at).label("linked_at"),
        ).order_by(of.source, of.source_id)
    )


def _records(source: str) -> Select[Any]:
    table, links = LISTS[source], client_links.c
    linked = select(links.source_id).where(own(client_links), links.source == word(source))
    known = known_ids(source, linked)
    is_client = own(clients) & (clients.c.id == links.client_id)
    whose = case(
        (links.client_id.is_not(None), cast(links.client_id, Text)),
        (links.origin.is_not(None), _NOBODY),
        else_=_UNMAPPED,
    )
    return select(
        word(source).label("source"),
        known.c.source_id,
        func.coalesce(table.c.name, word("")).label("name"),
        whose.label("client_id"),
        clients.c.name.label("client_name"),
        links.origin,
        links.reason,
        links.linked_by,
        links.linked_at,
    ).select_from(as_listed_and_linked(source, known).outerjoin(clients, is_client))
