"""Reads and changes what figures are reckoned by."""

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May
from billingone_api.billing.settings.schemas import (
    BillingSettingsOut,
    BillingSettingsPatch,
    CurrencyInPath,
    DayInPath,
    ExchangeRateIn,
    ExchangeRateOut,
    ExchangeRatePage,
    ExchangeRateQuery,
)
from billingone_api.billing.settings.service import change, enter_rate, remove_rate
from billingone_api.billing.settings.wiring import Rates, TheSettings
from billingone_api.kit.etags import IfMatch, expected_version, tag, tagged
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/settings", tags=["settings"])

read_settings: Final = May(Permission.SETTINGS_READ)
write_settings: Final = May(Permission.SETTINGS_WRITE)
Reader = Annotated[Caller, Depends(read_settings)]
Writer = Annotated[Caller, Depends(write_settings)]


@router.get(
    "/billing",
    operation_id="get_billing_settings",
    summary="What figures are reckoned by",
    responses=tagged(),
)
async def get_billing_settings(
    _: Reader, settings: TheSettings, response: Response
) -> BillingSettingsOut:
    """The organisation's days, reporting currency, and what Pax8's prices are taken to be."""
    known = await settings.read()
    tag(response, version=known.version)
    return BillingSettingsOut.model_validate(known)


@router.patch(
    "/billing",
    operation_id="update_billing_settings",
    summary="Change what figures are reckoned by",
    responses=problems(412, 428) | tagged(is_read=False),
)
async def update_billing_settings(
    caller: Writer,
    settings: TheSettings,
    process: TheProcess,
    work: Work,
    response: Response,
    body: BillingSettingsPatch,
    if_match: IfMatch = None,
) -> BillingSettingsOut:
    """Every figure follows at once; what was synced stays as it is.

    Rates entered for a former reporting currency are kept and hold again when it comes back.
    """
    changed = await change(
        settings,
        body.model_dump(),
        caller=caller,
        expected_version=expected_version(if_match),
        now=process.clock.now(),
        tell=work.tell,
    )
    tag(response, version=changed.version)
    return BillingSettingsOut.model_validate(changed)


@router.get(
    "/exchange-rates", operation_id="list_exchange_rates", summary="Exchange rates people entered"
)
async def list_exchange_rates(
    caller: Reader, rates: Rates, query: Annotated[ExchangeRateQuery, Query()]
) -> ExchangeRatePage:
    """Those for the reporting currency of today; a figure takes the newest that is valid."""
    wanted = query.wanted(caller.organisation.reporting_currency)
    return ExchangeRatePage.model_validate(await rates.page(wanted))


@router.put(
    "/exchange-rates/{currency}/{valid_on}",
    operation_id="put_exchange_rate",
    summary="Enter or correct an exchange rate",
    responses={201: {"model": ExchangeRateOut, "description": "It is a new one."}},
)
async def put_exchange_rate(
    caller: Writer,
    rates: Rates,
    process: TheProcess,
    work: Work,
    response: Response,
    currency: CurrencyInPath,
    valid_on: DayInPath,
    body: ExchangeRateIn,
) -> ExchangeRateOut:
    """For the reporting currency of today, from a day on that is not still to come.

    The same again changes nothing, so it takes no `If-Match`.
    """
    entered, is_new = await enter_rate(
        rates,
        currency,
        valid_on=valid_on,
        rate=Decimal(body.rate),
        caller=caller,
        now=process.clock.now(),
        tell=work.tell,
    )
    response.status_code = 201 if is_new else 200
    return ExchangeRateOut.model_validate(asdict(entered))


@router.delete(
    "/exchange-rates/{currency}/{valid_on}",
    operation_id="delete_exchange_rate",
    summary="Remove an exchange rate",
    status_code=204,
)
async def delete_exchange_rate(
    caller: Writer, rates: Rates, work: Work, currency: CurrencyInPath, valid_on: DayInPath
) -> None:
    """Of the reporting currency of today; figures fall back on the rate before it."""
    await remove_rate(
        rates,
        currency,
        reporting_currency=caller.organisation.reporting_currency,
        valid_on=valid_on,
        tell=work.tell,
    )
