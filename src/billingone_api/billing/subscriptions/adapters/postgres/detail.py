"""Reads one subscription with all that is known of it, and what changed of it when."""

from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, select

from billingone_api.billing.definitions.adapters.versions import (
    MOST_VERSIONS,
    history,
    is_complete,
)
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.subscriptions.adapters.postgres.columns import (
    margin,
    monthly_cost,
    shown,
    with_company,
)
from billingone_api.billing.subscriptions.adapters.postgres.rows import listed, money
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.subscriptions import (
    FACTS,
    products,
    subscription_versions,
    subscriptions,
)
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_OF: Final = subscriptions.c
_ID: Final = bindparam("id", type_=Uuid())
_parent = subscriptions.alias("parent")


@lru_cache(4)
def _statement(basis: PriceBasis) -> Prepared:
    """One for each way in which prices can be meant."""
    more = {
        "sku": products.c.sku,
        "vendor_sku": products.c.vendor_sku,
        "vendor_subscription_id": _OF.vendor_subscription_id,
        "vendor_sku_id": _OF.vendor_sku_id,
        "parent_source_id": _OF.parent_id,
        "parent_id": _parent.c.id,
        "billing_starts_on": _OF.billing_starts_on,
        "created_on": _OF.created_on,
        "source_updated_at": _OF.source_updated_at,
        "monthly_cost": monthly_cost(basis),
        "margin": margin(basis),
        "gone_at": _OF.gone_at,
        "first_seen_at": _OF.first_seen_at,
        "version": _OF.version,
    }
    of_product = and_(
        products.c.organisation_id == _OF.organisation_id,
        products.c.source == _OF.source,
        products.c.source_id == _OF.product_id,
    )
    of_parent = and_(
        _parent.c.organisation_id == _OF.organisation_id,
        _parent.c.source == _OF.source,
        _parent.c.source_id == _OF.parent_id,
    )
    columns = (column.label(label) for label, column in (shown(basis) | more).items())
    return prepare(
        select(*columns)
        .select_from(with_company().outerjoin(products, of_product).outerjoin(_parent, of_parent))
        .where(own(subscriptions), _OF.id == _ID)
    )


_VERSIONS: Final = prepare(
    select(
        subscription_versions.c.version,
        subscription_versions.c.seen_at,
        *(subscription_versions.c[name] for name in FACTS),
    )
    .where(own(subscription_versions), subscription_versions.c.subscription_id == _ID)
    .order_by(subscription_versions.c.version.desc())
    .limit(MOST_VERSIONS + 1)
)


class PostgresDetail:
    """Single subscriptions of one organisation, as of its calendar day."""

    def __init__(self, work: UnitOfWork, *, basis: PriceBasis, today: date) -> None:
        self._work = work
        self._basis = basis
        self._today = today

    async def find(self, subscription_id: UUID) -> dict[str, Any] | None:
        values = {"organisation_id": self._work.organisation_id, "id": subscription_id}
        statement = _statement(self._basis)
        row = await fetch_one(self._work.connection, statement, today=self._today, **values)
        if row is None:
            return None
        versions = await fetch(self._work.connection, _VERSIONS, **values)
        return _detailed(row) | {
            "history": history(versions, FACTS),
            "history_is_complete": is_complete(versions),
        }


def _detailed(row: Row) -> dict[str, Any]:
    return listed(row) | {
        "monthly_cost": money(row["monthly_cost"], row["currency"]),
        "margin": money(row["margin"], row["currency"]),
        "parent": None
        if row["parent_source_id"] is None
        else {"id": row["parent_id"], "source_id": row["parent_source_id"]},
    }
