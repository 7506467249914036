"""Everything known of one client: master record, links, money, subscriptions by badge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select

from billingone_api.billing.clients.adapters.postgres import owing
from billingone_api.billing.clients.adapters.postgres.billed import BILLED
from billingone_api.billing.clients.adapters.postgres.contacts import PostgresContacts
from billingone_api.billing.clients.adapters.postgres.records import name_of
from billingone_api.billing.clients.adapters.postgres.statements import holding
from billingone_api.billing.clients.adapters.postgres.totals import is_billed, totals, uses
from billingone_api.billing.clients.adapters.postgres.trend import trend_of
from billingone_api.billing.clients.adapters.postgres.using import (
    COUNTED,
    HELD,
    counted_devices,
    held_licences,
)
from billingone_api.billing.clients.models import (
    PAX8,
    ClientDetail,
    MasterRecord,
)
from billingone_api.billing.definitions.adapters.recurring import COLUMNS, recurring, sums
from billingone_api.billing.definitions.adapters.subscriptions import badge, exclusion
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.billing.definitions.models import Badge, Exclusion, PriceBasis, RecurringSums
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_CLIENT: Final = bindparam("client_id", type_=Uuid())
_NOTHING_BILLED: Final = dict.fromkeys(BILLED)
_FIELDS: Final = tuple(item.name for item in fields(MasterRecord))


@dataclass(frozen=True, slots=True)
class PostgresClientDetails:
    """Clients of the organisation that a unit of work is for."""

    work: UnitOfWork
    reckoning: Reckoning

    async def find(self, client_id: UUID) -> ClientDetail | None:
        found = await self._fetch(_RECORD, client_id)
        if not found:
            return None
        links = tuple(holding(row) for row in await self._fetch(_LINKS, client_id))
        sources = [link.source for link in links]
        linked = PAX8 in sources
        of_client = await self._sums(client_id)
        counts = await self._fetch(_counts(self.reckoning.basis), client_id)
        margin = await self._fetch(owing.margins(self.reckoning.basis), client_id)
        billed = await self._fetch(owing.BILLED_OF, client_id)
        row = billed[0] if billed else _NOTHING_BILLED
        used = await self._fetch(_USED, client_id)
        latest = owing.latest_of(await self._fetch(owing.LATEST, client_id))
        return ClientDetail(
            record=_record(found[0]),
            created_at=found[0]["created_at"],
            updated_at=found[0]["updated_at"],
            links=links,
            mrr=self.reckoning.mrr(of_client, linked=linked),
            active_subscriptions=self.reckoning.count(of_client.active, linked=linked),
            badges=_badges(counts),
            excluded=_excluded(counts),
            **uses(self.reckoning, used[0], linked=linked),
            margin=owing.margin_of(margin, self.reckoning, linked=linked),
            **totals(self.reckoning, row, sources),
            receivables=owing.aged_of(await self._fetch(owing.AGED, client_id)),
            latest_invoices=latest,
            books_unknown=self.reckoning.books_unknown_of(
                linked=is_billed(row, sources) or bool(latest)
            ),
            trend=await trend_of(
                self.work,
                client_id,
                self.reckoning,
                linked=linked,
                billed=is_billed(row, sources) or bool(latest),
            ),
            contacts=await PostgresContacts(self.work, found[0]["updated_at"]).of(client_id),
        )

    async def _sums(self, client_id: UUID) -> RecurringSums:
        rows = await self._fetch(_sums(self.reckoning.basis), client_id)
        return sums(rows[0]) if rows else RecurringSums.nothing()

    async def _fetch(self, statement: Prepared, client_id: UUID) -> Sequence[Row]:
        return await fetch(
            self.work.connection,
            statement,
            organisation_id=self.work.organisation_id,
            today=self.reckoning.today,
            reporting_currency=self.reckoning.reporting_currency,
            now=self.reckoning.now,
            client_id=client_id,
        )


def _record(row: Row) -> MasterRecord:
    return MasterRecord(**{name: row[name] for name in _FIELDS} | {"domains": (*row["domains"],)})


def _badges(counts: Sequence[Row]) -> Mapping[Badge, int]:
    return {
        badge: sum(row["subscriptions"] for row in counts if row["badge"] == badge)
        for badge in Badge
    }


def _excluded(counts: Sequence[Row]) -> Mapping[Exclusion, int]:
    """Of the active ones: that another badge adds nothing to MRR is no gap."""
    return {
        Exclusion(row["exclusion"]): row["subscriptions"]
        for row in counts
        if row["exclusion"] not in {None, Exclusion.BADGE}
    }


_RECORD: Final = prepare(
    select(*(clients.c[name] for name in (*_FIELDS, "created_at", "updated_at"))).where(
        own(clients), clients.c.id == _CLIENT
    )
)


def _links() -> Prepared:
    of = client_links.c
    return prepare(
        select(
            of.source,
            of.source_id,
            name_of(of.source, of.source_id).label("name"),
            of.client_id,
            clients.c.name.label("client_name"),
            of.origin,
            of.linked_by,
            of.linked_at,
            of.reason,
        )
        .select_from(client_links.join(clients, own(clients) & (clients.c.id == of.client_id)))
        .where(own(client_links), of.client_id == _CLIENT)
        .order_by(of.source, of.source_id)
    )


_LINKS: Final = _links()


@cache
def _sums(basis: PriceBasis) -> Prepared:
    of = subscriptions.c
    mine = own(subscriptions) & (of.client_id == _CLIENT)
    found = recurring(subscriptions, basis, key=of.client_id, where=mine)
    return prepare(select(*(found.c[name] for name in COLUMNS)))


@cache
def _counts(basis: PriceBasis) -> Prepared:
    is_badge = badge(subscriptions)
    is_excluded = exclusion(subscriptions, basis, counted=Badge.ACTIVE)
    return prepare(
        select(
            is_badge.label("badge"),
            is_excluded.label("exclusion"),
            func.count().label("subscriptions"),
        )
        .where(own(subscriptions), subscriptions.c.client_id == _CLIENT)
        .group_by(is_badge, is_excluded)
    )


def _used() -> Prepared:
    one = select(_CLIENT.label("key")).cte("asked")
    counted, held = (figures(select(one.c.key)) for figures in (counted_devices, held_licences))
    joined = one.outerjoin(counted, counted.c.key == one.c.key).outerjoin(
        held, held.c.key == one.c.key
    )
    shown = (*(counted.c[name] for name in COUNTED), *(held.c[name] for name in HELD))
    return prepare(select(*shown).select_from(joined))


_USED: Final = _used()
