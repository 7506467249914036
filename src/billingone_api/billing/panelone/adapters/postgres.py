"""Keeps what PanelOne says of an organisation, and which sessions it ended."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.panelone.models import OrganisationFacts, Revocation, Standing
from billingone_api.database.tables.access import organisations, revocations
from billingone_api.database.tables.settings import organisation_settings
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

_FACTS: Final = tuple(organisation_settings.c[item.name] for item in fields(OrganisationFacts))


class PostgresOrganisations:
    """The organisation that a unit of work is for; `at` dates what it writes."""

    def __init__(self, work: UnitOfWork, *, at: datetime) -> None:
        self._work = work
        self._at = at

    async def introduce(self) -> bool:
        statement = (
            insert(organisations)
            .values(id=self._work.organisation_id, created_at=self._at)
            .on_conflict_do_nothing()
        )
        return (await self._work.connection.execute(statement)).rowcount == 1

    async def create(self, facts: OrganisationFacts) -> None:
        await self._work.connection.execute(
            organisation_settings.insert(),
            owned_by(
                self._work.organisation_id,
                **asdict(facts),
                pushed=facts.kept,
                updated_at=self._at,
            ),
        )

    async def standing(self) -> Standing:
        statement = (
            select(*_FACTS, organisation_settings.c.pushed)
            .where(own(organisation_settings))
            .with_for_update()
        )
        found = await self._work.connection.execute(statement, owned_by(self._work.organisation_id))
        row = dict(found.mappings().one())
        pushed = row.pop("pushed")
        return Standing(OrganisationFacts(**row), pushed)

    async def update(self, facts: OrganisationFacts, *, pushed: OrganisationFacts) -> None:
        of, news = organisation_settings.c, asdict(facts)
        await self._work.connection.execute(
            update(organisation_settings)
            .where(of.organisation_id == self._work.organisation_id)
            .values(**news, pushed=pushed.kept, updated_at=self._at, version=of.version + 1)
        )


class PostgresRevocations:
    """Ended sessions of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, revocation: Revocation) -> None:
        statement = insert(revocations).values(
            organisation_id=self._work.organisation_id, **asdict(revocation)
        )
        await self._work.connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(revocations.primary_key.columns),
                set_={
                    "issued_before": func.greatest(
                        revocations.c.issued_before, statement.excluded.issued_before
                    )
                },
            )
        )
