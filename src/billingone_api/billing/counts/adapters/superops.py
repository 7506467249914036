"""Counts the devices and people that SuperOps lists for each client, as of its last sync."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    union_all,
)

from billingone_api.billing.counts.adapters.devices import (
    WORDS,
    bound_by,
    is_link_of,
    is_read,
    kinds,
    left_out,
)
from billingone_api.billing.counts.adapters.postgres import forgetting, keeping, renewing
from billingone_api.billing.counts.models import SUPEROPS, USERS, DeviceRule
from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.syncs.models import RunStatus, StepStatus
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.superops import (
    superops_assets,
    superops_clients,
    superops_users,
)
from billingone_api.database.tables.syncs import sync_runs, sync_steps
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

THROUGH: Final = (RunStatus.SUCCEEDED, RunStatus.PARTIAL)
_COUNTED_STEPS: Final = "asset|device|user|people|association"
_CLIENTS: Final = bindparam("clients", type_=ARRAY(Uuid())).any_()
_ZERO: Final[ColumnElement[int]] = literal_column("0")


def _companies(*, of_some: bool) -> CTE:
    """Clients of ours, each with the records of the books that are read which are theirs."""
    of, links = superops_clients.c, client_links.c
    is_meant = links.client_id == _CLIENTS if of_some else links.client_id.is_not(None)
    return (
        select(links.client_id, of.ledger_id, of.source_id)
        .select_from(superops_clients.join(client_links, is_link_of(of.source_id)))
        .where(is_read(superops_clients), is_meant)
        .cte("companies")
    )


def _is_theirs(table: FromClause, companies: CTE) -> ColumnElement[bool]:
    of = table.c
    return and_(
        own(table),
        of.gone_at.is_(None),
        of.ledger_id == companies.c.ledger_id,
        of.client_source_id == companies.c.source_id,
    )


def _assets(companies: CTE) -> CTE:
    """How many of each kind; kinds are few, so that the patterns are looked for but a few times."""
    is_left_out = left_out().is_not(None)
    theirs = _is_theirs(superops_assets, companies)
    return (
        select(
            companies.c.client_id,
            WORDS.label("words"),
            is_left_out.label("is_left_out"),
            func.count(superops_assets.c.source_id).label("number"),
        )
        .select_from(companies.outerjoin(superops_assets, theirs))
        .group_by(companies.c.client_id, WORDS, is_left_out)
        .cte("assets")
    )


def _devices(assets: CTE, metric: str, is_one: ColumnElement[Any]) -> Any:
    def number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        found = func.sum(assets.c.number).filter(is_one, *conditions)
        return cast(func.coalesce(found, _ZERO), BigInteger)

    return select(
        assets.c.client_id,
        word(metric).label("metric"),
        number(~assets.c.is_left_out).label("count"),
        number(assets.c.is_left_out).label("excluded"),
    ).group_by(assets.c.client_id)


def _people(companies: CTE) -> Any:
    """A person of two sites of a client is one; there is nothing that says who has left."""
    return (
        select(
            companies.c.client_id,
            word(USERS).label("metric"),
            func.count(superops_users.c.user_source_id.distinct()).label("count"),
            cast(_ZERO, BigInteger).label("excluded"),
        )
        .select_from(companies.outerjoin(superops_users, _is_theirs(superops_users, companies)))
        .group_by(companies.c.client_id)
    )


def _counted(*, of_some: bool) -> CTE:
    companies = _companies(of_some=of_some)
    assets = _assets(companies)
    each = union_all(
        *(_devices(assets, name, is_one) for name, is_one in kinds(assets.c.words).items()),
        _people(companies),
    ).subquery("each")
    return select(
        *each.c,
        word(SUPEROPS).label("source"),
        bindparam("counted_at", type_=DateTime(timezone=True)).label("counted_at"),
    ).cte("counted")


def last_walk() -> Select[Any]:
    """When devices and people of the books that are read were last read to the end, if ever."""
    of, step = sync_runs.c, sync_steps.c
    cut_short = exists().where(
        own(sync_steps),
        step.run_id == of.id,
        step.name.regexp_match(word(_COUNTED_STEPS)),
        step.status != word(StepStatus.DONE),
    )
    return (
        select(of.finished_at)
        .where(
            own(sync_runs),
            of.source == word(SUPEROPS),
            of.status.in_([word(status) for status in THROUGH]),
            ~cut_short,
            of_these_books(of.source, of.finished_at).is_not(None),
        )
        .order_by(of.queued_at.desc())
        .limit(literal_column("1"))
    )


@cache
def _counting(*, of_some: bool) -> Prepared:
    """Counted once, though it is written in two places."""
    counted = _counted(of_some=of_some)
    return prepare(renewing(counted).add_cte(keeping(counted).cte("kept")))


@cache
def _forgetting(*, of_some: bool) -> Prepared:
    """What SuperOps' lists said of clients of whom they say nothing any more."""
    of, companies = client_counts.c, _companies(of_some=of_some)
    is_listed = exists().where(companies.c.client_id == of.client_id)
    some = [of.client_id == _CLIENTS] if of_some else []
    return prepare(
        forgetting(
            select(of.client_id, of.metric, of.source).where(
                own(client_counts), of.source == word(SUPEROPS), ~is_listed, *some
            )
        )
    )


_LAST_WALK: Final = prepare(last_walk())


async def count_superops(
    work: UnitOfWork,
    rule: DeviceRule,
    *,
    now: datetime,
    clients: Collection[UUID] | None = None,
) -> datetime | None:
    """Count anew what is there; as of when, or None where SuperOps was never read to the end.

    Of `clients`, or of all. Call it in a transaction that relies on the mapping or changes it.
    """
    of_some = clients is not None
    of = {"organisation_id": work.organisation_id, "at": now, "clients": list(clients or ())}
    await fetch(work.connection, _forgetting(of_some=of_some), **of)
    walk = await fetch_one(work.connection, _LAST_WALK, organisation_id=work.organisation_id)
    if walk is None:
        return None
    counted_at: datetime = walk["finished_at"]
    values = of | {"counted_at": counted_at} | bound_by(rule, counted_at)
    await fetch(work.connection, _counting(of_some=of_some), **values)
    return counted_at
