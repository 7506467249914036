"""Products that clients hold: which rules may mean, and which no rule covers, with their money."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.reconciliation.adapters.postgres.sides import seats_now
from billingone_api.billing.reconciliation.models import PAX8
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.reconciliation import count_rules, products_set_aside
from billingone_api.database.tables.subscriptions import products
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors

_FROM: Final = word(PAX8)
_ASIDE: Final = products_set_aside.c
_ID: Final = bindparam("source_id", type_=Text)
_IS_IT: Final = (own(products_set_aside), _ASIDE.source == _FROM, _ASIDE.source_id == _ID)


def _held(basis: PriceBasis) -> CTE:
    """Each product that clients hold: how often, how many seats, for how much in each currency."""
    seats = seats_now(basis).cte("seats")
    of, zero = seats.c, literal_column("0", Numeric)
    money = (
        select(
            of.product_id,
            of.currency,
            cast(func.count(), Integer).label("subscriptions"),
            func.coalesce(func.sum(of.quantity), zero).label("seats"),
            func.sum(of.quantity * of.unit_parts).filter(of.badge == word("active")).label("parts"),
            func.max(of.product_name).label("label"),
        )
        .where(of.product_id.is_not(None))
        .group_by(of.product_id, of.currency)
        .cte("money")
    )
    of = money.c
    told = func.jsonb_build_object(
        word("currency"), of.currency, word("parts"), cast(func.trim_scale(of.parts), Text)
    )
    known = and_(of.currency.is_not(None), of.parts.is_not(None))
    return (
        select(
            of.product_id,
            cast(func.sum(of.subscriptions), Integer).label("subscriptions"),
            func.sum(of.seats).label("seats"),
            func.coalesce(func.sum(of.parts), zero).label("weight"),
            func.max(of.label).label("label"),
            func.coalesce(func.jsonb_agg(told).filter(known), cast(word("[]"), JSONB)).label(
                "money"
            ),
        )
        .group_by(of.product_id)
        .cte("held")
    )


def _named(held: CTE) -> tuple[Any, dict[str, ColumnElement[Any]]]:
    is_it = and_(
        own(products),
        products.c.source == _FROM,
        products.c.source_id == held.c.product_id,
    )
    shown = {
        "source_id": held.c.product_id,
        "name": func.coalesce(products.c.name, func.nullif(held.c.label, word(""))),
        "vendor": products.c.vendor_name,
        "sku": products.c.sku,
        "subscriptions": held.c.subscriptions,
        "seats": held.c.seats,
        "money": held.c.money,
    }
    return held.outerjoin(products, is_it), shown


def _is_covered(held: CTE) -> ColumnElement[bool]:
    return exists().where(
        own(count_rules),
        count_rules.c.is_active,
        held.c.product_id == count_rules.c.products.any_(),
    )


@cache
def _unmapped(basis: PriceBasis) -> Listing:
    held = _held(basis)
    joined, shown = _named(held)
    aside = and_(
        own(products_set_aside),
        _ASIDE.source == _FROM,
        _ASIDE.source_id == held.c.product_id,
    )
    shown |= {name: _ASIDE[name] for name in ("reason", "set_by", "set_at")}
    label = func.coalesce(shown["name"], word(""))
    return Listing(
        name=f"unmapped-products {basis}",
        rows=select(*(value.label(name) for name, value in shown.items()))
        .select_from(joined.outerjoin(products_set_aside, aside))
        .where(~_is_covered(held)),
        filters={
            "q": words_in(
                func.concat_ws(" ", shown["name"], shown["sku"], shown["vendor"], held.c.product_id)
            ),
            "not_aside": _ASIDE.source_id.is_(None),
        },
        sorts={"money": held.c.weight, "name": label, "seats": held.c.seats},
        key=held.c.product_id,
    )


@cache
def _proposing(basis: PriceBasis) -> Prepared:
    """By patterns that travel as `[{key, pattern}]`: what each finds and no rule has."""
    held = _held(basis)
    joined, shown = _named(held)
    said = (
        func.jsonb_to_recordset(bindparam("patterns", type_=JSONB))
        .table_valued(
            column("key", Text), column("metric", Text), column("pattern", Text),
            column("spelt", Text), column("position", Integer), name="said",
        )
        .render_derived(with_types=True)
    )  # fmt: skip
    found = or_(
        func.lower(shown["name"]).like(said.c.pattern),
        func.lower(shown["sku"]).like(said.c.pattern),
    )
    in_a_rule = exists().where(
        own(count_rules),
        count_rules.c.is_active,
        count_rules.c.metric == said.c.metric,
        held.c.product_id == count_rules.c.products.any_(),
    )
    statement = (
        select(
            said.c.key,
            said.c.spelt.label("pattern"),
            *(value.label(name) for name, value in shown.items() if name != "money"),
        )
        .select_from(joined.join(said, found))
        .where(~in_a_rule)
        .order_by(said.c.key, shown["name"], held.c.product_id, said.c.position)
    )
    return prepare(statement)


_SET_ASIDE: Final = insert(products_set_aside).values(
    organisation_id=bindparam("organisation_id", type_=Uuid()),
    source=_FROM,
    source_id=_ID,
    reason=bindparam("because", type_=Text),
    set_by=bindparam("by", type_=Text),
    set_at=bindparam("at", type_=DateTime(timezone=True)),
)
_PUT: Final = prepare(
    _SET_ASIDE.on_conflict_do_update(
        index_elements=list(products_set_aside.primary_key.columns),
        set_={name: _SET_ASIDE.excluded[name] for name in ("reason", "set_by", "set_at")},
    )
)
_TAKE_BACK: Final = prepare(delete(products_set_aside).where(*_IS_IT).returning(_ASIDE.reason))
_BEFORE: Final = prepare(select(_ASIDE.reason).where(*_IS_IT).with_for_update())


class PostgresProductShelf:
    """The products that clients of one organisation hold, on its calendar day."""

    def __init__(self, work: UnitOfWork, *, basis: PriceBasis, today: date) -> None:
        self._work = work
        self._basis = basis
        self._today = today

    async def unmapped(self, wanted: Asked, *, cursors: Cursors) -> pagination.Page[Row]:
        listing = _unmapped(self._basis)
        return await listings.page(self._work, listing, wanted, cursors=cursors, today=self._today)

    async def proposed(
        self, patterns: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """By the key of the pattern; each product once, by what first recognised it."""
        rows = await self._run(_proposing(self._basis), patterns=_json(patterns))
        found: dict[str, dict[str, Row]] = {}
        for row in rows:
            found.setdefault(row["key"], {}).setdefault(row["source_id"], row)
        return {key: list(each.values()) for key, each in found.items()}

    async def set_aside(self, source_id: str, *, reason: str, by: str, at: datetime) -> str | None:
        """The reason that stood before."""
        before = await self._run(_BEFORE, source_id=source_id)
        await self._run(_PUT, source_id=source_id, because=reason, by=by, at=at)
        return before[0]["reason"] if before else None

    async def take_back(self, source_id: str) -> str | None:
        removed = await self._run(_TAKE_BACK, source_id=source_id)
        return removed[0]["reason"] if removed else None

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection,
            statement,
            organisation_id=self._work.organisation_id,
            today=self._today,
            **values,
        )


def _json(patterns: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(
        [
            {**one, "spelt": one["pattern"], "pattern": _like(one["pattern"]), "position": at}
            for at, one in enumerate(patterns)
        ]
    )


def _like(pattern: str) -> str:
    literal = pattern.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return literal.replace("*", "%")
