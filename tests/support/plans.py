"""How PostgreSQL goes about a statement of the program's, under row-level security."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.databases import Database

from billingone_api.database.fast import Prepared


async def planned(
    database: Database, organisation_id: UUID, prepared: Prepared, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Run by the program's own role, for one organisation."""
    connection = await asyncpg.connect(database.application_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            chosen = "SELECT set_config('app.organisation_id', $1, true)"
            await connection.execute(chosen, str(organisation_id))
            return await explained(connection, prepared, values)
    finally:
        await connection.close()


async def explained(
    connection: asyncpg.Connection, prepared: Prepared, values: Mapping[str, Any]
) -> dict[str, Any]:
    """As it is planned for the API: once for whatever is bound, which EXPLAIN alone would use."""
    types = [kind.name for kind in (await connection.prepare(prepared.sql)).get_parameters()]
    sent = [
        await literal(connection, value, kind)
        for value, kind in zip(prepared.arguments(values), types, strict=True)
    ]
    head = f"({', '.join(types)})" if types else ""
    await connection.execute(f"PREPARE asked {head} AS {prepared.sql}")
    told = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ({', '.join(sent)})"
    )
    plan: dict[str, Any] = json.loads(told)[0]["Plan"]
    return plan


async def literal(connection: asyncpg.Connection, value: Any, kind: str) -> str:
    """PostgreSQL's own way to write it."""
    text: str = await connection.fetchval(f"SELECT quote_nullable($1::{kind}::text)", value)
    return text


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def indexes(plan: Mapping[str, Any]) -> set[str]:
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


def looked_at(plan: Mapping[str, Any], table: str) -> int:
    """Rows of a table that were read, those thrown away among them."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == table
    )
