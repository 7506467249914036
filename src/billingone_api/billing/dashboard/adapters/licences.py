"""Reads what the newest snapshot says of licences, with one statement."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Text, cast, exists, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.dashboard.models import Licences, UnderLicensedClient
from billingone_api.billing.definitions.models import SUPEROPS, monthly
from billingone_api.database.fast import Prepared, fetch_one, prepare
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.reconciliation import snapshot_rows, snapshots
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.money import Money, rounded

_SHOWN: Final = 5
"""Clients below the cards; the list has them all."""
_UNDER: Final = word("under_licensed")
# its devices and people are counted by whoever compares
_COUNTS_ITSELF: Final = exists().where(own(integrations), integrations.c.provider == word(SUPEROPS))


def _newest() -> Prepared:
    of, row = snapshots.c, snapshot_rows.c
    newest = (
        select(of.id, of.as_of, of.outcome, of.summary)
        .where(own(snapshots), of.status == word("done"))
        .order_by(of.as_of.desc(), of.id.desc())
        .limit(1)
        .subquery("newest")
    )
    worst = (
        select(row.client_id, row.client_name, row.variance, row.stakes, row.under_reporting)
        .where(own(snapshot_rows), row.snapshot_id == newest.c.id, row.status == _UNDER)
        .order_by(row.under_reporting.desc().nulls_last(), row.variance.desc(), row.client_id)
        .limit(_SHOWN)
        .lateral("worst")
    )
    told = func.jsonb_build_object(
        "client_id", worst.c.client_id,
        "client_name", worst.c.client_name,
        "variance", cast(func.trim_scale(worst.c.variance), Text),
        "stakes", worst.c.stakes,
    )  # fmt: skip
    in_turn = (
        worst.c.under_reporting.desc().nulls_last(),
        worst.c.variance.desc(),
        worst.c.client_id,
    )
    clients = select(func.jsonb_agg(aggregate_order_by(told, *in_turn))).select_from(worst)
    one = select(literal_column("1")).subquery("one")
    return prepare(
        select(
            or_(exists().where(own(client_counts)), _COUNTS_ITSELF).label("has_counts"),
            *newest.c,
            clients.scalar_subquery().label("clients"),
        ).select_from(one.outerjoin(newest, true()))
    )


_NEWEST: Final = _newest()


async def licences_of(work: UnitOfWork) -> tuple[bool, Licences | None]:
    """Whether anybody counts, and what the newest snapshot says."""
    row = await fetch_one(work.connection, _NEWEST, organisation_id=work.organisation_id)
    if row is None or row["id"] is None:
        return bool(row and row["has_counts"]), None
    return row["has_counts"], Licences(
        snapshot_id=row["id"],
        as_of=row["as_of"],
        outcome=row["outcome"],
        under_licensed=row["summary"].get("under_licensed", 0),
        clients=tuple(_client(one) for one in row["clients"] or ()),
    )


def _client(told: dict[str, Any]) -> UnderLicensedClient:
    return UnderLicensedClient(
        client_id=told["client_id"],
        client_name=told["client_name"],
        variance=Decimal(told["variance"]),
        at_stake=tuple(_money(one) for one in told["stakes"]),
    )


def _money(stake: dict[str, str]) -> Money:
    return rounded(monthly(Decimal(stake["under"])), currency=stake["currency"])
