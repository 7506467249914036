"""A row for every table, made from the schema itself, so that no table is forgotten."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from billingone_api.database import tables
from billingone_api.database.tenancy import metadata

tables.load()
TABLES: dict[str, Table] = {table.name: table for table in metadata.sorted_tables}
TENANT_TABLES = [name for name, table in TABLES.items() if table.info["tenant"]]
DIRECTORY_TABLES = [name for name, table in TABLES.items() if not table.info["tenant"]]

NAMESPACE = UUID("6f2c1b5e-8a3d-4c7f-9e21-0b4d5a6c7e8f")
ONE = UUID("0192f0c1-0000-7000-8000-000000000001")
TWO = UUID("0192f0c1-0000-7000-8000-000000000002")
INSTANT = datetime(2026, 11, 24, 1, tzinfo=UTC)

# What a check constraint asks for; everything else follows from the column's type.
CHOSEN: dict[tuple[str, str], Any] = {
    ("audit", "actor_kind"): "person",
    ("client_count_history", "metric"): "devices",
    ("client_counts", "metric"): "devices",
    ("client_credits", "kind"): "credit_note",
    ("client_credits", "state"): "approved",
    ("client_links", "origin"): "exact",
    ("count_refreshes", "status"): "done",
    ("count_refreshes", "trigger"): "person",
    ("integrations", "schedule_minutes"): 60,
    ("invoices", "state"): "approved",
    ("invoices", "twin_by"): "exact",
    ("ledgers", "is_current"): False,  # of one source one is
    ("ledgers", "source"): "xero",
    ("line_decisions", "assignee"): None,
    ("line_decisions", "kind"): "acknowledge",
    ("line_decisions", "until"): None,
    ("line_mappings", "verdict"): "confirmed",
    ("mapping_deeds", "kind"): "link",
    ("mapping_changes", "before_origin"): "exact",
    ("mapping_changes", "after_origin"): "exact",
    ("organisation_settings", "annual_price_is"): "year",
    ("organisation_settings", "pax8_price_is"): "sell",
    ("snapshots", "outcome"): "clean",
    ("snapshots", "status"): "done",
    ("snapshots", "trigger"): "person",
    ("sync_runs", "mode"): "full",
    ("sync_runs", "status"): "succeeded",
    ("sync_steps", "status"): "done",
    ("syncs", "trigger"): "person",
}
# Unique across organisations, and referred to as such.
ONE_FOR_ALL = {("api_keys", "id"), ("api_key_hashes", "id")}
BY_TYPE: dict[type, Any] = {
    UUID: uuid5(NAMESPACE, "row"),
    str: "text",
    bool: True,
    int: 7,
    Decimal: Decimal("1.5"),
    datetime: INSTANT,
    date: date(2026, 11, 24),
    bytes: b"sealed",
}


def marked(mark: str) -> dict[type, Any]:
    """Values that are told from those of other rows by their ids, texts and days."""
    day = BY_TYPE[date] - timedelta(days=len(mark))
    return BY_TYPE | {UUID: uuid5(NAMESPACE, mark), str: mark, date: day}


def a_row(
    table: Table, organisation_id: UUID, by_type: Mapping[type, Any] = BY_TYPE
) -> dict[str, Any]:
    return {
        column.name: _value(table, column, organisation_id, by_type)
        for column in table.columns
        if column.computed is None and column.identity is None
    }


def rows(
    organisation_id: UUID, by_type: Mapping[type, Any] = BY_TYPE
) -> Iterator[tuple[str, dict[str, Any]]]:
    """In the order in which foreign keys let them in."""
    for name, table in TABLES.items():
        yield name, a_row(table, organisation_id, by_type)


async def insert(connection: asyncpg.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - names of our own tables


async def fill(connection: asyncpg.Connection, *organisations: UUID) -> None:
    for organisation_id in organisations:
        for table, row in rows(organisation_id):
            await insert(connection, table, row)


def _value(
    table: Table, column: Column[Any], organisation_id: UUID, by_type: Mapping[type, Any]
) -> Any:
    if column.name == "organisation_id" or (table.name, column.name) == ("organisations", "id"):
        return organisation_id
    if (table.name, column.name) in ONE_FOR_ALL:
        return uuid5(by_type[UUID], str(organisation_id))
    if (table.name, column.name) in CHOSEN:
        return CHOSEN[table.name, column.name]
    if isinstance(column.type, JSONB):
        return "{}"
    if isinstance(column.type, ARRAY):
        return []
    return by_type[column.type.python_type]
