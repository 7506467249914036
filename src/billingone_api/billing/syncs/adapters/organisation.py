"""What a sync has to know of its organisation."""

from typing import Final

from sqlalchemy import select

from billingone_api.database.tables.settings import organisation_settings
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

_TIME_ZONE: Final = select(organisation_settings.c.time_zone).where(own(organisation_settings))


async def time_zone_of(work: UnitOfWork) -> str:
    """The zone whose days all days are."""
    values = owned_by(work.organisation_id)
    found: str = (await work.connection.execute(_TIME_ZONE, values)).scalar_one()
    return found
