"""Keeps the people of Pax8's companies, and forgets those who have gone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from billingone_api.billing.subscriptions.adapters.postgres import contact_statements as sql
from billingone_api.billing.subscriptions.models import PAX8, Contact, ContactList
from billingone_api.billing.syncs.adapters.sweeps import Quarantine, is_confirmed, is_plausible
from billingone_api.billing.syncs.models import Removal, RunContext, Tally, Unreadable
from billingone_api.database.fast import Prepared, Row, fetch
from billingone_api.database.tenancy import owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process

Key = tuple[str, str]
"""The company's id and the contact's."""
Known = Mapping[Key, Contact | None]
"""Whoever was kept; None for who has gone."""


async def forget_those_of(work: UnitOfWork, gone: Sequence[Row]) -> None:
    """Whoever was known of companies that are gone."""
    await _run(work, sql.FORGETTING_WITH_COMPANIES)
    await _run(work, sql.RELEASING, companies=[row["source_id"] for row in gone], still=[])


@dataclass(frozen=True, slots=True)
class PostgresContacts:
    """The people of one organisation's companies, as a run of its sync reads and writes them."""

    process: Process
    run: RunContext

    async def due(self, *, since: datetime, most: int | None) -> Sequence[str]:
        async with self.process.work(self.run.organisation_id) as work:
            rows = await _run(work, sql.DUE, since=since, most=most)
        return [row["source_id"] for row in rows]

    async def write(self, work: UnitOfWork, lists: Sequence[ContactList]) -> tuple[Tally, Removal]:
        now = self.process.clock.now()
        known = await _known(work, lists)
        tally = await _save(work, known, lists, at=now)
        missing = _missing(known, lists)
        removal = await self._forget(work, known, missing, at=now)
        read = {one.company_id for one in lists if one.is_whole}
        if removal.gone < removal.missing:
            # They are asked again by the very run whose removals a person confirms.
            read -= {company for company, _ in missing}
        await _run(work, sql.READ, companies=sorted(read), at=now)
        aside = await self._put_aside(work, lists, at=now)
        return tally + Tally(gone=removal.gone, quarantined=aside), removal

    async def _forget(
        self, work: UnitOfWork, known: Known, missing: Sequence[Key], *, at: datetime
    ) -> Removal:
        living = sum(one is not None for one in known.values())
        is_believed = is_plausible(known=living, missing=len(missing))
        if not is_believed and not await is_confirmed(work, self.run.run_id):
            return Removal(known=living, missing=len(missing), gone=0)
        if missing:
            companies, ids = (list(part) for part in zip(*missing, strict=True))
            await _run(work, sql.FORGETTING, of_companies=companies, ids=ids, at=at)
        return Removal(known=living, missing=len(missing), gone=len(missing))

    async def _put_aside(
        self, work: UnitOfWork, lists: Sequence[ContactList], *, at: datetime
    ) -> int:
        records = [
            replace(aside, source_id=f"{one.company_id}/{aside.key}")
            for one in lists
            for aside in one.unreadable
        ]
        answered = [one.company_id for one in lists if one.denial is None]
        still = [record.key for record in records]
        await _run(work, sql.RELEASING, companies=answered, still=still)
        await Quarantine(work, PAX8, sql.KIND).put(records, run_id=self.run.run_id, at=at)
        return len(records)


async def _known(work: UnitOfWork, lists: Sequence[ContactList]) -> Known:
    rows = await _run(work, sql.KNOWN, companies=[one.company_id for one in lists])
    return {
        (row["company_id"], row["source_id"]): None if row["is_gone"] else _contact(row)
        for row in rows
    }


def _contact(row: Row) -> Contact:
    told = {name: row[name] for name in sql.FIELDS}
    return Contact(**told | {name: (*row[name],) for name in ("types", "primary_types")})


async def _save(
    work: UnitOfWork, known: Known, lists: Sequence[ContactList], *, at: datetime
) -> Tally:
    found = {(one.company_id, one.source_id): one for each in lists for one in each.contacts}
    news = {key: one for key, one in found.items() if known.get(key) != one}
    if news:
        dates = {"first_seen_at": at, "changed_at": at, "gone_at": None}
        rows = [owned_by(work.organisation_id, **asdict(one), **dates) for one in news.values()]
        await work.connection.execute(sql.SAVING, rows)
    created = len(news.keys() - known.keys())
    return Tally(created=created, changed=len(news) - created, unchanged=len(found) - len(news))


def _missing(known: Known, lists: Sequence[ContactList]) -> Sequence[Key]:
    """Whom a whole list does not name any more; a record without an id may be any of them."""
    met = {(one.company_id, each.source_id) for one in lists for each in one.contacts}
    met |= {(one.company_id, each.key) for one in lists for each in one.unreadable}
    sure = {one.company_id for one in lists if one.is_whole and all(map(_is_named, one.unreadable))}
    return [key for key, one in known.items() if one and key[0] in sure and key not in met]


def _is_named(record: Unreadable) -> bool:
    return record.source_id is not None


async def _run(work: UnitOfWork, statement: Prepared, **values: Any) -> Sequence[Row]:
    return await fetch(work.connection, statement, **owned_by(work.organisation_id, **values))
