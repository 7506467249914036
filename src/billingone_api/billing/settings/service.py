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
from billingone_api.kit.errors import Pointer, ValidationFailed
from billingone_api.kit.etags import stale


async def change(
    settings: SettingsRepository,
    choices: Mapping[str, Any],
    *,
    caller: Caller,
    expected_version: int | None,
    now: datetime,
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
    changed = replace(chosen, version=known.version + 1, updated_at=now)
    await settings.save(changed)
    return changed


async def enter_rate(
    rates: RateRepository,
    currency: str,
    *,
    valid_on: date,
    rate: Decimal,
    caller: Caller,
    now: datetime,
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
    return entered, await rates.enter(entered)


def _senseless(parameter: str, code: str, words: str) -> ValidationFailed:
    pointer = Pointer(place="path", pointer=f"/{parameter}", code=code, detail=words)
    return ValidationFailed("This rate can mean nothing; see `errors`.", errors=[pointer])
