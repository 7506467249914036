"""The sides of a comparison as they were known at the end of a past day, from dated versions.

All of it binds `as_of`. Settings have no versions: whoever asks today asks by those of today.
"""

from typing import Any, Final

from sqlalchemy import DateTime, Select, Subquery, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.definitions.adapters.sources import left_out
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres.lines import RULE
from billingone_api.billing.reconciliation.adapters.postgres.sides import seats_of, speaking
from billingone_api.billing.reconciliation.models import PAX8
from billingone_api.billing.syncs.models import RunStatus
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.counts import client_count_history
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.reconciliation import count_rule_versions
from billingone_api.database.tables.subscriptions import (
    products,
    subscription_versions,
    subscriptions,
)
from billingone_api.database.tables.syncs import sync_runs
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

AS_OF: Final = bindparam("as_of", type_=DateTime(timezone=True))
_PAX8: Final = word(PAX8)
_THROUGH: Final = [word(status) for status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL)]


def facts_then() -> Subquery:
    """Every subscription with the facts that were the last known by then."""
    of = subscription_versions.c
    return (
        select(*of)
        .ext(distinct_on(of.subscription_id))
        .where(own(subscription_versions), of.seen_at <= AS_OF)
        .order_by(of.subscription_id, of.version.desc())
        .subquery("facts_then")
    )


def seats_then(basis: PriceBasis) -> Select[Any]:
    """Products are called what they are called now: names are no facts. Binds `today`."""
    facts, product = facts_then(), products.c
    is_product = and_(
        own(products), product.source == _PAX8, product.source_id == facts.c.product_id
    )
    is_it = and_(own(subscriptions), subscriptions.c.id == facts.c.subscription_id)
    called = func.coalesce(product.name, subscriptions.c.product_name)
    return seats_of(facts, facts.c.subscription_id, called, basis).select_from(
        facts.join(subscriptions, is_it).outerjoin(products, is_product)
    )


def counts_then() -> Select[Any]:
    """Of each source what it last said by then of what it had counted by then.

    A count of that time that arrived later is one all the same, where none had been heard of the
    same instant, and unless its client came later still: nobody knows what that one held. What was
    reckoned anew later says nothing of what was known, and what we count ourselves of SuperOps'
    lists never arrives late: it was then another client's.
    """
    of = client_count_history.c
    was_heard = of.received_at <= AS_OF
    was_there = exists().where(
        own(clients), clients.c.id == of.client_id, clients.c.created_at <= AS_OF
    )
    last = (
        select(*of)
        .ext(distinct_on(of.client_id, of.metric, of.source))
        .where(
            own(client_count_history),
            of.counted_at <= AS_OF,
            was_there,
            or_(was_heard, and_(of["count"].is_not(None), of.source != word(SUPEROPS))),
        )
        .order_by(
            of.client_id,
            of.metric,
            of.source,
            of.counted_at.desc(),
            was_heard.desc(),
            case((was_heard, of.received_at)).desc(),
            of.received_at,
        )
        .subquery("last")
    )
    return speaking(select(*last.c).where(last.c["count"].is_not(None)).subquery("counted"))


def rules_then() -> Select[Any]:
    of = count_rule_versions.c
    last = (
        select(*(of[name] for name in RULE), of.is_active)
        .ext(distinct_on(of.rule_id))
        .where(own(count_rule_versions), of.seen_at <= AS_OF)
        .order_by(of.rule_id, of.version.desc())
        .subquery("last")
    )
    return select(*(last.c[name] for name in RULE)).where(last.c.is_active)


def _source_then() -> Prepared:
    """How Pax8's copy stood: by its runs, of which old ones are not kept.

    Where they do not go back so far, the last change that was copied shows that there was a copy;
    how fresh it was is not known any more.
    """
    run, seen_at = sync_runs.c, subscription_versions.c.seen_at
    of_pax8 = (own(sync_runs), run.source == _PAX8)
    last = (
        select(left_out(run).label("is_partial"), run.finished_at)
        .where(*of_pax8, run.status.in_(_THROUGH), run.finished_at <= AS_OF)
        .order_by(run.finished_at.desc())
        .limit(1)
        .subquery("last_run")
    )
    minutes = select(integrations.c.schedule_minutes).where(
        own(integrations), integrations.c.provider == _PAX8
    )
    is_on_record = exists().where(*of_pax8, run.queued_at <= AS_OF)
    change = select(func.max(seen_at)).where(own(subscription_versions), seen_at <= AS_OF)
    return prepare(
        select(
            minutes.scalar_subquery().label("schedule_minutes"),
            func.coalesce(
                select(last.c.finished_at).scalar_subquery(),
                case((~is_on_record, change.scalar_subquery())),
            ).label("last_success_at"),
            select(last.c.is_partial).scalar_subquery().label("is_partial"),
        )
    )


SOURCE_THEN: Final = _source_then()
