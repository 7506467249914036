"""What is licensed: Pax8's subscriptions as they were at the end of a month, or as they are."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Numeric,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.billing.definitions.models import MONTHS, Badge, PriceBasis
from billingone_api.billing.fourway.adapters.postgres.said import (
    ACTIVE,
    EMPTY,
    ENDED,
    HELD,
    TRIAL,
    ZERO,
    shaped,
)
from billingone_api.billing.fourway.models import PAX8
from billingone_api.database.tables.subscriptions import (
    FACTS,
    subscription_versions,
    subscriptions,
)
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_BEGINS_AT: Final = bindparam("begins_at", type_=DateTime(timezone=True))
_AS_OF: Final = bindparam("as_of", type_=DateTime(timezone=True))
MONTH: Final = bindparam("month", type_=Date)
AFTER: Final = bindparam("after", type_=Date)


def _as_they_were(*, of_one: bool) -> FromClause:
    """The newest version of each that was known at the instant `as_of`.

    Whose it is, is what is known now: charges and lines know nothing else.
    """
    of, now = subscription_versions.c, subscriptions.c
    return (
        select(
            *(of[name] for name in FACTS if name != "client_id"),
            now.id,
            now.client_id,
            now.source,
            now.source_id,
            now.billing_starts_on,
        )
        .join(subscriptions, own(subscriptions) & (now.id == of.subscription_id))
        .ext(distinct_on(of.subscription_id))
        .where(
            own(subscription_versions),
            of.seen_at < _AS_OF,
            # here, or the versions of all are read for one
            *only(now.client_id, of_one=of_one),
        )
        .order_by(of.subscription_id, of.version.desc())
        .subquery("as_they_were")
    )


def _as_they_are() -> FromClause:
    return select(*subscriptions.c).where(own(subscriptions)).subquery("as_they_are")


def held(basis: PriceBasis, *, is_past: bool, of_one: bool) -> CTE:
    """Every subscription, with what a unit of it is sold and bought for in its billing term.

    Binds `today`, the day that tells its badge, and `as_of` for a month that is over.
    """
    table = _as_they_were(of_one=of_one) if is_past else _as_they_are()
    of = table.c
    months: Any = [(of.billing_term == word(name), _number(many)) for name, many in MONTHS.items()]
    # Of a price per month a term longer than that costs as many of them.
    times = case(*months, else_=_number(1)) if basis.annual_price_is == "month" else _number(1)
    unit = of.price * times if basis.knows_sell_price else cast(null(), Numeric)
    cost = (of.partner_cost if basis.knows_sell_price else of.price) * times
    shown = {
        "id": of.id,
        "source_id": of.source_id,
        "client_id": of.client_id,
        "product_id": of.product_id,
        "currency": of.currency,
        "quantity": of.quantity,
        "unit": unit,
        "cost": cost,
        "badge": badge(table),
        "is_long": case(*months, else_=_number(0)) > _number(1),
        "is_recurring": case(*months, else_=_number(0)) > _number(0),
        "is_monthly": case(*months, else_=_number(0)) == _number(1),
        "is_usage": func.coalesce(of.usage_billed, false()),
        "begun_on": func.coalesce(of.billing_starts_on, of.starts_on),
    }
    columns = (value.label(name) for name, value in shown.items())
    is_wanted = (of.source == word(PAX8), *only(of.client_id, of_one=of_one))
    return select(*columns).where(*is_wanted).cte("held")


def _before(held_: CTE) -> CTE:
    """The most and the least that was held in the month before it changed, by subscription."""
    later, of = subscription_versions.alias("later"), subscription_versions.c
    is_before = and_(
        own(later),
        later.c.subscription_id == of.subscription_id,
        later.c.version == of.version + literal_column("1"),
    )
    return (
        select(
            of.subscription_id,
            func.max(of.quantity).label("most"),
            func.min(of.quantity).label("least"),
        )
        .select_from(subscription_versions.join(later, is_before))
        .where(
            own(subscription_versions),
            later.c.seen_at > _BEGINS_AT,
            later.c.seen_at < _AS_OF,
            badge(subscription_versions) == word(Badge.ACTIVE),
            # of the client that is asked for, where one is
            of.subscription_id.in_(select(held_.c.id)),
        )
        .group_by(of.subscription_id)
        .cte("before")
    )


def held_rows(held_: CTE, charged_units: CTE) -> Select[Any]:
    """Subscriptions of clients; `amount` is what Pax8 should charge for one that is due.

    Of other terms than a month, and of what began within it, only what is charged is due. Pax8
    charges in advance: of what changed within the month, as much is due as is charged, between the
    least and the most that was held.
    """
    of, due, before = held_.c, charged_units.c, _before(held_)
    is_charged = and_(due.subscription_id == of.source_id, due.client_id == of.client_id)
    held = case((of.badge == word(Badge.ACTIVE), of.quantity), else_=ZERO)
    least, most = func.least(held, before.c.least), func.greatest(held, before.c.most)
    has_changed = and_(before.c.most.is_not(None), due.quantity.is_not(None), held.is_not(None))
    units = case((has_changed, func.greatest(least, func.least(most, due.quantity))), else_=held)
    sort = case(
        (of.badge == word(Badge.ACTIVE), word(ACTIVE)),
        (of.badge == word(Badge.TRIAL), word(TRIAL)),
        else_=word(ENDED),
    )
    has_begun = of.is_monthly & func.coalesce(of.begun_on <= MONTH, true())
    is_active = or_(of.badge == word(Badge.ACTIVE), has_changed)
    is_due = and_(is_active, or_(due.subscription_id.is_not(None), has_begun))
    row = shaped(
        side=word(HELD),
        sort=sort,
        client_id=of.client_id,
        product_id=of.product_id,
        company_id=EMPTY,
        currency=of.currency,
        quantity=of.quantity,
        amount=rounded(units * of.cost, of.currency),
        unit=of.unit,
        unit_cost=of.cost,
        is_long=of.is_long,
        is_usage=of.is_usage,
        is_due=is_due,
    )
    return (
        select(*row)
        .select_from(
            held_.outerjoin(charged_units, is_charged).outerjoin(
                before, before.c.subscription_id == of.id
            )
        )
        .where(of.client_id.is_not(None), of.product_id.is_not(None), of.currency.is_not(None))
    )


def only(client: ColumnElement[Any], *, of_one: bool) -> list[ColumnElement[bool]]:
    """That the rows are of the client that is asked for, where one is: binds `client_id`.

    Said where rows are read, for PostgreSQL does not carry it into what is read once for several.
    """
    return [client == bindparam("client_id", type_=Uuid())] if of_one else []


def _number(number: int) -> ColumnElement[Any]:
    return literal_column(str(number), Numeric)
