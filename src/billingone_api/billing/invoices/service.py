"""Decides whose an invoice is, which accounts may be mapped, and what the cards may show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from billingone_api.billing.clients.errors import ClientNotFound, ClientRetired
from billingone_api.billing.definitions.figures import Card, unknown_of
from billingone_api.billing.definitions.models import XERO, RevenueCategory
from billingone_api.billing.definitions.receivables import Amounts, Receivables
from billingone_api.billing.integrations.models import PROVIDERS
from billingone_api.billing.invoices.errors import BooksMissing
from billingone_api.billing.invoices.models import (
    Account,
    AccountMapping,
    Belonging,
    Cards,
    Coverage,
    Freshness,
    Twins,
)
from billingone_api.billing.invoices.ports import Belongings, Chart
from billingone_api.kit.errors import NotFound, Pointer, ValidationFailed
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Tell, changed


async def set_client(
    invoice_id: UUID,
    client_id: UUID | None,
    belongings: Belongings,
    *,
    expected: int | None,
    tell: Tell,
) -> None:
    """A person says whose an invoice is, which stays so; None leaves it to its contact again.

    Raises NotFound, PreconditionFailed, ClientNotFound, ClientRetired.
    """
    before = await _found(invoice_id, belongings)
    if expected not in {None, before.version}:
        raise stale()
    if client_id is None:
        if before.client_by_hand:
            await belongings.leave_to_mapping(invoice_id)
    elif (client_id, True) != (before.client_id, before.client_by_hand):
        await _require_client(client_id, belongings)
        await belongings.give(invoice_id, client_id)
    after = await _found(invoice_id, belongings)
    if after != before:
        told = (_told(one) for one in (before, after))
        tell(changed("invoice.client_set", "invoice", str(invoice_id), **_sides(*told)))


async def map_accounts(
    chart: Chart,
    wanted: Sequence[tuple[str, RevenueCategory]],
    *,
    expected: int | None,
    version: Callable[[AccountMapping], int],
    by: str,
    tell: Tell,
) -> AccountMapping:
    """These accounts earn money with these things, and no others do.

    Raises BooksMissing, PreconditionFailed, ValidationFailed.
    """
    before = await chart.locked()
    if before.ledger_id is None:
        raise BooksMissing("Connect Xero and let a sync come through, then map its accounts.")
    if expected not in {None, version(before)}:
        raise stale()
    _require_accounts(wanted, before.accounts)
    categories = dict(wanted)
    if categories != _categories(before):
        await chart.save(before.ledger_id, categories, by=by)
        sides = _sides(_as_text(_categories(before)), _as_text(categories))
        tell(changed("accounts.mapped", "accounts", XERO, **sides))
    return await chart.mapping()


def cards(figures: Receivables, freshness: Sequence[Freshness]) -> Cards:
    return Cards(
        paid_this_month=_card(figures.paid_this_month, figures, freshness, _undated(figures)),
        outstanding=_card(figures.outstanding, figures, freshness),
        draft=_card(figures.draft, figures, freshness),
        pending=_card(figures.pending, figures, freshness),
        overdue=_card(figures.overdue, figures, freshness),
    )


def coverage(
    figures: Receivables,
    freshness: Sequence[Freshness],
    *,
    twins: Twins,
    mapping: AccountMapping,
) -> Coverage:
    return Coverage(
        counted=figures.counted(),
        excluded=figures.excluded(),
        unusable_payments=figures.unusable_payments(),
        undated_payments=figures.undated_payments(),
        unmapped=figures.unmapped(),
        duplicates=twins,
        accounts=mapping.coverage,
        quarantined=sum(one.quarantined for one in freshness),
        is_partial=any(one.is_partial for one in freshness) or _lacks_a_source(freshness),
    )


def _card(
    amounts: Callable[[], Amounts],
    figures: Receivables,
    freshness: Sequence[Freshness],
    besides: str | None = None,
) -> Card[Amounts]:
    unknown = unknown_of([one.as_source for one in freshness])
    waiting = [PROVIDERS[one.source] for one in freshness if _is_waited_for(one)]
    if unknown is not None:
        words = f"{' and '.join(waiting)}: no sync has come through yet."
        return Card(None, unknown, words if waiting else "No source of invoices is connected.")
    value = amounts()
    said = [f"Without {name}, which has not been synced yet." for name in waiting]
    said += filter(None, (besides, value.reporting.missing(figures.reporting_currency)))
    return Card(value, None, " ".join(said) or None)


def _undated(figures: Receivables) -> str | None:
    count = figures.undated_payments()
    if not count:
        return None
    return f"Without {count} whose day of payment is not known: they are in no month."


def _lacks_a_source(freshness: Sequence[Freshness]) -> bool:
    """Figures are shown while one that is connected has not come through."""
    is_shown = unknown_of([one.as_source for one in freshness]) is None
    return is_shown and any(_is_waited_for(one) for one in freshness)


def _is_waited_for(one: Freshness) -> bool:
    return one.is_connected and one.never_synced


async def _found(invoice_id: UUID, belongings: Belongings) -> Belonging:
    found = await belongings.locked(invoice_id)
    if found is None:
        raise NotFound
    return found


async def _require_client(client_id: UUID, belongings: Belongings) -> None:
    active = await belongings.is_active(client_id)
    if active is None:
        raise ClientNotFound("Name a client that PanelOne has pushed.")
    if not active:
        raise ClientRetired("Name a client that is active in PanelOne.")


def _require_accounts(
    wanted: Sequence[tuple[str, RevenueCategory]], accounts: Sequence[Account]
) -> None:
    """An archived account stands on old invoices and may be mapped; one that is gone may stay."""
    known = {one.account_id for one in accounts}
    met: set[str] = set()
    errors = []
    for number, (account_id, _) in enumerate(wanted):
        at = f"/mappings/{number}/account_id"
        if account_id not in known:
            words = "Is no revenue account of the organisation in Xero."
            errors.append(Pointer("body", at, "account_unknown", words))
        if account_id in met:
            errors.append(Pointer("body", at, "account_twice", "Is there already."))
        met.add(account_id)
    if errors:
        raise ValidationFailed("These accounts cannot be mapped; see `errors`.", errors=errors)


def _categories(mapping: AccountMapping) -> dict[str, RevenueCategory]:
    return {one.account_id: one.category for one in mapping.accounts if one.category is not None}


def _as_text(categories: Mapping[str, RevenueCategory]) -> dict[str, str]:
    return {account_id: str(category) for account_id, category in categories.items()}


def _told(one: Belonging) -> dict[str, object]:
    told = asdict(one)
    del told["version"]
    return told | {"client_id": None if one.client_id is None else str(one.client_id)}


def _sides(before: object, after: object) -> dict[str, object]:
    return {"before": before, "after": after}
