"""The organisation that was connected, and its chart of accounts."""

from pydantic import Field

from billingone_api.providers.xero.payloads.wire import (
    Flag,
    Guid,
    Instant,
    Prose,
    Updated,
    Words,
    XeroPayload,
)


class Organisation(XeroPayload):
    """`organisation_id` is the tenant's id; `timezone` one of Xero's own (time_zones.py)."""

    organisation_id: Guid
    name: Words = None
    legal_name: Words = None
    short_code: Words = None
    base_currency: Words = None
    country_code: Words = None
    timezone: Words = None
    is_demo_company: Flag = None
    organisation_status: Words = None
    tax_number: Words = None
    created_date_utc: Instant = None


class Account(Updated):
    """An account; people may change its `code`, and bank accounts may have none."""

    account_id: Guid
    code: Words = None
    name: Words = None
    type: Words = None
    class_: Words = Field(default=None, validation_alias="Class")
    status: Words = None
    tax_type: Words = None
    description: Prose = None
    system_account: Words = None
    currency_code: Words = None
    reporting_code: Words = None
    reporting_code_name: Words = None
