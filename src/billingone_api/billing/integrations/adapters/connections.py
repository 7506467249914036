"""What work outside a request knows of a connection, each answer in a transaction of its own."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Text, bindparam, case, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from billingone_api.billing.integrations.models import Connection, Failure
from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.events import BY_ITSELF, Event, Origin
from billingone_api.process import Process

_THIS: Final = (own(integrations), integrations.c.provider == bindparam("of_provider"))
_LOAD: Final = prepare(
    select(
        integrations.c.connection_id.label("id"),
        integrations.c.provider,
        integrations.c.secret.label("sealed"),
        integrations.c.schedule_minutes,
        integrations.c.version,
    ).where(*_THIS)
)
_CODE: Final = bindparam("code", type_=Text)
_IS_NEWS: Final = integrations.c.attention_code.is_distinct_from(_CODE)
_NOTE: Final = prepare(
    update(integrations)
    .where(
        *_THIS,
        integrations.c.connection_id == bindparam("of_connection", type_=UUID_TYPE(as_uuid=True)),
    )
    .values(
        attention_code=_CODE,
        attention=bindparam("detail", type_=Text),
        attention_since=case(
            (_IS_NEWS, bindparam("at", type_=DateTime(timezone=True))),
            else_=integrations.c.attention_since,
        ),
    )
)


class PostgresConnections:
    """The connections of one organisation; nothing is held open between two calls."""

    def __init__(
        self, process: Process, organisation_id: UUID, *, origin: Origin = BY_ITSELF
    ) -> None:
        self._process = process
        self._organisation_id = organisation_id
        self._origin = origin

    async def load(self, provider: str) -> Connection | None:
        async with self._work() as work:
            row = await self._run(work, _LOAD, of_provider=provider)
        return None if row is None else Connection(**row)

    async def note(
        self, connection: Connection, failure: Failure | None, *, at: datetime, event: Event
    ) -> None:
        """Credentials saved since are left alone."""
        async with self._work() as work:
            work.tell(event)
            if failure is None or failure.code.needs_a_person:
                await self._note(work, connection, failure, at)

    async def _note(
        self, work: UnitOfWork, connection: Connection, failure: Failure | None, at: datetime
    ) -> None:
        await self._run(
            work,
            _NOTE,
            of_provider=connection.provider,
            of_connection=connection.id,
            code=failure.code if failure else None,
            detail=failure.detail if failure else None,
            at=at if failure else None,
        )

    def _work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._process.work(self._organisation_id, origin=self._origin)

    async def _run(self, work: UnitOfWork, prepared: Prepared, **values: Any) -> Row | None:
        return await fetch_one(
            work.connection, prepared, organisation_id=self._organisation_id, **values
        )
