"""Which of SuperOps' devices are counted, as what and for whom: for counts and for lists alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
)

from billingone_api.billing.counts.models import (
    SUPEROPS,
    DeviceMetric,
    DeviceRule,
    LeftOut,
)
from billingone_api.database.tables.clients import client_links
from billingone_api.database.tables.invoices import ledgers
from billingone_api.database.tables.superops import superops_assets, superops_clients
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_SERVER: Final = "server"
# A machine is no Mac.
_MAC: Final = r"\mi?mac(\M|os|book|intosh|mini|pro)"
_WORKSTATION: Final = rf"workstation|desktop|laptop|notebook|windows (7|8|10|11)|{_MAC}"
# What SuperOps writes of a device is free text of each account: kind, class and platform together.
_PLATFORMS: Final = {
    DeviceMetric.WINDOWS: "windows",
    DeviceMetric.MAC: rf"{_MAC}|\mos x\M|darwin",
    DeviceMetric.LINUX: r"linux|ubuntu|debian|centos|red hat|\mrhel",
}
_OF: Final = superops_assets.c
WORDS: Final = func.lower(
    func.concat_ws(word(" "), _OF.device_category, _OF.asset_class, _OF.platform), type_=Text
)
"""All that SuperOps says of what a device is; there are few such texts."""


def kinds(words: ColumnElement[Any]) -> Mapping[DeviceMetric, ColumnElement[bool]]:
    """By metric, whether a device of which these `WORDS` are said is one."""
    is_server = words.regexp_match(word(_SERVER))
    return {
        DeviceMetric.DEVICES: literal_column("true"),
        DeviceMetric.SERVERS: is_server,
        DeviceMetric.WORKSTATIONS: and_(~is_server, words.regexp_match(word(_WORKSTATION))),
    } | {name: words.regexp_match(word(pattern)) for name, pattern in _PLATFORMS.items()}


def left_out() -> ColumnElement[Any]:
    """Why a device is no longer in use, the first reason that holds; binds `bound_by`."""
    name = func.lower(func.coalesce(_OF.name, _OF.host_name, word("")))
    patterns = bindparam("ignored", type_=ARRAY(Text))
    is_idle = _OF.last_seen_at < bindparam("idle_since", type_=DateTime(timezone=True))
    return case(
        (is_idle, word(LeftOut.IDLE)),
        (name.like(patterns.any_()), word(LeftOut.IGNORED)),
    )


def bound_by(rule: DeviceRule, at: datetime) -> dict[str, Any]:
    """Days are those before `at`, when the list was read: nobody falls silent by a late sync."""
    days = rule.idle_days
    return {
        "idle_since": None if days is None else at - timedelta(days=days),
        "ignored": _patterns(rule.ignored_names),
    }


def is_read(table: FromClause) -> ColumnElement[bool]:
    """Of the account that is read now, and listed there still."""
    books = select(ledgers.c.id).where(
        own(ledgers), ledgers.c.source == word(SUPEROPS), ledgers.c.is_current
    )
    is_there: ColumnElement[bool] = table.c.gone_at.is_(None)
    return and_(own(table), table.c.ledger_id == books.scalar_subquery(), is_there)


def is_company_of(
    table: FromClause, companies: FromClause = superops_clients
) -> ColumnElement[bool]:
    """SuperOps lists the company that a device or person is said to belong to."""
    of = companies.c
    return and_(
        own(companies),
        of.ledger_id == table.c.ledger_id,
        of.source_id == table.c.client_source_id,
        of.gone_at.is_(None),
    )


def is_link_of(
    company_id: ColumnElement[Any], links: FromClause = client_links
) -> ColumnElement[bool]:
    """The link that says whose such a company is."""
    return and_(own(links), links.c.source == word(SUPEROPS), links.c.source_id == company_id)


def _patterns(names: Sequence[str]) -> list[str]:
    return [_pattern(name) for name in names]


def _pattern(name: str) -> str:
    literal = name.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return literal.replace("*", "%")
