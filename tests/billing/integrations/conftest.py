from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
import respx
from tests.support.api import made_process, settings_for
from tests.support.clock import SetClock
from tests.support.connections import API, TOKEN_URL
from tests.support.databases import Database

from billingone_api.process import Process

ONE_COMPANY = {
    "content": [{"id": "a4dfc6bf", "name": "Harbour Dental"}],
    "page": {"size": 1, "totalElements": 1, "totalPages": 1, "number": 0},
}


@dataclass(frozen=True)
class Pax8:
    """Pax8 as it answers while all is well; a test changes what it needs."""

    token: respx.Route
    companies: respx.Route

    def sell(self, *tokens: str) -> None:
        self.token.side_effect = [
            httpx.Response(200, json={"access_token": token, "expires_in": 86400})
            for token in tokens
        ]


@pytest.fixture
def pax8() -> Iterator[Pax8]:
    with respx.mock(assert_all_called=False) as router:
        token = router.post(TOKEN_URL)
        token.respond(200, json={"access_token": "token-1", "expires_in": 86400})
        companies = router.get(url__startswith=f"{API}/companies")
        companies.respond(200, json=ONE_COMPANY)
        yield Pax8(token, companies)


@pytest.fixture
async def other_process(database: Database, clock: SetClock) -> AsyncIterator[Process]:
    """Another machine on the same database."""
    async with made_process(settings_for(database), clock=clock) as made:
        yield made
