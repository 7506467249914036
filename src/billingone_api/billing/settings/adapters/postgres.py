"""Settings of an organisation, read and changed in PostgreSQL."""

from dataclasses import asdict, fields
from typing import Final

from sqlalchemy import bindparam, select, update

from billingone_api.billing.settings.models import BillingSettings
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.settings import organisation_settings
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

_NAMES: Final = tuple(field.name for field in fields(BillingSettings))
_SETTINGS: Final = select(*(organisation_settings.c[name] for name in _NAMES)).where(
    own(organisation_settings)
)
_READ: Final = prepare(_SETTINGS)
_LOCKED: Final = prepare(_SETTINGS.with_for_update())
_SAVE: Final = prepare(
    update(organisation_settings)
    .where(own(organisation_settings))
    .values({name: bindparam(f"new_{name}") for name in _NAMES})
)


class PostgresSettings:
    """The settings of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def read(self) -> BillingSettings:
        return await self._fetch(_READ)

    async def locked(self) -> BillingSettings:
        return await self._fetch(_LOCKED)

    async def save(self, settings: BillingSettings) -> None:
        new = {f"new_{name}": value for name, value in asdict(settings).items()}
        await fetch(self._work.connection, _SAVE, **owned_by(self._work.organisation_id, **new))

    async def _fetch(self, prepared: Prepared) -> BillingSettings:
        row = await fetch_one(
            self._work.connection, prepared, organisation_id=self._work.organisation_id
        )
        if row is None:
            raise LookupError("An organisation that was let in has settings.")
        return BillingSettings(**dict(row))
