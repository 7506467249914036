"""What is shown of a subscription, as SQL: one wording for list, detail and export.

Amounts are rounded here, once, to the minor unit of their currency; prices and quantities stay
as received.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
)

from billingone_api.billing.definitions.adapters.rounding import rounded, rounded_month
from billingone_api.billing.definitions.adapters.subscriptions import (
    badge,
    cost_parts,
    exclusion,
    sell_parts,
)
from billingone_api.billing.definitions.models import Badge, Exclusion, PriceBasis
from billingone_api.billing.subscriptions.models import Flag, Unknown
from billingone_api.database.tables.subscriptions import pax8_companies, subscriptions
from billingone_api.database.words import word

_OF: Final = subscriptions.c
_DELETED: Final = word("Deleted")
Shown = dict[str, ColumnElement[Any]]


def with_company() -> FromClause:
    """Subscriptions, and the company of each where Pax8 lists it."""
    return subscriptions.outerjoin(
        pax8_companies,
        and_(
            pax8_companies.c.organisation_id == _OF.organisation_id,
            pax8_companies.c.source_id == _OF.company_id,
        ),
    )


def shown(basis: PriceBasis) -> Shown:
    """The columns of a list, by the names under which they are read."""
    is_cancelling = and_(_OF.source_status == word("PendingCancel"), _is(Badge.ACTIVE))
    return {
        "id": _OF.id,
        "source": _OF.source,
        "source_id": _OF.source_id,
        "source_status": _OF.source_status,
        "badge": badge(subscriptions),
        "client_id": _OF.client_id,
        "client_label": _OF.client_label,
        "company_id": _OF.company_id,
        "company_name": pax8_companies.c.name,
        "product_id": _OF.product_id,
        "product_name": _OF.product_name,
        "vendor_name": _OF.vendor_name,
        "quantity": _OF.quantity,
        "currency": _OF.currency,
        "unit_price": unit_price(basis),
        "unit_price_unknown": _unknown(basis),
        "total": rounded(unit_price(basis) * _OF.quantity, _OF.currency),
        "partner_unit_cost": _priced(_OF.partner_cost if basis.knows_sell_price else _OF.price),
        "mrr": _month(sell_parts(subscriptions, basis), basis),
        "mrr_excluded": _excluded(basis),
        "billing_term": _OF.billing_term,
        "starts_on": _OF.starts_on,
        "ends_on": _OF.ends_on,
        "commitment_term": _OF.commitment_term,
        "commitment_ends_on": _OF.commitment_ends_on,
        "is_gone": _OF.gone_at.is_not(None),
        "is_company_gone": func.coalesce(_is_company_gone(), literal_column("false")),
        "is_cancelling": func.coalesce(is_cancelling, literal_column("false")),
        "is_usage_billed": func.coalesce(_OF.usage_billed, literal_column("false")),
        "changed_at": _OF.changed_at,
    }


FLAGS: Final = {
    "is_gone": Flag.GONE,
    "is_company_gone": Flag.COMPANY_GONE,
    "is_cancelling": Flag.CANCELLING,
    "is_usage_billed": Flag.USAGE_BILLED,
}


def monthly_cost(basis: PriceBasis) -> ColumnElement[Any]:
    return _month(cost_parts(subscriptions, basis), basis)


def margin(basis: PriceBasis) -> ColumnElement[Any]:
    """What a month leaves, where both what is earned and what is paid are known."""
    return _month(sell_parts(subscriptions, basis) - cost_parts(subscriptions, basis), basis)


def unit_price(basis: PriceBasis) -> ColumnElement[Any]:
    """What the client pays for one; NULL where nobody knows, or not in which currency."""
    return _priced(_OF.price) if basis.knows_sell_price else cast(null(), Numeric)


def _priced(price: ColumnElement[Any]) -> ColumnElement[Any]:
    """An amount is none without its currency."""
    return case((_OF.currency.is_not(None), price), else_=null())


def _unknown(basis: PriceBasis) -> ColumnElement[Any]:
    if not basis.knows_sell_price:
        return word(Unknown.SELL_PRICE)
    return case(
        (_OF.price.is_(None), word(Unknown.PRICE)),
        (_OF.currency.is_(None), word(Unknown.CURRENCY)),
        else_=null(),
    )


def _month(parts: ColumnElement[Any], basis: PriceBasis) -> ColumnElement[Any]:
    """A month's money of one that counts; a missing price says nothing of what is paid."""
    reason = exclusion(subscriptions, basis, counted=Badge.ACTIVE)
    counts = or_(reason.is_(None), reason == word(Exclusion.PRICE))
    return case((counts, rounded_month(parts, _OF.currency)), else_=null())


def _excluded(basis: PriceBasis) -> ColumnElement[Any]:
    """Why there is no MRR of it: what holds of the subscription itself is said first."""
    reason = exclusion(subscriptions, basis, counted=Badge.ACTIVE)
    if basis.knows_sell_price:
        return reason
    return func.coalesce(reason, word(Unknown.SELL_PRICE))


def _is(wanted: Badge) -> ColumnElement[bool]:
    return badge(subscriptions) == word(wanted)


def _is_company_gone() -> ColumnElement[bool]:
    return or_(pax8_companies.c.source_status == _DELETED, pax8_companies.c.gone_at.is_not(None))
