"""Reads all that a dashboard rests on with two statements, however long the history."""

from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    FromClause,
    Select,
    Text,
    func,
    literal_column,
    select,
    true,
    union,
)

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.dashboard.models import PAX8, Facts, Run, Slice, SourceFacts
from billingone_api.billing.definitions.adapters.rates import newest_rates
from billingone_api.billing.definitions.adapters.subscriptions import (
    badge,
    cost_parts,
    obstacle,
    sell_parts,
)
from billingone_api.billing.definitions.figures import Rate, Source
from billingone_api.billing.definitions.models import Badge, Exclusion, PriceBasis
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import Prepared, Row, fetch, fetch_one, prepare
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.tables.syncs import quarantined_records, sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_PAX8: Final = literal_column(f"'{PAX8}'", Text)
_SUCCESSES: Final = [
    literal_column(f"'{status}'", Text) for status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL)
]


class PostgresDashboard:
    """The facts of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def facts(self, organisation: Organisation, *, now: datetime) -> Facts:
        basis = PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)
        rows = await fetch(
            self._work.connection,
            _slices(basis),
            organisation_id=self._work.organisation_id,
            reporting_currency=organisation.reporting_currency,
            today=organisation.day_of(now),
        )
        return Facts(basis, tuple(_slice(row) for row in rows), await self._pax8())

    async def _pax8(self) -> SourceFacts:
        row = await fetch_one(
            self._work.connection, _source(), organisation_id=self._work.organisation_id
        )
        if row is None:
            raise LookupError("A statement that reads from nothing has one row.")
        is_connected = row["connection_id"] is not None
        return SourceFacts(
            source=Source(PAX8, is_connected, row["last_success_at"]),
            attention=row["attention"],
            schedule_minutes=row["schedule_minutes"],
            latest=_run(row, "latest"),
            ended=_run(row, "ended"),
            quarantined=row["quarantined"],
            unmapped_companies=row["unmapped_companies"],
        )


@cache
def _slices(basis: PriceBasis) -> Prepared:
    alike = _alike(basis)
    worth = newest_rates()
    return prepare(
        select(alike, worth.c.rate, worth.c.valid_on, worth.c.source).select_from(
            alike.outerjoin(worth, worth.c.currency == alike.c.currency)
        )
    )


def _alike(basis: PriceBasis) -> FromClause:
    one = (
        select(
            badge(subscriptions).label("badge"),
            obstacle(subscriptions, basis).label("obstacle"),
            subscriptions.c.currency,
            subscriptions.c.client_id.is_not(None).label("is_mapped"),
            sell_parts(subscriptions, basis).label("sell"),
            cost_parts(subscriptions, basis).label("cost"),
        )
        .where(own(subscriptions))
        .subquery("one")
    )
    kind = (one.c.badge, one.c.obstacle, one.c.currency, one.c.is_mapped)
    return (
        select(
            *kind,
            func.count().label("subscriptions"),
            func.count(one.c.cost).label("costed"),
            func.sum(one.c.sell).label("sell"),
            func.sum(one.c.cost).label("cost"),
            func.sum(one.c.sell).filter(one.c.cost.is_not(None)).label("sell_of_costed"),
        )
        .group_by(*kind)
        .subquery("alike")
    )


@cache
def _source() -> Prepared:
    connection = select(integrations).where(own(integrations), integrations.c.provider == _PAX8)
    connected = connection.subquery("connected")
    latest, ended = _newest(_runs(), "latest"), _newest(_ended(), "ended")
    return prepare(
        select(
            connected.c.connection_id,
            connected.c.attention,
            connected.c.schedule_minutes,
            func.coalesce(connected.c.last_success_at, _last_success().scalar_subquery()).label(
                "last_success_at"
            ),
            *(latest.c[name].label(f"latest_{name}") for name in _RUN),
            *(ended.c[name].label(f"ended_{name}") for name in _RUN),
            _quarantined().scalar_subquery().label("quarantined"),
            _unmapped().scalar_subquery().label("unmapped_companies"),
        ).select_from(
            select(_PAX8.label("source"))
            .subquery("asked")
            .outerjoin(connected, true())
            .outerjoin(latest, true())
            .outerjoin(ended, true())
        )
    )


_RUN: Final = ("status", "finished_at", "detail")


def _runs() -> Select[Any]:
    return select(*(sync_runs.c[name] for name in _RUN)).where(
        own(sync_runs), sync_runs.c.source == _PAX8
    )


def _ended() -> Select[Any]:
    return _runs().where(sync_runs.c.finished_at.is_not(None))


def _newest(runs: Select[Any], name: str) -> FromClause:
    return runs.order_by(sync_runs.c.queued_at.desc()).limit(1).subquery(name)


def _last_success() -> Select[Any]:
    """Asked only where the connection does not know: it is new, or there is none."""
    return (
        select(sync_runs.c.finished_at)
        .where(own(sync_runs), sync_runs.c.source == _PAX8, sync_runs.c.status.in_(_SUCCESSES))
        .order_by(sync_runs.c.queued_at.desc())
        .limit(1)
    )


def _quarantined() -> Select[Any]:
    return select(func.count()).where(
        own(quarantined_records), quarantined_records.c.source == _PAX8
    )


def _unmapped() -> Select[Any]:
    """As `/v1/clients/unmapped` lists them: those that only a subscription speaks of as well."""
    listed, of, links = pax8_companies.c, subscriptions.c, client_links.c
    known = union(
        select(listed.source_id).where(own(pax8_companies), listed.gone_at.is_(None)),
        select(of.company_id).where(
            own(subscriptions),
            of.source == _PAX8,
            of.client_id.is_(None),
            of.gone_at.is_(None),
            of.company_id.is_not(None),
        ),
    ).subquery("known")
    is_linked = (
        select(links.source_id)
        .where(own(client_links), links.source == _PAX8, links.source_id == known.c.source_id)
        .exists()
    )
    return select(func.count()).select_from(known).where(~is_linked)


def _slice(row: Row) -> Slice:
    facts: dict[str, Any] = dict(row)
    rate = {name: facts.pop(name) for name in ("rate", "valid_on", "source")}
    return Slice(
        **facts
        | {
            "badge": Badge(facts["badge"]),
            "obstacle": Exclusion(facts["obstacle"]) if facts["obstacle"] else None,
            "rate": None if rate["rate"] is None else Rate(facts["currency"], **rate),
        }
    )


def _run(row: Row, name: str) -> Run | None:
    status = row[f"{name}_status"]
    if status is None:
        return None
    return Run(RunStatus(status), row[f"{name}_finished_at"], row[f"{name}_detail"])
