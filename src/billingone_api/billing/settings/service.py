"""Decides who may change which setting, against which version, and which rates make sense."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.service import require
from billingone_api.billing.settings.models import (
    OF_THE_ORGANISATION,
    BillingSettings,
    ExchangeRate,
)
from billingone_api.billing.settings.ports import RateRepository, SettingsRepository
from billingone_api.kit.errors import NotFound, Pointer, ValidationFailed
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Event, Tell, changed


async def change(
    settings: SettingsRepository,
    choices: Mapping[str, Any],
    *,
    caller: Caller,
    expected_version: int | None,
    now: datetime,
    tell: Tell,
) -> BillingSettings:
    """The settings with these choices; the version stays where they change nothing.

    Raises Forbidden for a choice the caller may not make, PreconditionFailed for a stale version.
    """
    if choices.keys() & OF_THE_ORGANISATION:
        require(caller, Permission.ORGANISATION_WRITE)
    known = await settings.locked()
    if expected_version not in {None, known.version}:
        raise stale()
    chosen = replace(known, **choices)
    if chosen == known:
        return known
    kept = replace(chosen, version=known.version + 1, updated_at=now)
    await settings.save(kept)
    tell(changed("settings.updated", "settings", "billing", before=known, after=chosen))
    return kept


async def enter_rate(
    rates: RateRepository,
    currency: str,
    *,
    valid_on: date,
    rate: Decimal,
    caller: Caller,
    now: datetime,
    tell: Tell,
) -> tuple[ExchangeRate, bool]:
    """The rate as it is kept, and whether it is new; raises ValidationFailed."""
    organisation = caller.organisation
    if currency == organisation.reporting_currency:
        raise _senseless("currency", "reporting_currency", "The reporting currency is worth 1.")
    if valid_on > organisation.day_of(now):
        raise _senseless("valid_on", "date_in_future", "Is still to come for the organisation.")
    entered = ExchangeRate(
        currency=currency,
        reporting_currency=organisation.reporting_currency,
        valid_on=valid_on,
        rate=rate,
        entered_by=caller.label,
        entered_at=now,
    )
    before = await rates.locked(entered)
    is_new = await rates.enter(entered)
    if before is None or before.told != entered.told:
        tell(_about(entered, "entered", before=before, after=entered))
    return entered, is_new


async def remove_rate(
    rates: RateRepository, currency: str, *, reporting_currency: str, valid_on: date, tell: Tell
) -> None:
    """Raises NotFound."""
    removed = await rates.remove(currency, reporting_currency=reporting_currency, valid_on=valid_on)
    if removed is None:
        raise NotFound
    tell(_about(removed, "removed", before=removed, after=None))


def _about(
    rate: ExchangeRate, done: str, *, before: ExchangeRate | None, after: ExchangeRate | None
) -> Event:
    return changed(
        f"exchange_rate.{done}",
        "exchange_rate",
        f"{rate.currency}/{rate.reporting_currency}/{rate.valid_on}",
        before=before and before.told,
        after=after and after.told,
    )


def _senseless(parameter: str, code: str, words: str) -> ValidationFailed:
    pointer = Pointer(place="path", pointer=f"/{parameter}", code=code, detail=words)
    return ValidationFailed("This rate can mean nothing; see `errors`.", errors=[pointer])
