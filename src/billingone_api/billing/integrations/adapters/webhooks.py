"""Whom a webhook is for, which of its events are new, and the bell it rings."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Interval, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.integrations.models import NEWS
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.consents import webhook_events, webhook_routes
from billingone_api.database.tables.syncs import due_work, sync_runs
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import directory_work
from billingone_api.process import Process

SPACING: Final = timedelta(minutes=3)
"""Between runs that webhooks begin: each costs calls of the day, however little has changed."""

_ORGANISATION: Final = bindparam("organisation_id", type_=UUID_TYPE(as_uuid=True))
_PROVIDER: Final = bindparam("of_provider", type_=Text)
_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_WHOSE: Final = prepare(
    select(webhook_routes.c.tenant_id, webhook_routes.c.organisation_id).where(
        webhook_routes.c.provider == _PROVIDER,
        webhook_routes.c.tenant_id == bindparam("tenants", type_=ARRAY(Text)).any_(),
    )
)
_RECORD: Final = prepare(
    insert(webhook_events)
    .from_select(
        ["organisation_id", "provider", "key", "received_at"],
        select(
            _ORGANISATION,
            _PROVIDER,
            func.unnest(bindparam("keys", type_=ARRAY(Text))),
            bindparam("at", type_=DateTime(timezone=True)),
        ),
    )
    .on_conflict_do_nothing()
    .returning(webhook_events.c.key)
)
_LAST: Final = (
    select(func.max(sync_runs.c.queued_at))
    .where(own(sync_runs), sync_runs.c.source == _PROVIDER)
    .scalar_subquery()
)
_SPACING: Final = bindparam("spacing", SPACING, Interval)
_LONG_AGO: Final = text("'-infinity'::timestamptz")
_RING: Final = insert(due_work).values(
    organisation_id=_ORGANISATION,
    kind=NEWS,
    key=_PROVIDER,
    due_at=func.greatest(_NOW, func.least(func.coalesce(_LAST, _LONG_AGO), _NOW) + _SPACING),
)
_RUNG: Final = prepare(
    _RING.on_conflict_do_update(
        index_elements=list(due_work.primary_key.columns),
        set_={"due_at": func.least(due_work.c.due_at, _RING.excluded.due_at)},
    )
)


class PostgresWebhooks:
    """What third parties tell of, provider by provider."""

    def __init__(self, process: Process, provider: str) -> None:
        self._process = process
        self._provider = provider

    async def routes(self, tenants: Collection[str]) -> Sequence[tuple[str, UUID]]:
        """Which organisations read which of these tenants; nobody reads an unknown one."""
        async with directory_work(self._process.engine) as connection:
            values = {"of_provider": self._provider, "tenants": sorted(set(tenants))}
            rows = await fetch(connection, _WHOSE, **values)
        return [(row["tenant_id"], row["organisation_id"]) for row in rows]

    async def take(self, organisation_id: UUID, keys: Collection[str], *, at: datetime) -> int:
        """How many events are new; for those the bell is rung, and the sync is the truth."""
        mine = owned_by(organisation_id, of_provider=self._provider)
        async with self._process.work(organisation_id) as work:
            new = await fetch(work.connection, _RECORD, **mine, keys=sorted(set(keys)), at=at)
            if new:
                await fetch(work.connection, _RUNG, **mine)
                work.after_commit.append(self._process.bell.ring)
        return len(new)
