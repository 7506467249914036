"""Takes away what nobody needs any more, some rows at a time, one organisation after the other."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import (
    ColumnElement,
    Delete,
    Table,
    Text,
    cast,
    delete,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from billingone_api.database.tables.access import organisations, revocations
from billingone_api.database.tables.consents import (
    oauth_states,
    webhook_events,
    webhook_routes,
    xero_consents,
    xero_tenants,
)
from billingone_api.database.tables.idempotency import idempotency_keys
from billingone_api.database.tables.syncs import sync_members, sync_runs, sync_steps, syncs
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import directory_work, unit_of_work

SYNCS_KEPT: Final = timedelta(days=90)
KEYS_KEPT: Final = timedelta(days=1)
STATES_KEPT: Final = timedelta(days=1)
"""After their end: long enough to say of a late answer that it is late."""
EVENTS_KEPT: Final = timedelta(days=3)
"""Xero sends what was not taken again for a day."""
CONSENTS_KEPT: Final = timedelta(days=7)
"""For whoever gave one and has yet to choose an organisation: it holds tokens of Xero's."""
A_BATCH: Final = 500
"""Rows of a table that one transaction takes away: it is short, and the rest goes next time."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_TURN: Final = select(func.pg_try_advisory_xact_lock(func.hashtextextended("housekeeping", 0)))


def _older(column: ColumnElement[Any], age: timedelta) -> ColumnElement[bool]:
    return column < func.now() - age


def _of(table: Table) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.primary_key.columns)


def _some(table: Table, *conditions: ColumnElement[bool]) -> Delete:
    chosen = select(*_of(table)).where(own(table), *conditions).limit(A_BATCH)
    return delete(table).where(tuple_(*_of(table)).in_(chosen))


_member, _run, _step = sync_members.c, sync_runs.c, sync_steps.c
_RUN_OF: Final = (_run.organisation_id == _member.organisation_id) & (_run.id == _member.run_id)
_ENDED_LONG_AGO: Final = _older(_run.finished_at, SYNCS_KEPT)
_LATER: Final = sync_runs.alias("later")
# The latest run of a source stays: it says how the integration fares.
_IS_LATEST: Final = ~exists().where(
    _LATER.c.organisation_id == _run.organisation_id,
    _LATER.c.source == _run.source,
    _LATER.c.queued_at > _run.queued_at,
)
_HAS_MEMBERS: Final = exists().where(_RUN_OF)
# What is read has a route for its webhooks, and a consent by which it is reached.
_IS_CHOSEN: Final = exists().where(
    xero_tenants.c.organisation_id == xero_consents.c.organisation_id,
    xero_tenants.c.consent_id == xero_consents.c.id,
    webhook_routes.c.organisation_id == xero_consents.c.organisation_id,
    webhook_routes.c.provider == "xero",
    webhook_routes.c.tenant_id == cast(xero_tenants.c.tenant_id, Text),
)


def statements(*, token_life: timedelta) -> Sequence[Delete]:
    """In the order in which foreign keys let go; a revocation is done when no token it bars lives.

    A sync goes with its last run: `sync_members` first, then what nothing refers to any more.
    """
    goes = _ENDED_LONG_AGO & ~_IS_LATEST
    its_run_goes = exists().where(_RUN_OF, goes)
    of_run = (_step.organisation_id == _run.organisation_id) & (_step.run_id == _run.id)
    has_steps = exists().where(of_run)
    has_runs = exists().where(
        _member.organisation_id == syncs.c.organisation_id, _member.sync_id == syncs.c.id
    )
    return (
        _some(revocations, _older(revocations.c.issued_before, token_life)),
        _some(idempotency_keys, _older(idempotency_keys.c.kept_at, KEYS_KEPT)),
        _some(oauth_states, _older(oauth_states.c.expires_at, STATES_KEPT)),
        _some(webhook_events, _older(webhook_events.c.received_at, EVENTS_KEPT)),
        _some(xero_consents, _older(xero_consents.c.given_at, CONSENTS_KEPT), ~_IS_CHOSEN),
        _some(sync_members, its_run_goes),
        _some(sync_steps, exists().where(of_run, goes, ~_HAS_MEMBERS)),
        _some(sync_runs, goes, ~_HAS_MEMBERS, ~has_steps),
        _some(syncs, _older(syncs.c.requested_at, SYNCS_KEPT), ~has_runs),
    )


async def tidy_up(engine: AsyncEngine, *, token_life: timedelta) -> int:
    """How many rows went. Workers take turns; whoever finds another at it leaves it to them."""
    async with directory_work(engine) as connection:
        if not (await connection.execute(_TURN)).scalar_one():
            return 0
        ids = (await connection.scalars(select(organisations.c.id))).all()
        deletes = statements(token_life=token_life)
        gone = sum([await _tidied(engine, organisation_id, deletes) for organisation_id in ids])
    _log.info("tidied_up", rows=gone)
    return gone


async def _tidied(engine: AsyncEngine, organisation_id: UUID, deletes: Sequence[Delete]) -> int:
    """What fails for one organisation waits for the next time, and keeps nobody else's."""
    values = owned_by(organisation_id)
    try:
        async with unit_of_work(engine, organisation_id=organisation_id) as work:
            return sum([(await work.connection.execute(one, values)).rowcount for one in deletes])
    except DBAPIError as error:
        _log.warning("not_tidied_up", organisation=str(organisation_id), reason=str(error.orig))
        return 0
