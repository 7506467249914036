"""The books of one organisation of Xero, list by list."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from billingone_api.billing.invoices.adapters.xero import documents
from billingone_api.billing.invoices.books import (
    Account,
    Contact,
    Credit,
    Invoice,
    Organisation,
    Page,
    Payment,
)
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.providers.xero.client import XeroClient
from billingone_api.providers.xero.lists import Batch, Readable
from billingone_api.providers.xero.payloads import contacts as wire
from billingone_api.providers.xero.payloads import organisation as chart
from billingone_api.providers.xero.payloads.wire import XeroPayload
from billingone_api.providers.xero.time_zones import iana_zone

W = TypeVar("W", bound=XeroPayload)
T = TypeVar("T")


class XeroBooks:
    """What a client reads, in our words."""

    def __init__(self, client: XeroClient) -> None:
        self._client = client

    async def organisation(self) -> Organisation:
        found = await self._client.organisation()
        return Organisation(
            source_id=found.organisation_id,
            name=found.name,
            short_code=found.short_code,
            base_currency=found.base_currency,
            country=found.country_code,
            time_zone=iana_zone(found.timezone),
        )

    async def accounts(self) -> Page[Account]:
        return _page(await self._client.accounts(), _account)

    def contacts(self, since: datetime | None) -> AsyncGenerator[Page[Contact]]:
        return _pages(self._client.contacts(since), _contact)

    def invoices(self, since: datetime | None) -> AsyncGenerator[Page[Invoice]]:
        return _pages(self._client.invoices(since), documents.invoice)

    def credit_notes(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]:
        return _pages(self._client.credit_notes(since), documents.credit_note)

    def overpayments(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]:
        return _pages(self._client.overpayments(since), documents.overpayment)

    def prepayments(self, since: datetime | None) -> AsyncGenerator[Page[Credit]]:
        return _pages(self._client.prepayments(since), documents.prepayment)

    def payments(self, since: datetime | None) -> AsyncGenerator[Page[Payment]]:
        return _pages(self._client.payments(since), documents.payment)

    async def contacts_by_id(self, source_ids: Sequence[str]) -> Page[Contact]:
        return _page(await self._client.contacts_by_id(_guids(source_ids)), _contact)

    async def invoices_by_id(self, source_ids: Sequence[str]) -> Page[Invoice]:
        return _page(await self._client.invoices_by_id(_guids(source_ids)), documents.invoice)


async def _pages(
    batches: AsyncGenerator[Batch[W]], translate: Callable[[W], T]
) -> AsyncGenerator[Page[T]]:
    async with aclosing(batches):
        async for batch in batches:
            yield _page(batch, translate, since=batch.since, cursor=batch.cursor, total=batch.total)


def _page(found: Readable[W], translate: Callable[[W], T], **place: Any) -> Page[T]:
    unreadable = [
        # Ids are compared with those of records, which are in lower case.
        Unreadable(
            reject.source_id and reject.source_id.lower(),
            reason=reject.reason,
            excerpt=reject.excerpt,
        )
        for reject in found.rejects
    ]
    return Page([translate(one) for one in found.records], unreadable, **place)


def _guids(source_ids: Sequence[str]) -> list[UUID]:
    """What is no id of Xero's need not be asked for: there is none."""
    found = []
    for source_id in source_ids:
        try:
            found.append(UUID(source_id))
        except ValueError:
            continue
    return found


def _account(found: chart.Account) -> Account:
    return Account(
        source_id=found.account_id,
        code=found.code,
        name=found.name or "",
        type=found.type,
        account_class=found.class_,
        source_status=found.status,
        tax_type=found.tax_type,
    )


def _contact(found: wire.Contact) -> Contact:
    return Contact(
        source_id=found.contact_id,
        name=found.name or "",
        source_status=found.contact_status,
        merged_into=found.merged_to_contact_id,
        contact_number=found.contact_number,
        account_number=found.account_number,
        tax_number=found.tax_number,
        email=found.email_address,
        website=found.website,
        is_customer=found.is_customer,
        people=[_person(one) for one in found.contact_persons],
        source_updated_at=found.updated_at,
    )


def _person(found: wire.ContactPerson) -> dict[str, Any]:
    names = (found.first_name, found.last_name)
    return {
        "name": " ".join(name for name in names if name) or None,
        "email": found.email_address,
        "receives_invoices": bool(found.include_in_emails),
    }
