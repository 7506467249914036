"""Tenancy, said once for repositories and once for PostgreSQL."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    MetaData,
    Table,
    bindparam,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

OWNER_ROLE = "billingone_owner"
APPLICATION_ROLE = "billingone_app"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def tenant_table(name: str, *items: SchemaItem) -> Table:
    """A table whose rows belong to organisations; its keys begin with the organisation."""
    organisation = Column(
        "organisation_id",
        postgresql.UUID(as_uuid=True),
        ForeignKey("organisations.id"),
        primary_key=True,
    )
    return Table(name, metadata, organisation, *items, info={"tenant": True})


def directory_table(name: str, *items: SchemaItem) -> Table:
    """A table read before the organisation is known: ids, hashes and due times only."""
    return Table(name, metadata, *items, info={"tenant": False})


def own(table: FromClause) -> ColumnElement[bool]:
    """The repository's own filter; `organisation_id` is bound when the statement runs."""
    clause: ColumnElement[bool] = table.c.organisation_id == bindparam(
        "organisation_id", type_=postgresql.UUID(as_uuid=True)
    )
    return clause


def owned_by(organisation_id: UUID, **values: Any) -> dict[str, Any]:
    """Bind values for a statement that filters with `own`."""
    return {"organisation_id": organisation_id, **values}
