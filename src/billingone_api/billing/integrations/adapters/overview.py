"""Integrations as a person sees them: the connection, its next slot, its latest sync."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, func, lateral, select, true

from billingone_api.billing.integrations.models import (
    PROVIDERS,
    SCHEDULE,
    Attention,
    AuthMode,
    Integration,
    IntegrationStatus,
    LastRun,
)
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import due_work, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_ASKED: Final = (
    func.unnest(bindparam("providers", type_=ARRAY(Text)))
    .table_valued("provider")
    .render_derived("asked")
)
_PROVIDER: Final = _ASKED.c.provider
_LATEST: Final = lateral(
    select(sync_runs.c.id, sync_runs.c.status, sync_runs.c.finished_at, sync_runs.c.detail)
    .where(own(sync_runs), sync_runs.c.source == _PROVIDER)
    .order_by(sync_runs.c.queued_at.desc(), sync_runs.c.id.desc())
    .limit(1)
).alias("latest")
_VIEW: Final = prepare(
    select(
        _PROVIDER,
        integrations.c.auth_mode,
        integrations.c.account,
        integrations.c.attention,
        integrations.c.attention_code,
        integrations.c.attention_since,
        integrations.c.connected_by,
        integrations.c.connected_at,
        integrations.c.schedule_minutes,
        integrations.c.last_success_at,
        integrations.c.version,
        due_work.c.due_at,
        _LATEST.c.id.label("run_id"),
        _LATEST.c.status.label("run_status"),
        _LATEST.c.finished_at.label("run_finished_at"),
        _LATEST.c.detail.label("run_detail"),
    )
    .select_from(_ASKED)
    .outerjoin(integrations, own(integrations) & (integrations.c.provider == _PROVIDER))
    .outerjoin(
        due_work, own(due_work) & (due_work.c.kind == SCHEDULE) & (due_work.c.key == _PROVIDER)
    )
    .outerjoin(_LATEST, true())
)


class PostgresOverview:
    """The integrations of the organisation that a unit of work is for, connected or not."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def all(self) -> Sequence[Integration]:
        found = {row["provider"]: row for row in await self._rows(list(PROVIDERS))}
        return [_integration(found[provider]) for provider in PROVIDERS]

    async def of(self, provider: str) -> Integration:
        [row] = await self._rows([provider])
        return _integration(row)

    async def _rows(self, providers: list[str]) -> Sequence[Row]:
        return await fetch(
            self._work.connection,
            _VIEW,
            organisation_id=self._work.organisation_id,
            providers=providers,
        )


def _integration(row: Row) -> Integration:
    attention = _attention(row)
    is_scheduled = row["schedule_minutes"] is not None
    return Integration(
        provider=row["provider"],
        status=_status(row, attention),
        attention=attention,
        auth_mode=AuthMode(row["auth_mode"]) if row["auth_mode"] else None,
        account=row["account"],
        connected_by=row["connected_by"],
        connected_at=row["connected_at"],
        schedule_minutes=row["schedule_minutes"],
        next_sync_at=row["due_at"] if is_scheduled else None,
        last_success_at=row["last_success_at"],
        last_run=_last_run(row),
        version=row["version"] or 0,
    )


def _status(row: Row, attention: Attention | None) -> IntegrationStatus:
    if row["version"] is None:
        return IntegrationStatus.NOT_CONNECTED
    return IntegrationStatus.CONNECTED if attention is None else IntegrationStatus.NEEDS_ATTENTION


def _attention(row: Row) -> Attention | None:
    if row["attention"] is None:
        return None
    return Attention(row["attention_code"], row["attention"], row["attention_since"])


def _last_run(row: Row) -> LastRun | None:
    if row["run_id"] is None:
        return None
    return LastRun(row["run_id"], row["run_status"], row["run_finished_at"], row["run_detail"])
