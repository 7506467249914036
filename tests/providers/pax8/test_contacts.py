"""People of a company: a list of its own for each, read until it is whole."""

from typing import Any

import httpx
import pytest
from tests.providers.pax8.conftest import API, Pax8, answer, page

from billingone_api.providers.errors import MalformedAnswer, PermissionDenied, RecordNotFound
from billingone_api.providers.pax8.client import Pax8Client
from billingone_api.providers.pax8.contacts import KNOWN_TYPES, ContactType
from billingone_api.providers.records import Reject

PERSON: dict[str, Any] = {
    "id": "9b1f3f3a-5f0c-4c0e-8f5d-0d3c1f5b7a01",
    "firstName": "Ines",
    "lastName": "Duarte",
    "email": "accounts@wattlephysio.example",
    "phone": "07 5550 4411",
    "createdDate": "2025-03-09",
    "types": [{"type": "Billing", "primary": True}, {"type": "Admin", "primary": False}],
}
PATH = "companies/c1/contacts"


def persons(*numbers: int) -> list[dict[str, Any]]:
    return [PERSON | {"id": f"k{number}"} for number in numbers]


def ids(*numbers: int) -> list[str]:
    return [f"k{number}" for number in numbers]


async def test_a_company_has_a_list_of_people_each_with_what_for(
    client: Pax8Client, pax8: Pax8
) -> None:
    met = {"id": "k2", "types": None, "phoneNumber": "1", "phoneCountryCode": "AU"}
    route = pax8.on(PATH, page(PERSON, met))
    found = await client.contacts("c1")
    assert (found.is_whole, found.rejects) == (True, ())
    first, second = found.records
    assert (first.id, first.email) == (PERSON["id"], "accounts@wattlephysio.example")
    assert (first.first_name, first.last_name) == ("Ines", "Duarte")
    assert first.types == (
        ContactType(type="Billing", primary=True),
        ContactType(type="Admin", primary=False),
    )
    assert {kind.type for kind in first.types} <= KNOWN_TYPES
    assert (second.id, second.types, second.email) == ("k2", None, None)
    assert "07 5550 4411" not in repr(found)
    # ordered as Pax8 orders it: no other order is documented
    assert str(route.calls.last.request.url) == f"{API}/{PATH}?page=0&size=200"


async def test_every_page_is_read_and_a_company_may_have_nobody(
    client: Pax8Client, pax8: Pax8
) -> None:
    pages = (persons(1, 2), persons(3))
    block = {"total": 3, "pages": 2}
    pax8.on(PATH, *(page(*rows, number=n, **block) for n, rows in enumerate(pages)))
    found = await client.contacts("c1")
    assert ([one.id for one in found.records], found.is_whole) == (ids(1, 2, 3), True)
    pax8.on("companies/c2/contacts", page(total=0, pages=0))
    found = await client.contacts("c2")
    assert (found.records, found.is_whole) == ((), True)


async def test_a_list_that_moves_while_it_is_read_is_read_again_and_no_more_than_three_times(
    client: Pax8Client, pax8: Pax8
) -> None:
    moving = (
        page(*persons(1, 2), total=4, pages=2),
        # somebody went, so that k3 stands on the page that was read before
        page(*persons(4), number=1, total=3, pages=2),
    )
    still = (page(*persons(2, 3), total=3, pages=2), page(*persons(4), number=1, total=3, pages=2))
    route = pax8.on(PATH, *moving, *still)
    found = await client.contacts("c1")
    assert ([one.id for one in found.records], found.is_whole) == (ids(2, 3, 4), True)
    assert route.call_count == 4
    route = pax8.on("companies/c2/contacts", *moving, *moving, *moving)
    found = await client.contacts("c2")
    assert ([one.id for one in found.records], found.is_whole) == (ids(1, 2, 4), False)
    assert route.call_count == 6


async def test_what_cannot_be_read_is_put_aside_and_counts_as_met(
    client: Pax8Client, pax8: Pax8
) -> None:
    odd = PERSON | {"types": "Billing"}
    pax8.on(PATH, page(*persons(1), odd, {"email": "nameless@x.example"}))
    found = await client.contacts("c1")
    assert [one.id for one in found.records] == ["k1"]
    assert [(one.source_id, one.pointer) for one in found.rejects] == [
        (PERSON["id"], "/types"),
        (None, "/id"),
    ]
    assert all(isinstance(one, Reject) for one in found.rejects)
    assert found.is_whole


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (httpx.Response(403), PermissionDenied),
        (httpx.Response(404), RecordNotFound),
        (answer([PERSON]), MalformedAnswer),
        (page(PERSON, number=3), MalformedAnswer),
        (page(total=7, pages=1), MalformedAnswer),
    ],
    ids=["denied", "gone", "no page", "another page", "empty"],
)
async def test_a_list_that_is_not_given_is_an_error_of_its_own(
    given: httpx.Response, error: type[Exception], client: Pax8Client, pax8: Pax8
) -> None:
    pax8.on(PATH, given)
    with pytest.raises(error):
        await client.contacts("c1")
