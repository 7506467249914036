"""What stops a sync of Xero, told apart: who has to do something, and what waits by itself."""

from uuid import UUID

import pytest
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.sources import FakeSource, work_off
from tests.support.xero import connect_xero

from billingone_api.billing.syncs.models import Wait
from billingone_api.billing.syncs.service import after
from billingone_api.billing.syncs.wiring import failure_of
from billingone_api.process import Process
from billingone_api.providers.errors import ProviderError
from billingone_api.providers.xero.errors import (
    ClientRejected,
    InvalidGrant,
    Limit,
    LimitReached,
    ScopeMissing,
    TenantLost,
)


@pytest.fixture
async def xero_connection(database: Database, process: Process, organisation_id: UUID) -> UUID:
    return await connect_xero(database, process, organisation_id)


async def stopped_by(
    error: ProviderError, api: Api, process: Process, source: FakeSource
) -> dict[str, object]:
    """The run of a sync that meets this error at its first record."""

    async def mood(place: str) -> None:
        if place.startswith("fetch"):
            raise error

    source.mood = mood
    answer = await api.finance.post("/v1/syncs", json={"sources": ["xero"]})
    assert answer.status_code == 202, answer.text
    await work_off(process, source)
    [run] = (await api.viewer.get(answer.headers["Location"])).json()["runs"]
    return dict(run)


@pytest.mark.usefixtures("xero_connection")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidGrant, "reconnect"),
        (ScopeMissing, "scope_missing"),
        (TenantLost, "organisation_lost"),
        (ClientRejected, "credentials_rejected"),
    ],
)
async def test_what_a_person_has_to_do_is_said_where_xero_is_connected(
    api: Api, process: Process, xero: FakeSource, error: type[ProviderError], code: str
) -> None:
    words = "Something is over. Reconnect Xero."
    run = await stopped_by(error(words, provider="xero"), api, process, xero)
    assert (run["status"], run["problem"]) == ("failed", {"code": code, "detail": words})
    shown = (await api.viewer.get("/v1/integrations/xero")).json()
    assert shown["status"] == "needs_attention"
    assert (shown["attention"]["code"], shown["attention"]["detail"]) == (code, words)


@pytest.mark.usefixtures("xero_connection")
async def test_a_day_that_is_used_up_parks_the_run_and_says_until_when(
    api: Api, process: Process, xero: FakeSource
) -> None:
    words = "Xero allows no more calls today."
    limit = LimitReached(words, provider="xero", limit=Limit.DAY, retry_after=66975.0)
    run = await stopped_by(limit, api, process, xero)
    assert (run["status"], run["problem"]) == (
        "running",
        {
            "code": "provider_rate_limited",
            "detail": f"{words} It goes on by itself; there is nothing to do.",
        },
    )
    assert run["resumes_at"] is not None
    assert (await api.viewer.get("/v1/integrations/xero")).json()["status"] == "connected"


def test_obeying_the_limit_of_a_day_uses_up_no_attempt() -> None:
    limit = LimitReached("Today.", provider="xero", limit=Limit.DAY, retry_after=66975.0)
    verdict = after(failure_of(limit), attempts=5, chance=0.5)
    assert isinstance(verdict, Wait)
    assert not verdict.is_attempt
    assert 66975 <= verdict.seconds <= 66980
