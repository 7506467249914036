"""Reads who may come in from the directory of organisations and the list of ended sessions."""

from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, exists, select

from billingone_api.billing.access.models import Admission, KeyFacts, Organisation
from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.access import organisations, revocations
from billingone_api.database.tables.api_keys import api_keys
from billingone_api.database.tables.integrations import integrations
from billingone_api.database.tables.settings import organisation_settings
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.auth.identity import Identity

_REVOKED: Final = exists(
    select(revocations.c.subject).where(
        own(revocations),
        revocations.c.subject == bindparam("subjects", type_=ARRAY(Text)).any_(),
        revocations.c.issued_before >= bindparam("issued_at"),
    )
)
_FACTS: Final = tuple(
    organisation_settings.c[item.name] for item in fields(Organisation) if item.name != "id"
)
# Organisation and settings stand side by side: whoever is told of gets both at once.
_ADMISSION: Final = prepare(
    select(organisations.c.id, *_FACTS, organisations.c.ended_at, _REVOKED.label("is_revoked"))
    .join(organisation_settings, organisation_settings.c.organisation_id == organisations.c.id)
    .where(own(organisation_settings))
)
_KEY: Final = prepare(
    select(api_keys.c.name, api_keys.c.scopes).where(
        own(api_keys), api_keys.c.id == bindparam("key_id")
    )
)
_ONBOARDED: Final = prepare(
    select(
        exists().where(own(integrations), integrations.c.last_success_at.is_not(None)).label("yes")
    )
)


class PostgresRegister:
    """The register of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def admission(self, identity: Identity) -> Admission | None:
        row = await fetch_one(
            self._work.connection,
            _ADMISSION,
            organisation_id=self._work.organisation_id,
            subjects=subjects_of(identity),
            issued_at=identity.issued_at,
        )
        if row is None:
            return None
        facts: dict[str, Any] = dict(row)
        ended_at, is_revoked = facts.pop("ended_at"), facts.pop("is_revoked")
        key = None if identity.api_key_id is None else await self._key(identity.api_key_id)
        return Admission(Organisation(**facts), ended_at, is_revoked, key)

    async def _key(self, key_id: UUID) -> KeyFacts | None:
        row = await fetch_one(
            self._work.connection, _KEY, organisation_id=self._work.organisation_id, key_id=key_id
        )
        return None if row is None else KeyFacts(row["name"], frozenset(row["scopes"]))

    async def is_onboarded(self) -> bool:
        row = await fetch_one(
            self._work.connection, _ONBOARDED, organisation_id=self._work.organisation_id
        )
        return row is not None and row["yes"]


def subjects_of(identity: Identity) -> list[str]:
    """Under which names this caller may have been revoked."""
    user = f"user:{identity.subject}"
    return [user] if identity.session_id is None else [user, f"session:{identity.session_id}"]
