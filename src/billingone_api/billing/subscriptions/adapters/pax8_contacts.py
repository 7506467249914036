"""Says who stands in a company's list of contacts: no more of people than is needed."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from billingone_api.billing.subscriptions.models import Contact, ContactList
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.providers.errors import MalformedAnswer, PermissionDenied, RecordNotFound
from billingone_api.providers.pax8 import contacts
from billingone_api.providers.records import Reject

_LONGEST: Final = 320
"""Of an e-mail address, as its standard has it."""
_ELSEWISE: Final = {"technical"}


async def contacts_of(
    company_id: str, ask: Callable[[str], Awaitable[contacts.ContactList]]
) -> ContactList:
    try:
        found = await ask(company_id)
    except RecordNotFound:
        return ContactList(company_id, is_whole=True)
    except PermissionDenied as error:
        return ContactList(company_id, denial=error.sentence)
    except MalformedAnswer as error:
        aside = Unreadable(company_id, reason=error.sentence, excerpt="")
        return ContactList(company_id, unreadable=[aside])
    read = [_contact(company_id, one) for one in found.records]
    return ContactList(
        company_id,
        contacts=[one for one in read if one is not None],
        unreadable=[_aside(one) for one in found.rejects],
        is_whole=found.is_whole,
    )


def _contact(company_id: str, found: contacts.Contact) -> Contact | None:
    """None for whom no bill could go to: who has no address, and who is there for devices alone."""
    types = {one.type: bool(one.primary) for one in found.types or () if one.type}
    email = (found.email or "").lower()
    if "@" not in email or len(email) > _LONGEST:
        return None
    if types and {one.lower() for one in types} <= _ELSEWISE:
        return None
    return Contact(
        company_id=company_id,
        source_id=found.id,
        name=" ".join(filter(None, (found.first_name, found.last_name))) or None,
        email=email,
        types=tuple(types),
        primary_types=tuple(name for name, is_primary in types.items() if is_primary),
    )


def _aside(reject: Reject) -> Unreadable:
    """Without the record itself, which is about a person."""
    mark = "" if reject.source_id else hashlib.sha256(reject.excerpt.encode()).hexdigest()
    return Unreadable(reject.source_id, reason=reject.reason, excerpt=mark)
