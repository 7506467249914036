"""Keeps products, and lets subscriptions follow what is found out about their usage."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.adapters.totals import keep_totals
from billingone_api.billing.subscriptions.adapters.postgres.origin import FROM_PAX8
from billingone_api.billing.subscriptions.models import FRESH_FOR, PAX8, Product, ProductNews
from billingone_api.billing.syncs.adapters.sightings import AT
from billingone_api.billing.syncs.adapters.sweeps import Quarantine
from billingone_api.billing.syncs.models import RunContext, Tally
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.database.tables.subscriptions import products, subscriptions
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process

KIND: Final = "products"
USAGE_SUMMARIES: Final = "usage_summaries"
_NAMES: Final = ("name", "vendor_name", "sku", "vendor_sku")


def is_billed_by_usage() -> ColumnElement[bool]:
    """What a person said of a product, else whether Pax8 has shown usage of it; never NULL."""
    found: ColumnElement[bool] = func.coalesce(
        products.c.usage_billed_by_hand, products.c.usage_evidence.is_not(None)
    )
    return found


def _these(name: str) -> ColumnElement[bool]:
    return and_(
        own(products),
        products.c.source == FROM_PAX8,
        products.c.source_id == bindparam(name, type_=ARRAY(Text)).any_(),
    )


def _saving() -> Any:
    statement = insert(products)
    news = {name: statement.excluded[name] for name in (*_NAMES, "fetched_at", "gone_at")}
    return statement.on_conflict_do_update(
        index_elements=list(products.primary_key.columns),
        set_=news | {"version": products.c.version + 1},
    )


_KNOWN: Final = prepare(
    select(
        products.c.source_id,
        *(products.c[name] for name in _NAMES),
        products.c.gone_at.is_not(None).label("is_gone"),
    ).where(_these("ids"))
)
_SETTLED: Final = prepare(
    select(
        products.c.source_id,
        or_(
            products.c.usage_billed_by_hand.is_not(None),
            products.c.usage_evidence.is_not(None),
            func.coalesce(products.c.usage_checked_at >= AT, false()),
        ).label("is_settled"),
    ).where(own(products), products.c.source == FROM_PAX8)
)
_STALE: Final = prepare(
    select(products.c.source_id)
    .where(
        own(products),
        products.c.source == FROM_PAX8,
        products.c.fetched_at < AT,
        products.c.source_id > bindparam("after", type_=Text),
        exists().where(own(subscriptions), subscriptions.c.product_id == products.c.source_id),
    )
    .order_by(products.c.source_id)
)
_TOUCHING: Final = prepare(update(products).where(_these("ids")).values(fetched_at=AT))
_CHECKING: Final = prepare(update(products).where(_these("asked")).values(usage_checked_at=AT))
_CONVICTING: Final = prepare(
    update(products)
    .where(_these("used"), products.c.usage_evidence.is_(None))
    .values(usage_evidence=USAGE_SUMMARIES, version=products.c.version + 1)
)
_FOLLOWING: Final = prepare(
    with_versions(
        update(subscriptions)
        .where(
            own(subscriptions),
            subscriptions.c.source == FROM_PAX8,
            subscriptions.c.product_id == products.c.source_id,
            _these("ids"),
            subscriptions.c.usage_billed.is_distinct_from(is_billed_by_usage()),
        )
        .values(
            usage_billed=is_billed_by_usage(),
            changed_at=AT,
            version=subscriptions.c.version + 1,
        )
    )
)


async def follow_usage(work: UnitOfWork, source_ids: Sequence[str], *, at: datetime) -> None:
    """Say of every subscription to these products whether it is billed by usage."""
    values = owned_by(work.organisation_id, ids=list(source_ids), at=at)
    await keep_totals(work, await fetch(work.connection, _FOLLOWING, **values))


class PostgresProducts:
    """The products of one organisation, as a run of its sync reads and writes them."""

    def __init__(self, process: Process, run: RunContext) -> None:
        self._process = process
        self._run = run

    async def known(self) -> dict[str, bool]:
        since = self._process.clock.now() - FRESH_FOR
        async with self._process.work(self._run.organisation_id) as work:
            values = owned_by(work.organisation_id, at=since)
            rows = await fetch(work.connection, _SETTLED, **values)
            return {row["source_id"]: row["is_settled"] for row in rows}

    async def stale(self, *, before: datetime, after: str) -> Sequence[str]:
        async with self._process.work(self._run.organisation_id) as work:
            values = owned_by(work.organisation_id, at=before, after=after)
            rows = await fetch(work.connection, _STALE, **values)
            return [row["source_id"] for row in rows]

    async def write(self, work: UnitOfWork, news: ProductNews) -> Tally:
        await rely_on_mapping(work)
        now = self._process.clock.now()
        quarantine = Quarantine(work, PAX8, KIND)
        await quarantine.put(news.unreadable, run_id=self._run.run_id, at=now)
        tally = Tally(quarantined=len(news.unreadable))
        if news.products:
            await quarantine.release([product.source_id for product in news.products])
            tally += await self._save(work, news.products, at=now)
        await self._note_usage(work, news, at=now)
        return tally

    async def _save(self, work: UnitOfWork, found: Sequence[Product], *, at: datetime) -> Tally:
        values = owned_by(work.organisation_id, ids=[one.source_id for one in found], at=at)
        rows = await fetch(work.connection, _KNOWN, **values)
        known = {row["source_id"]: Product(**row) for row in rows}
        news = [
            one
            for one in (_remembered(one, known) for one in found)
            if known.get(one.source_id) != one
        ]
        if news:
            await work.connection.execute(_saving(), [_row(work, one, at) for one in news])
        await fetch(work.connection, _TOUCHING, **values)
        created = sum(one.source_id not in known for one in news)
        return Tally(created=created, changed=len(news) - created, unchanged=len(found) - len(news))

    async def _note_usage(self, work: UnitOfWork, news: ProductNews, *, at: datetime) -> None:
        if news.asked:
            values = owned_by(work.organisation_id, asked=list(news.asked), at=at)
            await fetch(work.connection, _CHECKING, **values)
        if news.used:
            values = owned_by(work.organisation_id, used=list(news.used))
            await fetch(work.connection, _CONVICTING, **values)
            await follow_usage(work, news.used, at=at)


def _remembered(found: Product, known: dict[str, Product]) -> Product:
    """One that is gone keeps the names it had."""
    before = known.get(found.source_id)
    return replace(before, is_gone=True) if found.is_gone and before else found


def _row(work: UnitOfWork, product: Product, at: datetime) -> dict[str, Any]:
    row = asdict(product)
    return owned_by(
        work.organisation_id,
        source=PAX8,
        fetched_at=at,
        gone_at=at if row.pop("is_gone") else None,
        **row,
    )
