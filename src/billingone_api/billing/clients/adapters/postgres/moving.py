"""What would change hands if records became other clients': how many, and how much money."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Text,
    Uuid,
    bindparam,
    column,
    func,
    literal_column,
    select,
    union_all,
)

from billingone_api.billing.clients.adapters.postgres.billed import BILLED as BILLED_COLUMNS
from billingone_api.billing.clients.adapters.postgres.billed import Grouped, billed
from billingone_api.billing.clients.models import PAX8
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.database.fast import Prepared, prepare
from billingone_api.database.tables.invoices import client_credits, invoices
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_ONE: Final[ColumnElement[int]] = literal_column("1")
_NONE: Final[ColumnElement[int]] = literal_column("0")


def _targets() -> FromClause:
    """Records with the clients that they are to be, as three parameters."""
    arrays = (
        bindparam("sources", type_=ARRAY(Text)),
        bindparam("source_ids", type_=ARRAY(Text)),
        bindparam("client_ids", type_=ARRAY(Uuid)),
    )
    columns = column("source", Text), column("source_id", Text), column("client_id", Uuid)
    return func.unnest(*arrays).table_valued(*columns, name="target").render_derived()


def _moves(table: FromClause, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the row is one of such a record and not the wanted client's yet."""
    target = _targets()
    of = target.c
    return (
        select(_ONE)
        .select_from(target)
        .where(
            of.source == table.c.source,
            of.source_id == owner,
            of.client_id.is_distinct_from(table.c.client_id),
        )
        .correlate(table)
        .exists()
    )


_SUBSCRIPTIONS: Final = own(subscriptions) & _moves(subscriptions, subscriptions.c.company_id)
_INVOICES: Final = (
    own(invoices) & _moves(invoices, invoices.c.contact_id) & ~invoices.c.client_by_hand
)
_CREDITS: Final = own(client_credits) & _moves(client_credits, client_credits.c.contact_id)


_MARK: Final = word(" ")


def _key(table: FromClause) -> ColumnElement[str]:
    """The source is one word: what comes after the first blank is the record's own id."""
    return table.c.source + _MARK + table.c.contact_id


def _counts() -> Select[Any]:
    each = union_all(
        select(
            subscriptions.c.source,
            subscriptions.c.company_id.label("source_id"),
            _ONE.label("subscriptions"),
            _NONE.label("invoices"),
        ).where(_SUBSCRIPTIONS),
        select(invoices.c.source, invoices.c.contact_id, _NONE, _ONE).where(_INVOICES),
    ).subquery("moved")
    of = each.c
    return select(
        of.source,
        of.source_id,
        func.sum(of.subscriptions).label("subscriptions"),
        func.sum(of.invoices).label("invoices"),
    ).group_by(of.source, of.source_id)


def _billed() -> Select[Any]:
    """The key is both, for two systems may use the same id."""
    money = billed(
        Grouped(
            _key(invoices),
            _key(client_credits),
            _INVOICES,
            _CREDITS,
        )
    )
    parts = money.c.key
    return select(
        func.split_part(parts, _MARK, _ONE, type_=Text).label("source"),
        func.substr(parts, func.strpos(parts, _MARK) + _ONE, type_=Text).label("source_id"),
        *(money.c[name] for name in BILLED_COLUMNS),
    )


@cache
def of_pax8(basis: PriceBasis) -> Prepared:
    money = recurring(subscriptions, basis, key=subscriptions.c.company_id, where=_SUBSCRIPTIONS)
    return prepare(
        select(
            word(PAX8).label("source"),
            money.c.key.label("source_id"),
            *(money.c[name] for name in COLUMNS),
        )
    )


COUNTS: Final = prepare(_counts())
BILLED: Final = prepare(_billed())
