"""Which subscriptions are asked for: each filter a condition, each combination SQL of its own."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    UUID,
    ColumnElement,
    Date,
    Select,
    Text,
    bindparam,
    func,
)

from billingone_api.billing.definitions.adapters.subscriptions import badge
from billingone_api.database.searching import patterns, words_in
from billingone_api.database.tables.subscriptions import subscriptions

Names = frozenset[str]


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=Text)


def _renews_on() -> ColumnElement[Any]:
    return func.coalesce(subscriptions.c.commitment_ends_on, subscriptions.c.ends_on)


_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "q": words_in(subscriptions.c.search_text),
    "badge": badge(subscriptions) == bindparam("badge", type_=ARRAY(Text)).any_(),
    "client_id": subscriptions.c.client_id == bindparam("client_id", type_=UUID()),
    "unmapped": subscriptions.c.client_id.is_(None) == bindparam("unmapped"),
    "vendor": subscriptions.c.vendor_name == _text("vendor"),
    "product_id": subscriptions.c.product_id == _text("product_id"),
    "billing_term": subscriptions.c.billing_term == _text("billing_term"),
    "renews_from": _renews_on() >= bindparam("renews_from", type_=Date),
    "renews_to": _renews_on() <= bindparam("renews_to", type_=Date),
}


def filtered(statement: Select[Any], names: Names) -> Select[Any]:
    return statement.where(*(_CONDITIONS[name] for name in sorted(names)))


def bound(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the conditions of these filters bind."""
    values = dict(filters)
    if "q" in values:
        values["q"] = patterns(values["q"])
    return values
