"""What a worker has to know of the organisation that a snapshot is for."""

from typing import Final

from sqlalchemy import select

from billingone_api.billing.access.models import Organisation
from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.access import organisations
from billingone_api.database.tables.settings import organisation_settings
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork

_OF: Final = organisation_settings.c
_READ: Final = prepare(
    select(
        organisations.c.id,
        *(
            _OF[name]
            for name in (
                "name", "slug", "time_zone", "reporting_currency", "pax8_price_is",
                "annual_price_is",
            )
        ),
    )
    .select_from(
        organisation_settings.join(organisations, organisations.c.id == _OF.organisation_id)
    )
    .where(own(organisation_settings), organisations.c.ended_at.is_(None))
)  # fmt: skip


async def organisation_of(work: UnitOfWork) -> Organisation | None:
    """None where PanelOne has ended it."""
    row = await fetch_one(work.connection, _READ, organisation_id=work.organisation_id)
    return None if row is None else Organisation(**dict(row))
