"""Changes to a versioned table and the versions they make, written by one statement."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Insert, Table, Update, literal_column, select

from billingone_api.database.tables.invoices import (
    CREDIT_FACTS,
    INVOICE_FACTS,
    PAYMENT_FACTS,
    client_credits,
    credit_versions,
    invoice_versions,
    invoices,
    payment_versions,
    payments,
)
from billingone_api.database.tables.reconciliation import (
    RULE_FACTS,
    count_rule_versions,
    count_rules,
)
from billingone_api.database.tables.subscriptions import (
    FACTS,
    subscription_versions,
    subscriptions,
)


@dataclass(frozen=True, slots=True)
class History:
    """Where versions of a table's rows go, and the facts whose change makes one."""

    versions: Table
    key: str
    facts: tuple[str, ...]


HISTORIES: Final = {
    subscriptions: History(subscription_versions, "subscription_id", FACTS),
    invoices: History(invoice_versions, "invoice_id", INVOICE_FACTS),
    client_credits: History(credit_versions, "credit_id", CREDIT_FACTS),
    payments: History(payment_versions, "payment_id", PAYMENT_FACTS),
    count_rules: History(count_rule_versions, "rule_id", RULE_FACTS),
}


def with_versions(change: Update | Insert) -> Insert:
    """The change of a versioned table, followed by a version for each row that it wrote.

    Whoever changes a fact goes through here, so that no change is without its dated version.
    The change has to count `version` up and to set `changed_at`, the instant of the version.
    """
    table = change.table
    if not isinstance(table, Table):
        raise TypeError(f"{table} is no table with versions.")
    history = HISTORIES[table]
    written = change.returning(*table.c).cte("written")
    kept = ("organisation_id", history.key, "version", "seen_at", *history.facts)
    source = select(
        written.c.organisation_id,
        written.c.id,
        written.c.version,
        written.c.changed_at,
        *(written.c[name] for name in history.facts),
    )
    return (
        history.versions.insert()
        .from_select(kept, source)
        .returning(history.versions.c[history.key], literal_column("version"))
    )
