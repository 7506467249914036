"""Rows in every table for an organisation, such as the API reads them and tells them apart by."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg
from tests.database.rows import NAMESPACE, TABLES, a_row, marked, rows

_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
_USUAL: Final = {
    "source": "pax8",
    "provider": "pax8",
    "gone_at": None,
    "ended_at": None,
    "reporting_currency": "AUD",
    "time_zone": "Australia/Sydney",
}
# What a row needs so that the API takes it for what it is; everything else carries the mark.
_MEANT: Final[dict[str, dict[str, Any]]] = {
    "account_mappings": {"category": "licences"},
    "accounts": {"class": "REVENUE"},
    "api_keys": {"scopes": ["clients:read"]},
    "client_credits": {"source": "xero", "currency": "AUD"},
    "credit_allocations": {"is_deleted": False},
    "count_rule_versions": {"metric": "devices", "exclusions": "[]", "is_active": True},
    "count_rules": {"metric": "devices", "exclusions": "[]", "is_active": True},
    "due_work": {"lease": None, "leased_until": None},
    "exchange_rates": {"currency": "USD"},
    "integrations": {"attention_code": None, "auth_mode": "client_credentials"},
    "invoices": {
        "source": "xero",
        "currency": "AUD",
        "client_by_hand": False,
        "twin_id": None,
        "twin_by": None,
    },
    "ledgers": {"source": "xero", "is_current": True, "opened_at": _LONG_AGO},
    # a refusal, which can be taken back whatever else was done to the record
    "mapping_changes": {"is_link_changed": False},
    "mapping_deeds": {"from_client_id": None, "undone_at": None, "undone_by": None},
    "payments": {"source": "xero", "currency": "AUD", "is_deleted": False},
    "products": {"usage_evidence": None, "usage_billed_by_hand": None},
    "reconciliation_settings": {"schedule_time_zone": None},
    "revocations": {"issued_before": _LONG_AGO},
    # so that a line of the same words is still asked about, and not by its code
    "invoice_lines": {"item_code": None},
    "line_mappings": {"verdict": "refused"},
    "line_decisions": {"withdrawn_at": None, "withdrawn_by": None},
    "snapshot_lines": {"status": "matched", "reason": None, "stake_reason": None},
    "snapshot_rows": {"status": "matched", "metrics": "[]", "stakes": "[]"},
    "snapshot_seats": {"badge": "active", "currency": "AUD"},
    "count_refreshes": {"problem": None, "detail": None},
    "snapshots": {"problem": None, "detail": None},
    "subscriptions": {
        "source_status": "Active",
        "currency": "AUD",
        "billing_term": "Monthly",
        "ends_on": None,
        "usage_billed": False,
        "parent_id": None,
    },
    "sync_runs": {"problem": None, "detail": None, "resumes_at": None},
    "sync_steps": {"notice": None},
}
_MAILED: Final = {"pax8_contacts", "xero_contacts"}
_OF_SUPEROPS: Final = {"superops_clients", "superops_assets", "superops_users"}
_MORE_INTEGRATIONS: Final = (
    {"provider": "xero", "auth_mode": "authorization_code", "attention_code": None},
    {"provider": "superops", "auth_mode": "api_token", "attention_code": None},
)
_MEANT["subscription_versions"] = {
    name: value for name, value in _MEANT["subscriptions"].items() if name != "parent_id"
}


def id_of(mark: str) -> UUID:
    """The id of every row with that mark."""
    found: UUID = marked(mark)[UUID]
    return found


async def plant(owner_url: str, organisation_id: UUID, marks: Sequence[str]) -> None:
    """A row with each mark in every table, every integration, a company and a product of nobody's.

    All that stands in somebody's books stands in the same ones.
    """
    books = uuid5(NAMESPACE, f"books of {organisation_id}")
    account = uuid5(NAMESPACE, f"account of {organisation_id}")
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        for mark in marks:
            for name, row in rows(organisation_id, marked(mark)):
                usual = {column: value for column, value in _USUAL.items() if column in row}
                told = row | usual | _MEANT.get(name, {})
                read = account if name in _OF_SUPEROPS else books
                told |= {"ledger_id": read} if "ledger_id" in row else {}
                told |= {"id": books} if name == "ledgers" else {}
                told |= {"email": f"{mark}@mark.example"} if name in _MAILED else {}
                await _insert(connection, name, told)
                if name == "ledgers":
                    await _insert(connection, name, told | {"id": account, "source": "superops"})
            await _insert(connection, "client_links", _contact(organisation_id, mark))
            unmapped = a_row(TABLES["pax8_companies"], organisation_id, marked(f"{mark}-unmapped"))
            await _insert(connection, "pax8_companies", unmapped | {"gone_at": None})
            for more in _MORE_INTEGRATIONS:
                one = a_row(TABLES["integrations"], organisation_id, marked(mark))
                await _insert(connection, "integrations", one | more)
            held = a_row(TABLES["subscriptions"], organisation_id, marked(f"{mark}-unmapped"))
            theirs = {"source": "pax8", "gone_at": None, "client_id": id_of(mark)}
            await _insert(connection, "subscriptions", held | _MEANT["subscriptions"] | theirs)
    finally:
        await connection.close()


def _contact(organisation_id: UUID, mark: str) -> dict[str, Any]:
    """The contact of Xero is the client's too."""
    row = a_row(TABLES["client_links"], organisation_id, marked(mark))
    return row | {"source": "xero", "origin": "manual"}


async def _insert(connection: asyncpg.Connection, table: str, row: dict[str, Any]) -> None:
    """Where only one is possible, such as settings, the first mark's stays."""
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - names of our own tables
        *row.values(),
    )


async def rows_of(owner_url: str, organisation_id: UUID) -> dict[str, list[str]]:
    """Every row of an organisation as text, table by table, the directory's as well."""
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        return {
            name: [
                row["whole"]
                for row in await connection.fetch(
                    f"SELECT t::text AS whole FROM {name} t"  # noqa: S608 - names of our own tables
                    f" WHERE {'id' if name == 'organisations' else 'organisation_id'} = $1"
                    " ORDER BY 1",
                    organisation_id,
                )
            ]
            for name in TABLES
        }
    finally:
        await connection.close()


def day_of(mark: str) -> str:
    """The day of every row with that mark, as an address says it."""
    return str(marked(mark)[date])
