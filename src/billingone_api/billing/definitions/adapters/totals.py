"""Keeps what each client's subscriptions come to, so that a list need not add them all up to sort.

Whoever changes facts of subscriptions calls `keep_totals` in the same transaction, and the totals
of the clients concerned are reckoned anew from what is there: that needs no old values, and what
was wrong once is right again. A badge that changes by the calendar is told beforehand, as what is
added or taken away from that day on; the totals of any day are those since then, added up.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import array, insert

from billingone_api.billing.definitions.adapters.rates import rates, worth
from billingone_api.billing.definitions.adapters.subscriptions import TODAY, exclusion, sell_parts
from billingone_api.billing.definitions.models import STATUS_RULES, Badge, PriceBasis
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.mapping import reckon_totals
from billingone_api.database.tables.subscriptions import (
    client_totals,
    subscription_versions,
    subscriptions,
)
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_OF: Final = client_totals.c
_BY: Final = {
    "by_year": PriceBasis("sell", "year"),
    "by_month": PriceBasis("sell", "month"),
}
"""The sums that are kept: an organisation may change its mind of what annual prices are."""
_SUMS: Final = ("subscriptions", *_BY)
_KEY: Final = ("client_id", "currency", "since")
_ALWAYS: Final = literal_column("'-infinity'::date", Date)
_ONE: Final = literal_column("1", Integer)
_NONE: Final = literal_column("0", Integer)
_DATED: Final = [word(rule.word) for rule in STATUS_RULES if rule.before_start or rule.after_end]


async def keep_totals(work: UnitOfWork, changed: Sequence[Row]) -> None:
    """After a change of facts; `changed` are the rows that `with_versions` has answered."""
    if not changed:
        return
    asked = {
        "ids": [row["subscription_id"] for row in changed],
        "versions": [row["version"] for row in changed],
    }
    mine = {"organisation_id": work.organisation_id}
    rows = await fetch(work.connection, _CONCERNED, **mine, **asked)
    if rows:
        # Two that change subscriptions of one client would not see each other's.
        await reckon_totals(work)
        client_ids = [row["client_id"] for row in rows]
        await fetch(work.connection, RECKON, **mine, client_ids=client_ids)


def totals_of_all(basis: PriceBasis) -> CTE:
    """`key`, `reporting`: exact sums in the reporting currency, NULL while a rate is missing.

    Those of `recurring` of all clients that have any subscription that counts, or has.
    """
    name = "by_month" if basis.annual_price_is == "month" else "by_year"
    counted = func.sum(_OF.subscriptions)
    parts = func.sum(_OF[name]) if basis.knows_sell_price else _NONE
    each = (
        select(_OF.client_id, _OF.currency, cast(parts, Numeric).label("parts"))
        .where(own(client_totals), _OF.since <= TODAY)
        .group_by(_OF.client_id, _OF.currency)
        .having(counted > _NONE)
        .cte("totals_per_currency")
    )
    known = rates()
    lacks_rate = func.bool_or(known.c.rate.is_(None)) & literal_column(
        "true" if basis.knows_sell_price else "false"
    )
    total = func.sum(worth(each.c.parts, known))
    return (
        select(
            each.c.client_id.label("key"),
            case((lacks_rate, null()), else_=func.coalesce(total, _NONE)).label("reporting"),
        )
        .select_from(each.outerjoin(known, known.c.currency == each.c.currency))
        .group_by(each.c.client_id)
        .cte("totals")
    )


def _concerned() -> Prepared:
    """Whose the changed subscriptions are, and whose they were before."""
    of = subscription_versions.c
    ids, versions = bindparam("ids", type_=ARRAY(Uuid)), bindparam("versions", type_=ARRAY(Integer))
    columns = column("id", Uuid), column("version", Integer)
    changed = func.unnest(ids, versions).table_valued(*columns, name="changed").render_derived()
    is_either = of.version.between(changed.c.version - _ONE, changed.c.version)
    return prepare(
        select(of.client_id)
        .distinct()
        .select_from(changed.join(subscription_versions, of.subscription_id == changed.c.id))
        .where(own(subscription_versions), is_either, of.client_id.is_not(None))
    )


def _reckon() -> Prepared:
    wanted = _wanted().cte("wanted")
    here = _OF.client_id == bindparam("client_ids", type_=ARRAY(Uuid)).any_()
    names = ("organisation_id", *_KEY, *_SUMS)
    rows = select(bindparam("organisation_id", type_=Uuid()), *(wanted.c[n] for n in names[1:]))
    adding = insert(client_totals).from_select(names, rows)
    news = [adding.excluded[name] for name in _SUMS]
    kept = tuple_(*(_OF[name] for name in _SUMS))
    written = adding.on_conflict_do_update(
        index_elements=["organisation_id", *_KEY],
        set_=dict(zip(_SUMS, news, strict=True)),
        where=kept.is_distinct_from(tuple_(*news)),
    )
    key = tuple_(*(_OF[name] for name in _KEY))
    still = select(*(wanted.c[name] for name in _KEY))
    removed = delete(client_totals).where(own(client_totals), here, key.not_in(still))
    return prepare(written.add_cte(removed.returning(_OF.client_id).cte("removed")))


def _wanted() -> Select[Any]:
    """Most are what they are on any day; the few that are not are looked at on the days between."""
    of = subscriptions.c
    at_first = _counted(_ALWAYS)
    always = _added(_ALWAYS, at_first).where(at_first == _ONE)
    days = func.unnest(array([of.starts_on, of.ends_on + _ONE]), type_=Date).label("since")
    day = select(days).distinct().correlate(subscriptions).lateral("day")
    change = _counted(day.c.since) - _counted(day.c.since - _ONE)
    later = (
        _added(day.c.since, change)
        .select_from(subscriptions.join(day, literal_column("true")))
        .where(of.source_status.in_(_DATED), day.c.since.is_not(None), change != _NONE)
    )
    each = union_all(always, later).subquery("each")
    return select(
        *(each.c[name] for name in _KEY),
        *(func.sum(each.c[name]).label(name) for name in _SUMS),
    ).group_by(*(each.c[name] for name in _KEY))


def _added(since: ColumnElement[Any], change: ColumnElement[Any]) -> Select[Any]:
    of = subscriptions.c
    return select(
        of.client_id,
        of.currency,
        since.label("since"),
        change.label("subscriptions"),
        *((change * sell_parts(subscriptions, by)).label(name) for name, by in _BY.items()),
    ).where(own(subscriptions), of.client_id == bindparam("client_ids", type_=ARRAY(Uuid)).any_())


def _counted(day: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whether it counts on that day, as a number; what counts has a currency."""
    why_not = exclusion(subscriptions, _BY["by_year"], counted=Badge.ACTIVE, on=day)
    return case((why_not.is_(None), _ONE), else_=_NONE)


_CONCERNED: Final = _concerned()
RECKON: Final = _reckon()
"""Binds organisation_id and client_ids."""
