"""Contacts: clients and suppliers alike."""

from billingone_api.providers.records import Number
from billingone_api.providers.xero.payloads.wire import (
    Flag,
    Guid,
    Many,
    OtherGuid,
    Updated,
    Words,
    XeroPayload,
)


class ContactPerson(XeroPayload):
    """A person beside the contact's main one."""

    first_name: Words = None
    last_name: Words = None
    email_address: Words = None
    include_in_emails: Flag = None


class Address(XeroPayload):
    """STREET or POBOX; Xero sends empty ones along."""

    address_type: Words = None
    address_line1: Words = None
    address_line2: Words = None
    city: Words = None
    region: Words = None
    postal_code: Words = None
    country: Words = None


class Phone(XeroPayload):
    """DEFAULT, DDI, MOBILE, FAX or OFFICE; Xero sends empty ones along."""

    phone_type: Words = None
    phone_number: Words = None
    phone_area_code: Words = None
    phone_country_code: Words = None


class PaymentTerm(XeroPayload):
    """When something is due: a number of days, and from when they count."""

    day: Number = None
    type: Words = None


class PaymentTerms(XeroPayload):
    """For bills and for sales, where they are set."""

    bills: PaymentTerm | None = None
    sales: PaymentTerm | None = None


class Contact(Updated):
    """A contact, archived ones too. One that was merged says into which.

    `is_customer` is false until the first sales invoice. Xero's balances are not read: they mix
    currencies.
    """

    contact_id: Guid
    merged_to_contact_id: OtherGuid = None
    contact_number: Words = None
    account_number: Words = None
    contact_status: Words = None
    name: Words = None
    first_name: Words = None
    last_name: Words = None
    company_number: Words = None
    email_address: Words = None
    website: Words = None
    tax_number: Words = None
    is_customer: Flag = None
    is_supplier: Flag = None
    default_currency: Words = None
    payment_terms: PaymentTerms | None = None
    contact_persons: Many[ContactPerson] = ()
    addresses: Many[Address] = ()
    phones: Many[Phone] = ()
