"""Counts the invoices that two systems tell of, by the index of those alone."""

from typing import Final

from sqlalchemy import func, select

from billingone_api.billing.definitions.adapters.invoices import in_current_books
from billingone_api.billing.definitions.models import MatchedBy
from billingone_api.billing.invoices.models import Twins
from billingone_api.database.fast import fetch_one, prepare
from billingone_api.database.tables.invoices import invoices
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_IS_OTHER: Final = invoices.c.twin_by == word(MatchedBy.OTHER_TOTAL)
_TWINS: Final = prepare(
    select(
        func.count().label("counted_once"),
        func.count().filter(_IS_OTHER).label("other_total"),
    ).where(own(invoices), invoices.c.twin_id.is_not(None), in_current_books(invoices))
)


async def twins_of(work: UnitOfWork) -> Twins:
    row = await fetch_one(work.connection, _TWINS, organisation_id=work.organisation_id)
    return Twins(**row) if row else Twins(0, 0)
