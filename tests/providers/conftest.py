from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import respx
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.client import create_http_client


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def upstream() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as client:
        yield client
