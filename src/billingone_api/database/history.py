"""Changes to a versioned table and the versions they make, written by one statement."""

from sqlalchemy import Insert, Update, literal_column, select

from billingone_api.database.tables.subscriptions import (
    FACTS,
    subscription_versions,
    subscriptions,
)


def with_versions(change: Update | Insert) -> Insert:
    """The change of `subscriptions`, followed by a version for each row that it wrote.

    Whoever changes a fact goes through here, so that no change is without its dated version.
    The change has to count `version` up and to set `changed_at`, the instant of the version.
    """
    written = change.returning(*subscriptions.c).cte("written")
    kept = ("organisation_id", "subscription_id", "version", "seen_at", *FACTS)
    source = select(
        written.c.organisation_id,
        written.c.id,
        written.c.version,
        written.c.changed_at,
        *(written.c[name] for name in FACTS),
    )
    return (
        subscription_versions.insert()
        .from_select(kept, source)
        .returning(subscription_versions.c.subscription_id, literal_column("version"))
    )
