"""Reads all that a dashboard rests on with a few statements, however long the history."""

from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import FromClause, func, select

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.dashboard.adapters.latest import latest_of, other_totals_of
from billingone_api.billing.dashboard.adapters.licences import licences_of
from billingone_api.billing.dashboard.adapters.sources import sources_of
from billingone_api.billing.dashboard.models import Facts, Slice
from billingone_api.billing.definitions.adapters.rates import newest_rates
from billingone_api.billing.definitions.adapters.receivables import receivables_of
from billingone_api.billing.definitions.adapters.subscriptions import (
    badge,
    cost_parts,
    obstacle,
    sell_parts,
)
from billingone_api.billing.definitions.figures import Rate
from billingone_api.billing.definitions.models import (
    INVOICE_SOURCES,
    Badge,
    Exclusion,
    PriceBasis,
)
from billingone_api.billing.integrations.models import PAX8
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.tables.subscriptions import subscriptions
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork


class PostgresDashboard:
    """The facts of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def facts(self, organisation: Organisation, *, now: datetime) -> Facts:
        basis = PriceBasis(organisation.pax8_price_is, organisation.annual_price_is)
        rows = await fetch(
            self._work.connection,
            _slices(basis),
            organisation_id=self._work.organisation_id,
            reporting_currency=organisation.reporting_currency,
            today=organisation.day_of(now),
        )
        today, currency = organisation.day_of(now), organisation.reporting_currency
        sources = await sources_of(self._work)
        has_counts, licences = await licences_of(self._work)
        return Facts(
            basis=basis,
            slices=tuple(_slice(row) for row in rows),
            pax8=sources[PAX8],
            invoices=tuple(sources[name] for name in INVOICE_SOURCES),
            receivables=await receivables_of(
                self._work, reporting_currency=currency, today=today, with_payments=False
            ),
            latest=await latest_of(self._work, today=today),
            other_totals=await other_totals_of(self._work),
            has_counts=has_counts,
            licences=licences,
        )


_RATE: Final = ("rate", "per", "valid_on", "source")


@cache
def _slices(basis: PriceBasis) -> Prepared:
    alike = _alike(basis)
    worth = newest_rates()
    return prepare(
        select(alike, *(worth.c[name] for name in _RATE)).select_from(
            alike.outerjoin(worth, worth.c.currency == alike.c.currency)
        )
    )


def _alike(basis: PriceBasis) -> FromClause:
    one = (
        select(
            badge(subscriptions).label("badge"),
            obstacle(subscriptions, basis).label("obstacle"),
            subscriptions.c.currency,
            subscriptions.c.client_id.is_not(None).label("is_mapped"),
            sell_parts(subscriptions, basis).label("sell"),
            cost_parts(subscriptions, basis).label("cost"),
        )
        .where(own(subscriptions))
        .subquery("one")
    )
    kind = (one.c.badge, one.c.obstacle, one.c.currency, one.c.is_mapped)
    return (
        select(
            *kind,
            func.count().label("subscriptions"),
            func.count(one.c.cost).label("costed"),
            func.sum(one.c.sell).label("sell"),
            func.sum(one.c.cost).label("cost"),
            func.sum(one.c.sell).filter(one.c.cost.is_not(None)).label("sell_of_costed"),
        )
        .group_by(*kind)
        .subquery("alike")
    )


def _slice(row: Row) -> Slice:
    facts: dict[str, Any] = dict(row)
    rate = {name: facts.pop(name) for name in _RATE}
    return Slice(
        **facts
        | {
            "badge": Badge(facts["badge"]),
            "obstacle": Exclusion(facts["obstacle"]) if facts["obstacle"] else None,
            "rate": None if rate["rate"] is None else Rate(facts["currency"], **rate),
        }
    )
