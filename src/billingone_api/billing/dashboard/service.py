"""Decides what the dashboard shows, and what it says where it has nothing to show."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
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
    InvoiceCoverage,
    Mrr,
    NeedsAttention,
    ReceivablesStrip,
    SourceFacts,
    Unmapped,
)
from billingone_api.billing.definitions.figures import Card, Unknown, unknown_of
from billingone_api.billing.definitions.models import SUPEROPS, PriceBasis
from billingone_api.billing.definitions.receivables import Amounts
from billingone_api.billing.integrations.models import IntegrationStatus, is_behind
from billingone_api.billing.syncs.models import RunStatus

Value = TypeVar("Value")

_NO_SELL_PRICE: Final[Card[Mrr]] = Card(
    None,
    Unknown.SELL_PRICE_UNKNOWN,
    "The settings say that Pax8's price is what you pay, so what you earn is not known.",
)
_OPEN: Final = "&badge=draft&badge=submitted&badge=overdue&badge=unknown"
_NO_COUNTS: Final[Card[Counted]] = Card(
    None, Unknown.SOURCE_NOT_CONNECTED, "No source of device or user counts is connected."
)

_NO_SNAPSHOT: Final[Card[Counted]] = Card(
    None,
    Unknown.NEVER_SYNCED,
    "No snapshot has been taken yet: confirm count rules, then take one.",
)
_NOTHING_COMPARED: Final[Card[Counted]] = Card(
    None, Unknown.NEVER_SYNCED, "The newest snapshot could compare nothing; it says why."
)


def dashboard(facts: Facts, organisation: Organisation, *, now: datetime) -> Dashboard:
    return Dashboard(
        as_of=now,
        day=organisation.day_of(now),
        basis=facts.basis,
        reporting_currency=organisation.reporting_currency,
        cards=_cards(facts, organisation.reporting_currency),
        cost=_cost(facts, organisation.reporting_currency),
        receivables=ReceivablesStrip(
            outstanding=_owed(facts, facts.receivables.outstanding),
            overdue=_owed(facts, facts.receivables.overdue),
        ),
        latest_invoices=_of_invoices(facts, lambda: Card(facts.latest, None, None)),
        freshness=tuple(_freshness(source, now) for source in _sources(facts)),
        coverage=_coverage(facts, organisation.reporting_currency),
        under_licensed=facts.licences,
        needs_attention=tuple(_needs_attention(facts)),
    )


def _cards(facts: Facts, reporting_currency: str) -> Cards:
    figures = Figures(facts.slices, reporting_currency)
    return Cards(
        mrr=_known(facts, lambda: _mrr(figures, facts.basis)),
        active_subscriptions=_known(facts, lambda: _active(figures)),
        pending_invoices=_owed(facts, facts.receivables.pending),
        under_licensed_clients=_under_licensed(facts),
    )


def _under_licensed(facts: Facts) -> Card[Counted]:
    """A count of 0 is shown only where something was compared."""
    licences = facts.licences
    if licences is None:
        return _NO_SNAPSHOT if facts.has_counts else _NO_COUNTS
    if licences.outcome == "not_reconcilable":
        return _NOTHING_COMPARED
    words = "Some clients could not be compared." if licences.outcome == "partial" else None
    return Card(Counted(licences.under_licensed), None, words)


def _known(facts: Facts, card: Callable[[], Card[Value]]) -> Card[Value]:
    """The card, or why Pax8 tells nothing of it yet."""
    unknown = facts.pax8.source.unknown
    if unknown is None:
        return card()
    return Card(None, unknown, _why(facts.pax8))


def _owed(facts: Facts, amounts: Callable[[], Amounts]) -> Card[Amounts]:
    def card() -> Card[Amounts]:
        value = amounts()
        missing = value.reporting.missing(facts.receivables.reporting_currency)
        return Card(value, None, missing)

    return _of_invoices(facts, card)


def _of_invoices(facts: Facts, card: Callable[[], Card[Value]]) -> Card[Value]:
    """The card, or why nobody tells anything of it yet; one source that came through is enough."""
    unknown = unknown_of([one.source for one in facts.invoices])
    waiting = [_why(one) for one in facts.invoices if _is_waited_for(one)]
    if unknown is not None:
        return Card(None, unknown, " ".join(waiting) or "No source of invoices is connected.")
    made = card()
    said = [*waiting, *([made.detail] if made.detail else [])]
    return replace(made, detail=" ".join(said) or None)


def _lacks_a_source(facts: Facts) -> bool:
    """Figures of invoices are shown while one that is connected has not come through."""
    is_shown = unknown_of([one.source for one in facts.invoices]) is None
    return is_shown and any(_is_waited_for(one) for one in facts.invoices)


def _is_waited_for(one: SourceFacts) -> bool:
    return one.source.unknown is Unknown.NEVER_SYNCED


def _why(of: SourceFacts) -> str:
    if not of.source.is_connected:
        return f"{of.name} is not connected."
    if of.latest and not of.latest.status.is_final:
        return f"The first sync of {of.name} is under way."
    return f"{of.name} has not been synced yet."


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


def _sources(facts: Facts) -> tuple[SourceFacts, ...]:
    return (facts.pax8, *facts.invoices)


def _freshness(of: SourceFacts, now: datetime) -> Freshness:
    return Freshness(
        source=of.source.source,
        status=_status(of),
        last_success_at=of.source.last_success_at,
        schedule_minutes=of.schedule_minutes,
        is_stale=_is_stale(of, now),
        never_synced=of.source.last_success_at is None,
        last_run=of.latest,
    )


def _status(of: SourceFacts) -> IntegrationStatus:
    if not of.source.is_connected:
        return IntegrationStatus.NOT_CONNECTED
    return IntegrationStatus.NEEDS_ATTENTION if of.attention else IntegrationStatus.CONNECTED


def _is_stale(of: SourceFacts, now: datetime) -> bool:
    """What nobody reads any more is stale; what is read by hand alone misses no slot."""
    last = of.source.last_success_at
    if last is None:
        return False
    if not of.source.is_connected:
        return True
    return is_behind(last, schedule_minutes=of.schedule_minutes, now=now)


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
        invoices=InvoiceCoverage(
            counted=facts.receivables.counted(),
            excluded=facts.receivables.excluded(),
            unmapped=facts.receivables.unmapped(),
            other_totals=facts.other_totals,
        ),
        quarantined=sum(one.quarantined for one in _sources(facts)),
        is_partial=any(one.is_partial for one in _sources(facts)) or _lacks_a_source(facts),
    )


def _needs_attention(facts: Facts) -> Iterator[NeedsAttention]:
    for source in _sources(facts):
        yield from _of_source(source)
    if unknown_of([one.source for one in facts.invoices]) is None:
        yield from _in_invoices(facts)


def _of_source(of: SourceFacts) -> Iterator[NeedsAttention]:
    key = of.source.source
    if of.source.is_connected and of.ended and of.ended.status is RunStatus.FAILED:
        why = of.ended.detail or f"The last sync of {of.name} failed."
        yield NeedsAttention(AttentionKind.SYNC_FAILED, key, 1, why, f"/v1/syncs?source={key}")
    if of.attention:
        kind, link = AttentionKind.INTEGRATION_NEEDS_ATTENTION, f"/v1/integrations/{key}"
        yield NeedsAttention(kind, key, 1, of.attention, link)
    if of.unmapped_companies:
        words = f"Companies in {of.name} that are linked to no client."
        kind, count = AttentionKind.UNMAPPED_CLIENTS, of.unmapped_companies
        yield NeedsAttention(kind, key, count, words, "/v1/clients/unmapped")
    if of.quarantined:
        words = f"Records of {of.name} that cannot be read; no figure holds them."
        kind, count = AttentionKind.QUARANTINED_RECORDS, of.quarantined
        yield NeedsAttention(kind, key, count, words, f"/v1/quarantine?source={key}")


def _in_invoices(facts: Facts) -> Iterator[NeedsAttention]:
    """Said of the first source that has come through: invoices of all of them are meant."""
    key = next(one.source.source for one in facts.invoices if one.source.unknown is None)
    if overdue := facts.receivables.overdue().count:
        words, link = "Invoices that are past due.", "/v1/invoices?badge=overdue&sort=due_on"
        yield NeedsAttention(AttentionKind.OVERDUE_INVOICES, key, overdue, words, link)
    if differing := facts.other_totals:
        words = "Invoices whose total in SuperOps is another than in Xero, which counts."
        kind, link = AttentionKind.INVOICE_TOTALS_DIFFER, "/v1/invoices?duplicates=other_total"
        yield NeedsAttention(kind, SUPEROPS, differing, words, link)
    if unmapped := facts.receivables.unmapped().count:
        words = "Open invoices that belong to no client."
        kind, link = AttentionKind.UNMAPPED_INVOICES, f"/v1/invoices?unmapped=true{_OPEN}"
        yield NeedsAttention(kind, key, unmapped, words, link)
