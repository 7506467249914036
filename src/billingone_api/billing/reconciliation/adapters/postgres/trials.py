"""What a rule would change, reckoned from what is there now and written nowhere."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, FromClause, Select, and_, func, or_, select, text

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres.lines import Compared
from billingone_api.billing.reconciliation.adapters.postgres.rules import told
from billingone_api.billing.reconciliation.adapters.postgres.sides import (
    counts_now,
    rules_said,
    seats_now,
)
from billingone_api.billing.reconciliation.models import (
    LineStatus,
    ReconciliationSettings,
    Rule,
)
from billingone_api.database.fast import Prepared, fetch, prepare
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.database.tables.clients import clients
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

MOST_LINES: Final = 50
_SIDES: Final = ("before", "after")
_SHOWN: Final = ("actual", "required", "licensed", "variance", "status", "reason", "is_tolerated")
_SUMS: Final = ("actual", "licensed", "variance")
_PLANNED: Final = text("SELECT set_config('enable_nestloop', 'off', true)")


def _lines(basis: PriceBasis) -> tuple[CTE, CTE]:
    seats, counts = seats_now(basis).cte("seats"), counts_now().cte("counts")
    return tuple(  # type: ignore[return-value]  # one for each side
        Compared(
            seats,
            counts,
            rules_said(f"{side}_rules").cte(side),
            knows_sell_price=basis.knows_sell_price,
            name=f"_{side}",
        )
        .lines()
        .cte(f"lines_{side}")
        for side in _SIDES
    )


@cache
def _totals(basis: PriceBasis) -> Prepared:
    sides = []
    for side, lines in zip(_SIDES, _lines(basis), strict=True):
        of = lines.c
        numbers = [
            func.count().filter(of.status == word(status)).label(f"{side}_{status}")
            for status in LineStatus
        ] + [
            func.coalesce(func.sum(of[name]).filter(of.reason.is_(None)), 0).label(f"{side}_{name}")
            for name in _SUMS
        ]
        sides.append(select(*numbers).select_from(lines).subquery(f"total_{side}"))
    return prepare(
        select(*sides[0].c, *sides[1].c).select_from(sides[0].join(sides[1], text("true")))
    )


@cache
def _changes(basis: PriceBasis) -> Prepared:
    before, after = _lines(basis)
    both = before.join(after, before.c.client_id == after.c.client_id, full=True)
    of = _differing(both, before, after).subquery("each")
    return prepare(
        select(*of.c, clients.c.name.label("client_name"))
        .select_from(of.outerjoin(clients, and_(own(clients), clients.c.id == of.c.client_id)))
        .order_by(of.c.weight.desc().nulls_last(), of.c.client_id)
        .limit(MOST_LINES)
    )


def _differing(both: FromClause, before: CTE, after: CTE) -> Select[Any]:
    sides: dict[str, CTE] = {"before": before, "after": after}
    shown: list[ColumnElement[Any]] = [
        of.c[name].label(f"{side}_{name}") for side, of in sides.items() for name in _SHOWN
    ]
    is_other = or_(*(before.c[name].is_distinct_from(after.c[name]) for name in _SHOWN))
    grown = func.coalesce(after.c.variance, 0) - func.coalesce(before.c.variance, 0)
    return (
        select(
            func.coalesce(after.c.client_id, before.c.client_id).label("client_id"),
            *shown,
            func.abs(grown).label("weight"),
            func.count().over().label("changed"),
        )
        .select_from(both)
        .where(is_other)
    )


class PostgresTrials:
    """Rules that are tried on the portfolio of one organisation as it is."""

    def __init__(self, work: UnitOfWork, *, basis: PriceBasis, today: date) -> None:
        self._work = work
        self._basis = basis
        self._today = today

    async def take_turn(self) -> None:
        """Nobody maps records to clients until the end of the transaction."""
        await rely_on_mapping(self._work)

    async def difference(
        self,
        before: Rule | None,
        after: Rule,
        *,
        settings: ReconciliationSettings,
        now: datetime,
    ) -> Mapping[str, Any]:
        """Both sides added up, how many clients change, and those that change most."""
        known = [] if before is None or not before.facts.is_active else [before]
        values = {
            "organisation_id": self._work.organisation_id,
            "today": self._today,
            "count_sources": json.dumps(dict(settings.count_sources)),
            "fresh_since": now - timedelta(hours=settings.stale_after_hours),
            "before_rules": _json(known),
            "after_rules": _json([after]),
        }
        await self._work.connection.execute(_PLANNED)
        (totals,) = await fetch(self._work.connection, _totals(self._basis), **values)
        changes = await fetch(self._work.connection, _changes(self._basis), **values)
        return {
            **{side: _side(totals, side) for side in _SIDES},
            "changed": changes[0]["changed"] if changes else 0,
            "lines": [
                {
                    "client_id": row["client_id"],
                    "client_name": row["client_name"] or "",
                    **{
                        side: None if row[f"{side}_status"] is None else _side(row, side)
                        for side in _SIDES
                    },
                }
                for row in changes
            ],
        }


def _side(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    prefix = f"{side}_"
    return {
        name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)
    }


def _json(rules: list[Rule]) -> str:
    return json.dumps([told(rule) for rule in rules], default=str)
