"""Badge, exclusion and monthly money of a subscription, as SQL over its table or its versions.

Each takes the columns of `subscriptions` or of `subscription_versions`, which name these facts
alike. `today` is a bind value: the organisation's calendar day.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Numeric,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
)

from billingone_api.billing.definitions.models import (
    MONTHS,
    STATUS_RULES,
    SUSPENDED_SPELLING,
    Badge,
    Exclusion,
    PriceBasis,
    StatusRule,
)
from billingone_api.database.words import word

TODAY: Final = bindparam("today", type_=Date)


def badge(table: FromClause, *, on: ColumnElement[Any] = TODAY) -> ColumnElement[str]:
    """What the subscription is on that day; one gone from Pax8's list is cancelled."""
    status = table.c.source_status
    spelt_suspended = func.lower(status).regexp_match(word(SUSPENDED_SPELLING))
    return case(
        (table.c.gone_at.is_not(None), word(Badge.CANCELLED)),
        *((status == word(rule.word), _ruled(rule, table, on)) for rule in STATUS_RULES),
        (spelt_suspended, word(Badge.SUSPENDED)),
        else_=word(Badge.UNKNOWN),
    )


def exclusion(
    table: FromClause, basis: PriceBasis, *, counted: Badge, on: ColumnElement[Any] = TODAY
) -> ColumnElement[str]:
    """Why a subscription adds nothing to the MRR of that badge; NULL where it adds something."""
    return case(
        (badge(table, on=on) != word(counted), word(Exclusion.BADGE)),
        else_=obstacle(table, basis),
    )


def obstacle(table: FromClause, basis: PriceBasis) -> ColumnElement[str]:
    """Why a subscription would add nothing even with the right badge; NULL where it would."""
    of = table.c
    return case(
        (parts(table, basis).is_(None), word(Exclusion.TERM)),
        (of.usage_billed.is_(True), word(Exclusion.USAGE)),
        (of.currency.is_(None), word(Exclusion.CURRENCY)),
        (of.price.is_(None), word(Exclusion.PRICE)),
        (of.quantity.is_(None), word(Exclusion.QUANTITY)),
        else_=null(),
    )


def parts(table: FromClause, basis: PriceBasis) -> ColumnElement[Any]:
    """How many 72nds of price times quantity are one month's; NULL for no recurring term."""
    term = table.c.billing_term
    known: Any = (
        (term == word(name), literal_column(str(basis.parts_of(name)))) for name in MONTHS
    )
    return case(*known, else_=null())


def sell_parts(table: FromClause, basis: PriceBasis) -> ColumnElement[Any]:
    """72nds of what the client pays a month; NULL where the basis says it is not known."""
    if not basis.knows_sell_price:
        return cast(null(), Numeric)
    return table.c.price * table.c.quantity * parts(table, basis)


def cost_parts(table: FromClause, basis: PriceBasis) -> ColumnElement[Any]:
    """72nds of what the MSP pays a month; NULL where Pax8 does not say."""
    unit = table.c.partner_cost if basis.knows_sell_price else table.c.price
    return unit * table.c.quantity * parts(table, basis)


def _ruled(rule: StatusRule, table: FromClause, on: ColumnElement[Any]) -> ColumnElement[str]:
    if rule.before_start:
        return case((table.c.starts_on > on, word(rule.before_start)), else_=word(rule.badge))
    if rule.after_end:
        return case((table.c.ends_on < on, word(rule.after_end)), else_=word(rule.badge))
    return word(rule.badge)
