"""Decides what the dashboard shows, and what it says where it has nothing to show."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, TypeVar

from billingone_api.billing.access.models import Organisation
from billingone_api.billing.dashboard.figures import Figures
from billingone_api.billing.dashboard.models import (
    ActiveSubscriptions,
    AttentionKind,
    Cards,
    Cost,
    Counted,
    Coverage,
    Dashboard,
    Facts,
    Freshness,
    Mrr,
    NeedsAttention,
    SourceFacts,
    Unmapped,
)
from billingone_api.billing.definitions.figures import Card, Unknown
from billingone_api.billing.definitions.models import PriceBasis
from billingone_api.billing.integrations.models import IntegrationStatus
from billingone_api.billing.syncs.models import RunStatus

Value = TypeVar("Value")

MISSED_SLOTS: Final = 2
"""A source is stale once so many slots of its schedule have passed without a success."""

_NO_SELL_PRICE: Final[Card[Mrr]] = Card(
    None,
    Unknown.SELL_PRICE_UNKNOWN,
    "The settings say that Pax8's price is what you pay, so what you earn is not known.",
)
_NO_INVOICES: Final[Card[Counted]] = Card(
    None, Unknown.SOURCE_NOT_CONNECTED, "No source of invoices is connected."
)
_NO_COUNTS: Final[Card[Counted]] = Card(
    None, Unknown.SOURCE_NOT_CONNECTED, "No source of device or user counts is connected."
)


def dashboard(facts: Facts, organisation: Organisation, *, now: datetime) -> Dashboard:
    return Dashboard(
        as_of=now,
        day=organisation.day_of(now),
        basis=facts.basis,
        reporting_currency=organisation.reporting_currency,
        cards=_cards(facts, organisation.reporting_currency),
        cost=_cost(facts, organisation.reporting_currency),
        freshness=(_freshness(facts.pax8, now),),
        coverage=_coverage(facts, organisation.reporting_currency),
        needs_attention=tuple(_needs_attention(facts.pax8)),
    )


def _cards(facts: Facts, reporting_currency: str) -> Cards:
    figures = Figures(facts.slices, reporting_currency)
    return Cards(
        mrr=_known(facts, lambda: _mrr(figures, facts.basis)),
        active_subscriptions=_known(facts, lambda: _active(figures)),
        pending_invoices=_NO_INVOICES,
        under_licensed_clients=_NO_COUNTS,
    )


def _known(facts: Facts, card: Callable[[], Card[Value]]) -> Card[Value]:
    """The card, or why Pax8 tells nothing of it yet."""
    unknown = facts.pax8.source.unknown
    if unknown is None:
        return card()
    return Card(None, unknown, _why(facts.pax8))


def _why(pax8: SourceFacts) -> str:
    if not pax8.source.is_connected:
        return "Pax8 is not connected."
    if pax8.latest and not pax8.latest.status.is_final:
        return "The first sync of Pax8 is under way."
    return "Pax8 has not been synced yet."


def _mrr(figures: Figures, basis: PriceBasis) -> Card[Mrr]:
    if not basis.knows_sell_price:
        return _NO_SELL_PRICE
    value = figures.mrr()
    return Card(value, None, value.reporting.missing(figures.reporting_currency))


def _active(figures: Figures) -> Card[ActiveSubscriptions]:
    return Card(figures.active_subscriptions(), None, None)


def _cost(facts: Facts, reporting_currency: str) -> Card[Cost]:
    def card() -> Card[Cost]:
        value = Figures(facts.slices, reporting_currency).cost()
        return Card(value, None, value.reporting.missing(reporting_currency))

    return _known(facts, card)


def _freshness(pax8: SourceFacts, now: datetime) -> Freshness:
    return Freshness(
        source=pax8.source.source,
        status=_status(pax8),
        last_success_at=pax8.source.last_success_at,
        schedule_minutes=pax8.schedule_minutes,
        is_stale=_is_stale(pax8, now),
        never_synced=pax8.source.last_success_at is None,
        last_run=pax8.latest,
    )


def _status(pax8: SourceFacts) -> IntegrationStatus:
    if not pax8.source.is_connected:
        return IntegrationStatus.NOT_CONNECTED
    return IntegrationStatus.NEEDS_ATTENTION if pax8.attention else IntegrationStatus.CONNECTED


def _is_stale(pax8: SourceFacts, now: datetime) -> bool:
    """What nobody reads any more is stale; what is read by hand alone misses no slot."""
    last = pax8.source.last_success_at
    if last is None:
        return False
    if not pax8.source.is_connected:
        return True
    if pax8.schedule_minutes is None:
        return False
    return now - last > timedelta(minutes=pax8.schedule_minutes * MISSED_SLOTS)


def _coverage(facts: Facts, reporting_currency: str) -> Coverage:
    figures = Figures(facts.slices, reporting_currency)
    subscriptions, mrr = figures.unmapped()
    return Coverage(
        counted=figures.counted(),
        excluded=figures.excluded(),
        unmapped=Unmapped(
            companies=facts.pax8.unmapped_companies,
            subscriptions=subscriptions,
            mrr=mrr if facts.basis.knows_sell_price else None,
        ),
        quarantined=facts.pax8.quarantined,
        is_partial=_is_partial(facts),
    )


def _is_partial(facts: Facts) -> bool:
    """Rows without any success are what an unfinished first sync has left."""
    pax8 = facts.pax8
    left_out = pax8.ended is not None and pax8.ended.status is RunStatus.PARTIAL
    return left_out or (pax8.source.last_success_at is None and bool(facts.slices))


def _needs_attention(pax8: SourceFacts) -> Iterator[NeedsAttention]:
    name = pax8.source.source
    if pax8.source.is_connected and pax8.ended and pax8.ended.status is RunStatus.FAILED:
        why = pax8.ended.detail or "The last sync of Pax8 failed."
        yield NeedsAttention(AttentionKind.SYNC_FAILED, name, 1, why, f"/v1/syncs?source={name}")
    if pax8.attention:
        kind, link = AttentionKind.INTEGRATION_NEEDS_ATTENTION, f"/v1/integrations/{name}"
        yield NeedsAttention(kind, name, 1, pax8.attention, link)
    if pax8.unmapped_companies:
        words = "Companies in Pax8 that are linked to no client."
        kind, count = AttentionKind.UNMAPPED_CLIENTS, pax8.unmapped_companies
        yield NeedsAttention(kind, name, count, words, "/v1/clients/unmapped")
    if pax8.quarantined:
        words = "Records of Pax8 that cannot be read; no figure holds them."
        kind, count = AttentionKind.QUARANTINED_RECORDS, pax8.quarantined
        yield NeedsAttention(kind, name, count, words, f"/v1/quarantine?source={name}")
