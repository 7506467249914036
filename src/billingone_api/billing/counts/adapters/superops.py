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
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from billingone_api.billing.counts.adapters.postgres import forgetting, keeping, renewing
from billingone_api.billing.counts.models import (
    DEVICES,
    SERVERS,
    SUPEROPS,
    USERS,
    WORKSTATIONS,
    DeviceRule,
)
from billingone_api.billing.definitions.adapters.sources import of_these_books
from billingone_api.billing.syncs.models import RunStatus, StepStatus
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.invoices import ledgers
from billingone_api.database.tables.superops import (
    superops_assets,
    superops_clients,
    superops_users,
)
from billingone_api.database.tables.syncs import sync_runs, sync_steps
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_THROUGH: Final = (RunStatus.SUCCEEDED, RunStatus.PARTIAL)
_COUNTED_STEPS: Final = "asset|device|user|people|association"
_SERVER: Final = "server"
# A machine is no Mac.
_MAC: Final = r"\mi?mac(\M|os|book|intosh|mini|pro)"
_WORKSTATION: Final = rf"workstation|desktop|laptop|notebook|windows (7|8|10|11)|{_MAC}"
# What SuperOps writes of a device is free text of each account: kind, class and platform together.
_PLATFORMS: Final = {
    "windows_devices": "windows",
    "mac_devices": rf"{_MAC}|\mos x\M|darwin",
    "linux_devices": r"linux|ubuntu|debian|centos|red hat|\mrhel",
}
_CLIENTS: Final = bindparam("clients", type_=ARRAY(Uuid())).any_()
_ZERO: Final[ColumnElement[int]] = literal_column("0")


def _companies(*, of_some: bool) -> CTE:
    """Clients of ours, each with the records of the books that are read which are theirs."""
    some = [client_links.c.client_id == _CLIENTS] if of_some else []
    of, links = superops_clients.c, client_links.c
    return (
        select(links.client_id, of.ledger_id, of.source_id)
        .select_from(
            superops_clients.join(
                ledgers,
                and_(own(ledgers), ledgers.c.id == of.ledger_id, ledgers.c.is_current),
            ).join(
                client_links,
                and_(
                    own(client_links),
                    links.source == word(SUPEROPS),
                    links.source_id == of.source_id,
                    links.client_id.is_not(None),
                ),
            )
        )
        .where(own(superops_clients), of.gone_at.is_(None), *some)
        .cte("companies")
    )


def _assets(companies: CTE) -> CTE:
    """How many of each kind; kinds are few, so that the patterns are looked for but a few times."""
    of = superops_assets.c
    words = func.lower(func.concat_ws(" ", of.device_category, of.asset_class, of.platform))
    name = func.lower(func.coalesce(of.name, of.host_name, ""))
    patterns = bindparam("ignored", type_=ARRAY(Text))
    is_idle = of.last_seen_at < bindparam("idle_since", type_=DateTime(timezone=True))
    is_left_out = func.coalesce(or_(is_idle, name.like(patterns.any_())), false())
    theirs = and_(
        own(superops_assets),
        of.gone_at.is_(None),
        of.ledger_id == companies.c.ledger_id,
        of.client_source_id == companies.c.source_id,
    )
    return (
        select(
            companies.c.client_id,
            words.label("words"),
            is_left_out.label("is_left_out"),
            func.count(of.source_id).label("number"),
        )
        .select_from(companies.outerjoin(superops_assets, theirs))
        .group_by(companies.c.client_id, words, is_left_out)
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
    of = superops_users.c
    theirs = and_(
        own(superops_users),
        of.gone_at.is_(None),
        of.ledger_id == companies.c.ledger_id,
        of.client_source_id == companies.c.source_id,
    )
    return (
        select(
            companies.c.client_id,
            word(USERS).label("metric"),
            func.count(of.user_source_id.distinct()).label("count"),
            cast(_ZERO, BigInteger).label("excluded"),
        )
        .select_from(companies.outerjoin(superops_users, theirs))
        .group_by(companies.c.client_id)
    )


def _counted(*, of_some: bool) -> CTE:
    companies = _companies(of_some=of_some)
    assets = _assets(companies)
    words = assets.c.words
    is_server = words.regexp_match(word(_SERVER))
    kinds = {
        DEVICES: literal_column("true"),
        SERVERS: is_server,
        WORKSTATIONS: and_(~is_server, words.regexp_match(word(_WORKSTATION))),
    } | {name: words.regexp_match(word(pattern)) for name, pattern in _PLATFORMS.items()}
    each = union_all(
        *(_devices(assets, name, is_one) for name, is_one in kinds.items()), _people(companies)
    ).subquery("each")
    return select(
        *each.c,
        word(SUPEROPS).label("source"),
        bindparam("counted_at", type_=DateTime(timezone=True)).label("counted_at"),
    ).cte("counted")


def _last_walk() -> Prepared:
    """When devices and people of the books that are read were last read to the end."""
    of, step = sync_runs.c, sync_steps.c
    cut_short = exists().where(
        own(sync_steps),
        step.run_id == of.id,
        step.name.regexp_match(word(_COUNTED_STEPS)),
        step.status != word(StepStatus.DONE),
    )
    return prepare(
        select(of.finished_at)
        .where(
            own(sync_runs),
            of.source == word(SUPEROPS),
            of.status.in_([word(status) for status in _THROUGH]),
            ~cut_short,
            of_these_books(of.source, of.finished_at).is_not(None),
        )
        .order_by(of.queued_at.desc())
        .limit(1)
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


_LAST_WALK: Final = _last_walk()


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
    values = of | {
        "counted_at": counted_at,
        "idle_since": rule.idle_since,
        "ignored": [_pattern(name) for name in rule.ignored_names],
    }
    await fetch(work.connection, _counting(of_some=of_some), **values)
    return counted_at


def _pattern(name: str) -> str:
    literal = name.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return literal.replace("*", "%")
