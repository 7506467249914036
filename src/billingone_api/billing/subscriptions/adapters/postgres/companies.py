"""Keeps Pax8's companies: a row each, rewritten where Pax8 says something new."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import ARRAY, Text, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.subscriptions.adapters.postgres.contacts import forget_those_of
from billingone_api.billing.subscriptions.models import Company
from billingone_api.billing.syncs.adapters.sightings import AT, swept, unmet
from billingone_api.billing.syncs.models import Tally
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.subscriptions import pax8_companies
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.clock import Clock

_FIELDS: Final = tuple(item.name for item in fields(Company))
_NEWS: Final = (*(name for name in _FIELDS if name != "source_id"), "changed_at", "gone_at")
_LIVE: Final = pax8_companies.c.gone_at.is_(None)

COMPANIES: Final = swept(
    "companies",
    pax8_companies,
    _LIVE,
    burying=update(pax8_companies)
    .where(unmet("companies", pax8_companies, _LIVE))
    .values(gone_at=AT, changed_at=AT)
    .returning(pax8_companies.c.source_id),
    follow=forget_those_of,
)

_KNOWN: Final = prepare(
    select(*(pax8_companies.c[name] for name in _FIELDS), (~_LIVE).label("is_gone")).where(
        own(pax8_companies),
        pax8_companies.c.source_id == bindparam("ids", type_=ARRAY(Text)).any_(),
    )
)


def _saving() -> Any:
    statement = insert(pax8_companies)
    return statement.on_conflict_do_update(
        index_elements=list(pax8_companies.primary_key.columns),
        # Who is behind it may be news as well.
        set_={name: statement.excluded[name] for name in _NEWS} | {"contacts_read_at": None},
    )


class PostgresCompanies:
    """The companies of one organisation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def write(self, work: UnitOfWork, records: Sequence[Company]) -> Tally:
        known = await self._known(work, records)
        news = [one for one in records if known.get(one.source_id) != one]
        if news:
            now = self._clock.now()
            dates = {"first_seen_at": now, "changed_at": now, "gone_at": None}
            rows = [owned_by(work.organisation_id, **asdict(one), **dates) for one in news]
            await work.connection.execute(_saving(), rows)
        created = sum(one.source_id not in known for one in news)
        return Tally(
            created=created, changed=len(news) - created, unchanged=len(records) - len(news)
        )

    async def _known(
        self, work: UnitOfWork, records: Sequence[Company]
    ) -> dict[str, Company | None]:
        """What is kept of them; None for one that has a tombstone."""
        values = owned_by(work.organisation_id, ids=[record.source_id for record in records])
        found = await fetch(work.connection, _KNOWN, **values)
        return {
            row["source_id"]: None if row["is_gone"] else Company(*(row[name] for name in _FIELDS))
            for row in found
        }
