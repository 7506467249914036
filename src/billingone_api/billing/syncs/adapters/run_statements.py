"""The statements by which a run changes, built once."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    DateTime,
    Integer,
    Interval,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from billingone_api.billing.syncs.models import RunStatus, StepStatus
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.access import organisations
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.syncs import due_work, sync_runs, sync_seen, sync_steps
from billingone_api.database.tenancy import own

SYNC: Final = "sync"
"""The kind of due work that is a run; its key is the run's id."""

COUNTS: Final = ("created", "changed", "unchanged", "gone", "quarantined")


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text)


def _uuid(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=UUID(as_uuid=True))


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_AT: Final = bindparam("at", type_=DateTime(timezone=True))
_PAUSE: Final = bindparam("pause", type_=Interval)
_DUE: Final = (own(due_work), due_work.c.kind == SYNC, due_work.c.key == _text("of_key"))
_MINE: Final = (own(sync_runs), sync_runs.c.id == _uuid("run"))
_STEP: Final = (
    own(sync_steps),
    sync_steps.c.run_id == _uuid("run"),
    sync_steps.c.position == bindparam("of_position", type_=Integer),
)
_THESE_CREDENTIALS: Final = (
    own(integrations),
    integrations.c.provider == _text("of_source"),
    integrations.c.connection_id == _uuid("of_connection"),
)


def _changed(*conditions: Any, **values: Any) -> Prepared:
    """A change that people see: event streams go by the revision."""
    known = (sync_runs.c.source, sync_runs.c.connection_id, sync_runs.c.mode)
    changed = update(sync_runs).where(*_MINE, *conditions)
    return prepare(changed.values(revision=sync_runs.c.revision + 1, **values).returning(*known))


FENCE: Final = prepare(
    update(due_work)
    .where(*_DUE, due_work.c.lease == _uuid("of_lease"))
    .values(attempts=bindparam("tried", type_=Integer), leased_until=_NOW + _PAUSE)
    .returning(due_work.c.key)
)
STATE: Final = prepare(
    select(
        sync_runs.c.source,
        sync_runs.c.connection_id,
        sync_runs.c.cancel_requested,
        organisations.c.ended_at,
    )
    .join(organisations, organisations.c.id == sync_runs.c.organisation_id)
    .where(*_MINE)
)
# Held until the commit, so that credentials are not replaced under a batch of the old ones.
IS_CONNECTED: Final = prepare(
    select(integrations.c.provider).where(*_THESE_CREDENTIALS).with_for_update(read=True)
)
# Credentials before runs: whoever replaces them takes the two in this order as well.
HOLD_CREDENTIALS: Final = prepare(
    select(integrations.c.provider)
    .join(sync_runs, sync_runs.c.source == integrations.c.provider)
    .where(*_MINE, own(integrations))
    .with_for_update(of=integrations)
)
BEGIN: Final = _changed(
    sync_runs.c.finished_at.is_(None),
    status=RunStatus.RUNNING,
    started_at=func.coalesce(sync_runs.c.started_at, _AT),
    problem=None,
    detail=None,
    resumes_at=None,
)
STEPS: Final = prepare(
    select(
        sync_steps.c.position,
        sync_steps.c.name,
        sync_steps.c.status,
        sync_steps.c.checkpoint,
        sync_steps.c.quarantined,
    )
    .where(own(sync_steps), sync_steps.c.run_id == _uuid("run"))
    .order_by(sync_steps.c.position)
)
RECORD: Final = prepare(
    update(sync_steps)
    .where(*_STEP)
    .values(
        status=StepStatus.RUNNING,
        checkpoint=bindparam("next", type_=JSONB),
        total=func.coalesce(_number("of"), sync_steps.c.total),
        done=sync_steps.c.done + _number("read"),
        notice=func.coalesce(_text("says"), sync_steps.c.notice),
        **{name: sync_steps.c[name] + _number(f"more_{name}") for name in COUNTS},
    )
)
TOUCH: Final = _changed()
FINISH_STEP: Final = prepare(
    update(sync_steps)
    .where(*_STEP)
    .values(status=case((sync_steps.c.notice.is_(None), StepStatus.DONE), else_=StepStatus.PARTIAL))
)
END: Final = _changed(
    sync_runs.c.finished_at.is_(None),
    status=_text("outcome"),
    finished_at=_AT,
    resumes_at=None,
    problem=_text("code"),
    detail=_text("words"),
)
NO_LONGER_DUE: Final = prepare(delete(due_work).where(*_DUE))
FORGET_SEEN: Final = prepare(
    delete(sync_seen).where(own(sync_seen), sync_seen.c.run_id == _uuid("run"))
)
IN_ORDER: Final = prepare(
    update(integrations)
    .where(*_THESE_CREDENTIALS)
    .values(attention=None, attention_code=None, attention_since=None, last_success_at=_AT)
)
NEEDS_ATTENTION: Final = prepare(
    update(integrations)
    .where(*_THESE_CREDENTIALS)
    .values(
        attention=_text("words"),
        attention_code=_text("code"),
        attention_since=func.coalesce(integrations.c.attention_since, _AT),
    )
)
RELEASE: Final = prepare(
    update(due_work)
    .where(*_DUE)
    .values(
        lease=None,
        leased_until=None,
        due_at=_NOW + _PAUSE,
        attempts=func.greatest(due_work.c.attempts - bindparam("refund", type_=Integer), 0),
    )
    .returning(due_work.c.due_at)
)
WAITING: Final = _changed(
    resumes_at=bindparam("until", type_=DateTime(timezone=True)),
    problem=_text("code"),
    detail=_text("words"),
)
