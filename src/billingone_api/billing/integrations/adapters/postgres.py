"""Connections in PostgreSQL, and how they change: credentials, schedules, what ends with them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Interval,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql

from billingone_api.billing.integrations.models import (
    FIRST_SCHEDULES,
    FIRST_SLOT,
    SCHEDULE,
    Connection,
    NewConnection,
)
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.integrations import (
    integrations,
    provider_limits,
    provider_tokens,
)
from billingone_api.database.tables.syncs import due_work, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.bell import Bell

_VERSIONS: Final = 10**8
_NEW_COLUMNS: Final = (
    "connection_id",
    "auth_mode",
    "account",
    "secret",
    "connected_by",
    "connected_at",
)
_PROVIDER: Final = bindparam("of_provider", type_=Text)
_ORGANISATION: Final = bindparam("organisation_id", type_=postgresql.UUID(as_uuid=True))


def _mine(table: Table) -> tuple[ColumnElement[bool], ...]:
    return own(table), table.c.provider == _PROVIDER


def _brought() -> dict[str, Any]:
    return {
        name: bindparam(f"new_{name}", type_=integrations.c[name].type) for name in _NEW_COLUMNS
    }


def _changed(**values: Any) -> Prepared:
    return prepare(
        update(integrations)
        .where(*_mine(integrations))
        .values(version=integrations.c.version + 1, updated_at=func.now(), **values)
        .returning(integrations.c.schedule_minutes)
    )


_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))")
_FIND: Final = prepare(
    select(
        integrations.c.connection_id.label("id"),
        integrations.c.provider,
        integrations.c.secret.label("sealed"),
        integrations.c.schedule_minutes,
        integrations.c.version,
    ).where(*_mine(integrations))
)
_ADD: Final = prepare(
    insert(integrations).values(
        organisation_id=_ORGANISATION,
        provider=_PROVIDER,
        schedule_minutes=bindparam("minutes", type_=Integer),
        version=bindparam("first_version"),
        **_brought(),
    )
)
_REPLACE: Final = _changed(attention=None, attention_code=None, attention_since=None, **_brought())
_RESCHEDULE: Final = _changed(schedule_minutes=bindparam("minutes"))
_REMOVE: Final = prepare(delete(integrations).where(*_mine(integrations)))
_FORGET_TOKENS: Final = prepare(delete(provider_tokens).where(*_mine(provider_tokens)))
_FORGET_LIMITS: Final = prepare(delete(provider_limits).where(*_mine(provider_limits)))
_STOP_RUNS: Final = prepare(
    update(sync_runs)
    .where(
        own(sync_runs),
        sync_runs.c.source == _PROVIDER,
        sync_runs.c.finished_at.is_(None),
        ~sync_runs.c.cancel_requested,
    )
    .values(cancel_requested=True, revision=sync_runs.c.revision + 1)
    .returning(sync_runs.c.id)
)
# By the database's clock: the machines' differ.
_SLOT: Final = postgresql.insert(due_work).values(
    organisation_id=_ORGANISATION,
    kind=SCHEDULE,
    key=_PROVIDER,
    due_at=func.clock_timestamp() + bindparam("after", type_=Interval),
)
_SCHEDULE: Final = prepare(
    _SLOT.on_conflict_do_update(
        index_elements=list(due_work.primary_key.columns),
        set_={"due_at": _SLOT.excluded.due_at},
    )
)
_UNSCHEDULE: Final = prepare(
    delete(due_work).where(own(due_work), due_work.c.kind == SCHEDULE, due_work.c.key == _PROVIDER)
)


class PostgresIntegrations:
    """The connections of the organisation that a unit of work is for.

    Locks are taken in one order here and in syncs: connection, due work, runs.
    """

    def __init__(self, work: UnitOfWork, bell: Bell) -> None:
        self._work = work
        self._bell = bell

    async def locked(self, provider: str) -> Connection | None:
        # A row that does not exist yet cannot be locked: of two firsts, one waits here.
        turn = f"integration:{self._work.organisation_id}:{provider}"
        await self._work.connection.execute(_TURN, {"turn": turn})
        return await self.find(provider)

    async def find(self, provider: str) -> Connection | None:
        rows = await self._run(_FIND, provider)
        return Connection(**rows[0]) if rows else None

    async def add(self, connection: NewConnection) -> None:
        version = _first_version(connection.id)
        first = {"first_version": version, "minutes": FIRST_SCHEDULES[connection.provider]}
        await self._run(_ADD, connection.provider, **first, **_new_values(connection))
        await self._run(_SCHEDULE, connection.provider, after=FIRST_SLOT)

    async def replace(self, connection: NewConnection) -> None:
        [changed] = await self._run(_REPLACE, connection.provider, **_new_values(connection))
        if changed["schedule_minutes"] is not None:
            await self._run(_SCHEDULE, connection.provider, after=FIRST_SLOT)
        await self._end_work(connection.provider)

    async def reschedule(self, provider: str, minutes: int | None) -> None:
        await self._run(_RESCHEDULE, provider, minutes=minutes)
        if minutes is None:
            await self._run(_UNSCHEDULE, provider)
        else:
            await self._run(_SCHEDULE, provider, after=timedelta(minutes=minutes))

    async def remove(self, provider: str) -> None:
        await self._run(_REMOVE, provider)
        await self._run(_UNSCHEDULE, provider)
        await self._end_work(provider)

    async def _end_work(self, provider: str) -> None:
        """What was bought or hit with the credentials goes with them; runs are asked to stop."""
        await self._run(_FORGET_TOKENS, provider)
        await self._run(_FORGET_LIMITS, provider)
        if await self._run(_STOP_RUNS, provider):
            self._work.after_commit.append(self._bell.ring)

    async def _run(self, prepared: Prepared, provider: str, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection,
            prepared,
            organisation_id=self._work.organisation_id,
            of_provider=provider,
            **values,
        )


def _first_version(connection_id: UUID) -> int:
    # Not 1: a tag from before a disconnection must not fit the connection made after it.
    return connection_id.int % _VERSIONS + 1


def _new_values(connection: NewConnection) -> dict[str, Any]:
    return {
        "new_connection_id": connection.id,
        "new_auth_mode": connection.auth_mode,
        "new_account": connection.account,
        "new_secret": connection.sealed,
        "new_connected_by": connection.connected_by,
        "new_connected_at": connection.connected_at,
    }
