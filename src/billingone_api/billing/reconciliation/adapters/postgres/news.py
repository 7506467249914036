"""What a snapshot says that none before it did: clients that have become under-licensed."""

from typing import Final

from sqlalchemy import DateTime, and_, bindparam, false, func, select, true, tuple_

from billingone_api.billing.reconciliation.adapters.postgres.sides import SNAPSHOT
from billingone_api.billing.reconciliation.models import (
    LineStatus,
    Outcome,
    SnapshotStatus,
    UnderLicensed,
)
from billingone_api.database.fast import Prepared, Row, prepare
from billingone_api.database.tables.reconciliation import snapshot_rows, snapshots
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_AS_OF: Final = bindparam("as_of", type_=DateTime(timezone=True))
_UNDER: Final = word(LineStatus.UNDER_LICENSED)


def _newly_under() -> Prepared:
    """Judged against the last snapshot that knew: what has no data says nothing of a client.

    A client without lines was not under-licensed.
    """
    row, before, of = snapshot_rows.c, snapshot_rows.alias("before"), snapshots.c
    is_comparison = and_(
        own(snapshots),
        of.status == word(SnapshotStatus.DONE),
        of.outcome != word(Outcome.NOT_RECONCILABLE),
        # Of a past day nobody is told, so that it was not said yet.
        ~func.coalesce(of.basis["is_past"].as_boolean(), false()),
    )
    said = func.coalesce(before.c.status, word(LineStatus.MATCHED))
    same_client = and_(
        own(before), before.c.snapshot_id == of.id, before.c.client_id == row.client_id
    )
    last = (
        select(said.label("status"))
        .select_from(snapshots.outerjoin(before, same_client))
        .where(
            is_comparison,
            tuple_(of.as_of, of.id) < tuple_(_AS_OF, SNAPSHOT),
            said != word(LineStatus.NO_DATA),
        )
        .order_by(of.as_of.desc(), of.id.desc())
        .limit(1)
        .correlate(snapshot_rows)
        .lateral("last")
    )
    shown = ("client_id", "client_name", "variance", "under_licensed", "stakes")
    return prepare(
        select(*(row[name] for name in shown), last.c.status.label("was"))
        .select_from(snapshot_rows.outerjoin(last, true()))
        .where(
            own(snapshot_rows),
            row.snapshot_id == SNAPSHOT,
            row.status == _UNDER,
            last.c.status.is_distinct_from(_UNDER),
        )
        .order_by(row.client_name, row.client_id)
    )


NEWLY_UNDER: Final = _newly_under()


def under_licensed(row: Row) -> UnderLicensed:
    was = None if row["was"] is None else LineStatus(row["was"])
    return UnderLicensed(
        client_id=row["client_id"],
        client_name=row["client_name"],
        was=was,
        variance=row["variance"],
        lines=row["under_licensed"],
        stakes=row["stakes"],
    )
