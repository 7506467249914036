"""What each read asks PostgreSQL: statements that were built once, and no more than so many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from tests.openapi.conftest import Practice
from tests.support.figures import Figure
from tests.support.operations import OPERATIONS, Operation
from tests.support.queries import queries_of

from billingone_api.process import Process

READS = {name: found for name, found in OPERATIONS.items() if found.method == "GET"}
# Messages to the server, with the beginning, the question who calls, and the commit: three.
MESSAGES = {
    "get_api_key": 4,
    "get_audit_entry": 4,
    "get_billing_settings": 4,
    "get_client": 22,
    "get_dashboard": 10,
    "get_definitions": 3,
    "get_account_mapping": 5,
    "get_integration": 4,
    "get_invoice": 8,
    "get_invoice_summary": 9,
    "get_me": 4,
    "get_product": 4,
    "get_subscription": 4,
    "get_sync": 6,
    "get_xero_app": 4,
    "get_reconciliation_settings": 5,
    "list_count_presets": 5,
    "list_count_rules": 4,
    "get_count_rule": 4,
    "list_unmapped_products": 4,
    "list_four_way": 6,
    "get_four_way_summary": 8,
    "list_four_way_descriptions": 6,
    "list_four_way_mappings": 4,
    "list_line_decisions": 4,
    "get_count_refresh": 4,
    "list_count_refreshes": 4,
    "list_snapshots": 4,
    "get_snapshot": 4,
    "list_snapshot_rows": 4,
    "get_snapshot_row": 4,
    "compare_snapshots": 4,
    "get_reconciliation_trend": 5,
    "list_devices": 5,
    "count_devices": 5,
    "list_inventory_users": 5,
    "list_api_keys": 4,
    "list_audit": 4,
    "list_clients": 7,
    "list_exchange_rates": 4,
    "list_integrations": 4,
    "list_invoices": 4,
    "list_mapping_deeds": 4,
    "list_suggestions": 12,
    "list_products": 4,
    "list_quarantine": 4,
    "list_subscriptions": 4,
    "list_syncs": 6,
    "list_unmapped": 7,
    "list_xero_organisations": 5,
    "count_invoices": 5,
    "count_subscriptions": 5,
    "count_unmapped": 5,
    "export_mapping": 7,
    # twice three: the caller is judged in a transaction of its own, before the answer begins
    "export_audit": 7,
    "export_clients": 7,
    "export_clients_workbook": 7,
    "export_devices": 8,
    "export_devices_workbook": 8,
    "export_invoices": 7,
    "export_invoices_workbook": 7,
    "export_snapshot": 7,
    "export_four_way": 9,
    "export_four_way_workbook": 12,
    "export_snapshot_workbook": 7,
    "export_snapshot_lines": 7,
    "export_subscriptions": 7,
    "export_subscriptions_workbook": 7,
    "watch_sync": 9,
}
ABSENT = {
    "get_subscription",
    "get_sync",
    "get_audit_entry",
    "get_api_key",
    "watch_sync",
    "get_count_rule",
    "get_count_refresh",
    "get_snapshot",
    "list_snapshot_rows",
    "get_snapshot_row",
    "compare_snapshots",
    "export_snapshot",
    "export_snapshot_workbook",
    "export_snapshot_lines",
}


def address(operation: Operation, practice: Practice) -> str:
    """Of what is there, where the fixture planted it."""
    planted = {
        "client_id": str(practice.clients["Bluegum"]),
        "invoice_id": str(practice.invoice),
        "source_id": "product-1",
    }
    places = operation.places(practice.api.organisation_id)
    return operation.url({name: planted.get(name, place) for name, place in places.items()})


@contextmanager
def built_anew(process: Process) -> Iterator[list[str]]:
    """Statements that go through SQLAlchemy, which costs a list more than its SQL does."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(process.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(process.engine.sync_engine, "before_cursor_execute", note)


def test_every_read_has_its_number(figure: Figure) -> None:
    assert MESSAGES.keys() == READS.keys()
    fewest = sum(count <= 4 for count in MESSAGES.values())
    figure(
        f"speed: {len(READS)} reads build no statement; {fewest} of them are 4 messages to "
        f"PostgreSQL at most, the dashboard {MESSAGES['get_dashboard']}"
    )


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_read_asks_no_more_than_it_has_to(
    name: str, practice: Practice, process: Process
) -> None:
    with built_anew(process) as built:
        async with queries_of(process) as asked:
            owner = practice.api.as_role("Owner")
            answer = await owner.get(address(READS[name], practice))
    assert answer.status_code == (404 if name in ABSENT else 200), answer.text
    assert built == []
    assert asked[0].startswith("BEGIN;select set_config('app.organisation_id'")
    assert len(asked) <= MESSAGES[name], asked
