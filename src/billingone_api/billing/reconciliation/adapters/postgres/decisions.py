"""Keeps what people said of lines; whether it still holds is asked of the newest snapshot."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DateTime,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    update,
)

from billingone_api.billing.reconciliation.adapters.postgres.reading import TODAY
from billingone_api.billing.reconciliation.adapters.postgres.sides import SNAPSHOT
from billingone_api.billing.reconciliation.models import (
    DecidedLine,
    Decision,
    DecisionState,
    LineKey,
    LineStatus,
)
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.reconciliation import (
    count_rules,
    line_decisions,
    snapshot_lines,
    snapshots,
)
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit import pagination
from billingone_api.kit.ids import new_id
from billingone_api.kit.pagination import Asked, Cursors

_OF, _LINE = line_decisions.c, snapshot_lines.c
_SHOWN: Final = (
    "id", "client_id", "rule_id", "snapshot_id", "kind", "reason", "until", "assignee", "made_by",
    "made_at", "withdrawn_by", "withdrawn_at",
)  # fmt: skip


def _lines() -> Prepared:
    asked = (
        func.unnest(
            bindparam("clients", type_=ARRAY(Uuid())), bindparam("rules", type_=ARRAY(Uuid()))
        )
        .table_valued(column("client_id", Uuid), column("rule_id", Uuid), name="asked")
        .render_derived()
    )
    is_wrong = _LINE.status.in_([word(LineStatus.UNDER_LICENSED), word(LineStatus.OVER_LICENSED)])
    is_meant = or_(_LINE.rule_id == asked.c.rule_id, and_(asked.c.rule_id.is_(None), is_wrong))
    return prepare(
        select(_LINE.client_id, _LINE.rule_id, _LINE.status, _LINE.facts)
        .distinct()
        .select_from(
            snapshot_lines.join(asked, and_(_LINE.client_id == asked.c.client_id, is_meant))
        )
        .where(own(snapshot_lines), _LINE.snapshot_id == SNAPSHOT)
        .order_by(_LINE.client_id, _LINE.rule_id)
    )


def _told() -> Select[Any]:
    """With the names of today, and whether the newest snapshot still says the same."""
    latest = (
        select(snapshots.c.id)
        .where(own(snapshots), snapshots.c.status == word("done"))
        .order_by(snapshots.c.as_of.desc(), snapshots.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    now = snapshot_lines.alias("now")
    is_now = and_(
        own(now),
        now.c.snapshot_id == latest,
        now.c.client_id == _OF.client_id,
        now.c.rule_id == _OF.rule_id,
    )
    state = case(
        (_OF.withdrawn_at.is_not(None), word(DecisionState.WITHDRAWN)),
        (_OF.until < TODAY, word(DecisionState.EXPIRED)),
        (now.c.facts.is_distinct_from(_OF.facts), word(DecisionState.MOVED)),
        else_=word(DecisionState.STANDING),
    )
    return (
        select(
            *(_OF[name] for name in _SHOWN),
            clients.c.name.label("client_name"),
            count_rules.c.name.label("rule_name"),
            state.label("state"),
        )
        .select_from(
            line_decisions.join(clients, and_(own(clients), clients.c.id == _OF.client_id))
            .join(count_rules, and_(own(count_rules), count_rules.c.id == _OF.rule_id))
            .outerjoin(now, is_now)
        )
        .where(own(line_decisions))
    )


_TOLD: Final = _told()
_LINES: Final = _lines()
_FIND: Final = prepare(_TOLD.where(_OF.id == bindparam("decision_id", type_=Uuid())))
_WITHDRAW: Final = prepare(
    update(line_decisions)
    .where(
        own(line_decisions),
        _OF.id == bindparam("decision_id", type_=Uuid()),
        _OF.withdrawn_at.is_(None),
    )
    .values(
        withdrawn_by=bindparam("by", type_=Text),
        withdrawn_at=bindparam("at", type_=DateTime(timezone=True)),
    )
    .returning(_OF.id)
)
_ADD: Final = line_decisions.insert()
DECISIONS: Final = Listing(
    name="line-decisions",
    rows=_TOLD,
    filters={
        "q": words_in(func.concat_ws(" ", clients.c.name, count_rules.c.name, _OF.reason)),
        "client_id": _OF.client_id == bindparam("client_id", type_=Uuid()),
        "rule_id": _OF.rule_id == bindparam("rule_id", type_=Uuid()),
        "kind": _OF.kind == bindparam("kind", type_=Text),
        "assignee": _OF.assignee == bindparam("assignee", type_=Text),
    },
    sorts={"made_at": _OF.made_at},
    key=_OF.id,
)


class PostgresDecisions:
    """What people of the organisation that a unit of work is for said of lines."""

    def __init__(self, work: UnitOfWork, *, cursors: Cursors, today: date) -> None:
        self._work = work
        self._cursors = cursors
        self._today = today

    async def lines(self, snapshot_id: UUID, keys: Sequence[LineKey]) -> Sequence[DecidedLine]:
        rows = await self._run(
            _LINES,
            snapshot_id=snapshot_id,
            clients=[key.client_id for key in keys],
            rules=[key.rule_id for key in keys],
        )
        return [DecidedLine(**dict(row) | {"status": LineStatus(row["status"])}) for row in rows]

    async def add(
        self, snapshot_id: UUID, lines: Sequence[DecidedLine], decision: Decision
    ) -> Sequence[UUID]:
        said = {
            "organisation_id": self._work.organisation_id,
            "snapshot_id": snapshot_id,
            "kind": decision.kind,
            "reason": decision.reason,
            "until": decision.until,
            "assignee": decision.assignee,
            "made_by": decision.made_by,
            "made_at": decision.made_at,
        }
        rows: list[dict[str, Any]] = [
            said
            | {
                "id": new_id(),
                "client_id": line.client_id,
                "rule_id": line.rule_id,
                "facts": line.facts,
            }
            for line in lines
        ]
        if rows:
            await self._work.connection.execute(_ADD, rows)
        return [row["id"] for row in rows]

    async def withdraw(self, decision_id: UUID, *, by: str, at: datetime) -> bool:
        return bool(await self._run(_WITHDRAW, decision_id=decision_id, by=by, at=at))

    async def find(self, decision_id: UUID) -> Mapping[str, Any] | None:
        rows = await self._run(_FIND, decision_id=decision_id)
        return rows[0] if rows else None

    async def page(self, wanted: Asked) -> pagination.Page[Row]:
        return await listings.page(
            self._work, DECISIONS, wanted, cursors=self._cursors, today=self._today
        )

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection,
            statement,
            organisation_id=self._work.organisation_id,
            today=self._today,
            **values,
        )
