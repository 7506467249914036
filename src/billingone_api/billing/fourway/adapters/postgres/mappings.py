"""Descriptions that nobody knows the product of, and what people said of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    DateTime,
    Numeric,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from billingone_api.billing.definitions.adapters.rates import rates, worth
from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.fourway.adapters.postgres import billed
from billingone_api.billing.fourway.adapters.postgres.said import ZERO
from billingone_api.billing.fourway.adapters.postgres.wording import description_key
from billingone_api.billing.fourway.models import PAX8, Product, Said, Verdict
from billingone_api.database import listings
from billingone_api.database.fast import Row, fetch, fetch_one, prepare
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.fourway import line_mappings
from billingone_api.database.tables.subscriptions import products
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors

_OF: Final = line_mappings.c
_DESCRIPTION: Final = bindparam("description", type_=Text)
_PRODUCT: Final = bindparam("product_id", type_=Text)
_KEY: Final = bindparam("key", type_=Text)


def _open_descriptions() -> CTE:
    """By description: its lines, whose they are, and their money in each currency."""
    lines, known = billed.lines(since=True), rates()
    of = lines.c
    each = (
        select(
            of.description_key,
            of.currency,
            func.max(of.description).label("description"),
            func.count().label("lines"),
            func.array_agg(of.client_id.distinct(), type_=ARRAY(Uuid)).label("clients"),
            func.coalesce(func.sum(rounded(of.amount, of.currency)), ZERO).label("amount"),
            func.count().filter(of.amount.is_(None)).label("without_amount"),
        )
        .where(of.product_id.is_(None), of.description_key != word(""))
        .group_by(of.description_key, of.currency)
        .subquery("each_currency")
    )
    one = each.c
    told = func.jsonb_build_object(
        word("currency"), one.currency, word("amount"), cast(one.amount, Text)
    )
    member = func.unnest(one.clients).table_valued("client_id").render_derived(name="member")
    clients = (
        select(one.description_key, func.count(member.c.client_id.distinct()).label("clients"))
        .select_from(each.join(member, literal_column("true")))
        .group_by(one.description_key)
        .subquery("clients_of")
    )
    money = (
        select(
            one.description_key,
            func.max(one.description).label("description"),
            cast(func.sum(one.lines), Numeric).label("lines"),
            cast(func.sum(one.without_amount), Numeric).label("without_amount"),
            func.coalesce(func.sum(worth(one.amount, known)), ZERO).label("worth"),
            func.jsonb_agg(aggregate_order_by(told, one.currency)).label("amounts"),
        )
        .select_from(each.outerjoin(known, known.c.currency == one.currency))
        .group_by(one.description_key)
        .subquery("money_of")
    )
    return (
        select(*money.c, clients.c.clients)
        .select_from(money.join(clients, clients.c.description_key == money.c.description_key))
        .cte("descriptions")
    )


def _beginning(description: Any) -> Any:
    """Enough to sort by: cursors carry it, and have an end."""
    return func.left(description, literal_column("200"), type_=Text)


def _descriptions() -> Listing:
    found = _open_descriptions()
    of = found.c
    return Listing(
        name="four-way-descriptions",
        rows=select(
            of.description_key, of.description, of.lines, of.clients, of.amounts, of.without_amount
        ),
        filters={"q": words_in(of.description)},
        sorts={"money": of.worth, "lines": of.lines, "description": _beginning(of.description)},
        key=of.description_key,
        moving=frozenset({"today", "since"}),
    )


def _mappings() -> Listing:
    is_product = and_(
        own(products), products.c.source == word(PAX8), products.c.source_id == _OF.product_id
    )
    shown = ("description", "verdict", "said_by", "said_at")
    return Listing(
        name="four-way-mappings",
        rows=select(
            func.nullif(_OF.product_id, word(""), type_=Text()).label("product_id"),
            products.c.name.label("product_name"),
            *(_OF[name] for name in shown),
        )
        .select_from(line_mappings.outerjoin(products, is_product))
        .where(own(line_mappings)),
        filters={
            "q": words_in(func.concat_ws(word(" "), _OF.description, products.c.name)),
            "verdict": _OF.verdict == bindparam("verdict", type_=Text),
        },
        sorts={"said_at": _OF.said_at, "description": _beginning(_OF.description)},
        key=_OF.description_key + word("|") + _OF.product_id,
    )


DESCRIPTIONS: Final = _descriptions()
MAPPINGS: Final = _mappings()
_PRODUCTS: Final = prepare(
    select(
        products.c.source_id,
        products.c.name,
        description_key(products.c.name).label("name_key"),
        products.c.sku,
    )
    .where(
        own(products),
        products.c.source == word(PAX8),
        products.c.gone_at.is_(None),
        products.c.name.is_not(None),
    )
    .order_by(products.c.source_id)
)
_REFUSED: Final = prepare(
    select(_OF.description_key, _OF.product_id).where(
        own(line_mappings),
        _OF.verdict == word(Verdict.REFUSED),
        _OF.description_key == bindparam("keys", type_=ARRAY(Text)).any_(),
    )
)


def _known(value: Any, *conditions: Any) -> Any:
    key = description_key(_DESCRIPTION)
    return (
        select(value)
        .where(own(line_mappings), _OF.description_key == key, *conditions)
        .scalar_subquery()
    )


_SAID: Final = prepare(
    select(
        description_key(_DESCRIPTION).label("key"),
        exists()
        .where(
            own(products),
            products.c.source == word(PAX8),
            products.c.source_id == _PRODUCT,
        )
        .label("is_product"),
        _known(_OF.product_id, _OF.verdict == word(Verdict.CONFIRMED)).label("confirmed"),
        _known(_OF.verdict, _OF.product_id == _PRODUCT).label("verdict"),
    )
)
_ROW: Final = insert(line_mappings).values(
    organisation_id=bindparam("organisation_id", type_=Uuid()),
    description_key=_KEY,
    product_id=_PRODUCT,
    verdict=bindparam("verdict", type_=Text),
    description=_DESCRIPTION,
    said_by=bindparam("said_by", type_=Text),
    said_at=bindparam("said_at", type_=DateTime(timezone=True)),
)
_NEWS: Final = ("verdict", "description", "said_by", "said_at")
_KEEP: Final = prepare(
    _ROW.on_conflict_do_update(
        index_elements=list(line_mappings.primary_key.columns),
        set_={name: _ROW.excluded[name] for name in _NEWS},
    )
)
_FORGET: Final = prepare(
    delete(line_mappings).where(
        own(line_mappings), _OF.description_key == _KEY, _OF.product_id == _PRODUCT
    )
)
# Two that confirm the same description at once: the second waits, and then sees the first.
_ALONE: Final = prepare(
    select(
        func.pg_advisory_xact_lock(
            func.hashtextextended(
                cast(bindparam("organisation_id", type_=Uuid()), Text), literal_column("13")
            )
        )
    )
)


class PostgresMappings:
    """What one organisation's people said of descriptions, and what is left to say."""

    def __init__(self, work: UnitOfWork, *, reporting_currency: str, today: date) -> None:
        self._work = work
        self.today = today
        self._values = {"reporting_currency": reporting_currency, "today": today}

    async def descriptions(
        self, wanted: Asked, *, since: date, cursors: Cursors
    ) -> pagination.Page[Row]:
        values = {**self._values, "since": since}
        return await listings.page(self._work, DESCRIPTIONS, wanted, cursors=cursors, **values)

    async def mappings(self, wanted: Asked, *, cursors: Cursors) -> pagination.Page[Row]:
        return await listings.page(self._work, MAPPINGS, wanted, cursors=cursors)

    async def products(self) -> Sequence[Product]:
        rows = await fetch(self._work.connection, _PRODUCTS, **self._mine())
        return [Product(row["source_id"], row["name"], row["name_key"], row["sku"]) for row in rows]

    async def refused(self, keys: Sequence[str]) -> Mapping[str, set[str]]:
        """By description, the products that somebody has refused for it."""
        rows = await fetch(self._work.connection, _REFUSED, **self._mine(keys=list(keys)))
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["description_key"], set()).add(row["product_id"])
        return found

    async def said(self, description: str, product_id: str) -> Said:
        """Nobody else says anything until the transaction ends."""
        await fetch(self._work.connection, _ALONE, **self._mine())
        values = self._mine(description=description, product_id=product_id)
        row = await fetch_one(self._work.connection, _SAID, **values)
        if row is None:
            raise RuntimeError("A selection without a table has one row.")
        verdict = None if row["verdict"] is None else Verdict(row["verdict"])
        return Said(row["key"], row["is_product"], row["confirmed"], verdict)

    async def keep(
        self, key: str, product_id: str, verdict: Verdict, *, description: str, by: str,
        at: datetime,
    ) -> None:  # fmt: skip
        values = self._mine(
            key=key, product_id=product_id, verdict=verdict, description=description, said_by=by,
            said_at=at,
        )  # fmt: skip
        await fetch(self._work.connection, _KEEP, **values)

    async def forget(self, key: str, product_id: str) -> None:
        await fetch(self._work.connection, _FORGET, **self._mine(key=key, product_id=product_id))

    def _mine(self, **values: Any) -> dict[str, Any]:
        return owned_by(self._work.organisation_id, **values)
