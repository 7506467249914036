"""Which invoices are asked for: each filter a condition, each combination SQL of its own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    bindparam,
    or_,
    select,
)

from billingone_api.billing.definitions.adapters.invoices import (
    counted_once,
    due_key,
    due_on,
    has_badge,
    in_current_books,
    is_not_void,
    issued_key,
)
from billingone_api.billing.invoices.amounts import is_marked, readings
from billingone_api.database.searching import patterns, words_in
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_OF: Final = invoices.c
_UNITS: Final = 10_000
"""Amounts are compared as whole ten-thousandths, as the table keeps them."""

Names = frozenset[str]
"""What distinguishes one statement from another: filters, and the values that are part of SQL."""


def _amounts() -> ColumnElement[bool]:
    units = bindparam("q_units", type_=ARRAY(BigInteger))
    return or_(_OF.total_units == units.any_(), _OF.due_units == units.any_())


def _duplicates(kinds: frozenset[str]) -> ColumnElement[bool]:
    """Xero's invoices that SuperOps has as well."""
    twin = invoices.alias("duplicate")
    words = [word(kind) for kind in sorted(kinds)]
    found = select(twin.c.twin_id).where(
        own(twin), twin.c.twin_id.is_not(None), twin.c.twin_by.in_(words), in_current_books(twin)
    )
    return _OF.id.in_(found)


def _bounds(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=BigInteger)


_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "not_void": is_not_void(invoices),
    "q": words_in(_OF.search_text),
    # words, one of which may be an amount
    "q_with_amount": and_(
        words_in(_OF.search_text), or_(words_in(_OF.search_text, name="q_or"), _amounts())
    ),
    "q_amount": or_(words_in(_OF.search_text, name="q_or"), _amounts()),
    "source": _OF.source == bindparam("source", type_=Text),
    "client_id": _OF.client_id == bindparam("client_id", type_=UUID()),
    "currency": _OF.currency == bindparam("currency", type_=Text),
    "unmapped": _OF.client_id.is_(None),
    "mapped": _OF.client_id.is_not(None),
    "issued_from": issued_key(invoices) >= bindparam("issued_from", type_=Date),
    "issued_to": and_(
        issued_key(invoices) <= bindparam("issued_to", type_=Date), _OF.issued_on.is_not(None)
    ),
    "due_from": due_key(invoices) >= bindparam("due_from", type_=Date),
    "due_to": and_(
        due_key(invoices) <= bindparam("due_to", type_=Date), due_on(invoices).is_not(None)
    ),
    "amount_from": _OF.total_units >= _bounds("amount_from"),
    "amount_to": and_(_OF.total_units <= _bounds("amount_to"), _OF.total.is_not(None)),
}
_LISTED: Final = "="
"""Between the name of a filter and those of its values that are written into the SQL."""


def filtered(statement: Select[Any], names: Names) -> Select[Any]:
    """Of the books that are read now, each invoice once."""
    once = statement.where(own(invoices), counted_once(invoices))
    return once.where(*(_condition(name) for name in sorted(names)))


def _condition(name: str) -> ColumnElement[bool]:
    kind, _, listed = name.partition(_LISTED)
    words = frozenset(listed.split(","))
    match kind:
        case "badge":
            return has_badge(invoices, words)
        case "duplicates":
            return _duplicates(words)
        case _:
            return _CONDITIONS[name]


def names_of(filters: Mapping[str, Any], *, all_badges: bool = False) -> Names:
    """Without a badge asked for, void invoices are hidden."""
    names = {_name(name, value) for name, value in filters.items()}
    return frozenset(names if all_badges or "badge" in filters else names | {"not_void"})


def _name(name: str, value: Any) -> str:
    match name:
        case "badge" | "duplicates":
            return name + _LISTED + ",".join(sorted(value))
        case "unmapped":
            return "unmapped" if value else "mapped"
        case "q":
            text, amount = _divided(value)
            return ("q_with_amount" if text else "q_amount") if amount else "q"
        case _:
            return name


def bound(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the conditions of these filters bind."""
    values = {name: _bound(value) for name, value in filters.items()}
    if "q" in filters:
        text, amount = _divided(filters["q"])
        values |= {
            "q": patterns(text.split()),
            "q_or": patterns(amount.split()),
            "q_units": [_bound(one) for one in readings(amount)],
        }
    return values


def _bound(value: Any) -> Any:
    return int((value * _UNITS).to_integral_value()) if isinstance(value, Decimal) else value


def _divided(q: str) -> tuple[str, str]:
    """The words that are text, and the one that may be an amount; blanks may group its digits.

    Of several, the one that can hardly be anything else.
    """
    if readings(q):
        return "", q
    words = q.split()
    amounts = [word for word in words if readings(word)]
    if not amounts:
        return q, ""
    amount = next((word for word in amounts if is_marked(word)), amounts[-1])
    words.remove(amount)
    return " ".join(words), amount
