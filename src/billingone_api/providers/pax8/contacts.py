"""People at a company as Pax8 lists them: a list for each company, read until it is whole."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.providers.pax8.payloads import Page, Pax8Payload
from billingone_api.providers.records import Identifier, Reject, Text

KNOWN_TYPES: Final = frozenset({"Admin", "Billing", "Technical"})
MOST_ROUNDS: Final = 3
"""A list that changes while it is read is read again, this often in all."""


class ContactType(Pax8Payload):
    """What a person is there for, and whether before the others."""

    type: Text | None = None
    primary: bool | None = None


class Contact(Pax8Payload):
    """A person; which company's, only the list says. Telephone numbers are not read."""

    id: Identifier
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    types: tuple[ContactType, ...] | None = None


@dataclass(frozen=True, slots=True)
class ContactList:
    """Each contact once; not whole where the list did not keep still, so that some may lack."""

    records: tuple[Contact, ...]
    rejects: tuple[Reject, ...]
    is_whole: bool


async def whole_list(read: Callable[[int], Awaitable[Page[Contact]]]) -> ContactList:
    """Page after page; nearly every company's list has only one. Raises ProviderErrors."""
    found = await _round(read)
    for _ in range(MOST_ROUNDS - 1):
        if found.is_whole:
            break
        found = await _round(read)
    return found


async def _round(read: Callable[[int], Awaitable[Page[Contact]]]) -> ContactList:
    records: dict[str, Contact] = {}
    rejects: dict[str, Reject] = {}
    number, totals = 0, list[int]()
    while True:
        page = await read(number)
        totals.append(page.total_records)
        records |= {one.id: one for one in page.records}
        rejects |= {one.source_id or one.excerpt: one for one in page.rejects}
        number += 1
        if number >= page.total_pages:
            break
    is_steady = totals == sorted(totals) and len(records.keys() | rejects.keys()) == totals[-1]
    return ContactList(tuple(records.values()), tuple(rejects.values()), is_steady)
