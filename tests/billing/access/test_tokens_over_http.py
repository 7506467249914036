"""The corpus of bad tokens, over a real socket: each gets one 401 problem and no row is read."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.kit.auth.clauses import CLAUSES, by_clause
from tests.kit.auth.corpus import GOOD, ROLE_UNKNOWN, Case, corpus
from tests.kit.auth.mint import AUDIENCE, ISSUER, NOW, ORGANISATION, FixedKeys, Mint
from tests.support.api import made_process, running_app, settings_for
from tests.support.clock import SetClock
from tests.support.databases import copied
from tests.support.figures import Figure
from tests.support.server import send_raw, serving

from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.auth.tokens import TokenVerifier

RULES = TokenRules(
    issuer=ISSUER,
    audience=AUDIENCE,
    algorithms=("RS256", "ES256"),
    jwks_url="https://panelone.example/jwks.json",
)
MINT = Mint()
ELSEWHERE = "018f7a52-4c1e-7000-9d3b-2a5c8e6f1b08"
CASES = list(corpus(MINT))
SERVICES: dict[str, tuple[int, str | None]] = {
    "service of all organisations": (403, "organisation_mismatch"),
    "service of one": (403, "person_required"),
    "service without scope": (403, "organisation_mismatch"),
}
SENDABLE = [case for case in CASES if case.token and case.fits_header]
# a space in front belongs to the header, which may have several
UNSENDABLE = [case for case in CASES if not case.fits_header and case.token == case.token.strip()]


@dataclass(frozen=True)
class Door:
    port: int
    http: httpx.AsyncClient

    async def me(self, token: str) -> httpx.Response:
        return await self.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
async def door(postgres: EmbeddedPostgres) -> AsyncIterator[Door]:
    clock = SetClock(NOW)
    with copied(postgres) as database:
        await database.add_organisation(UUID(ORGANISATION))
        async with made_process(settings_for(database), clock=clock) as made:
            verifier = TokenVerifier(RULES, keys=FixedKeys(MINT), clock=clock)
            async with (
                running_app(replace(made, tokens=verifier)) as app,
                serving(app) as port,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
            ):
                yield Door(port, http)


def expected(case: Case) -> tuple[int, str | None]:
    if case.code is GOOD:
        return SERVICES.get(case.name, (200, None))
    return 403 if case.code == ROLE_UNKNOWN else 401, case.code


@pytest.mark.parametrize("case", SENDABLE, ids=lambda case: case.name.encode("unicode_escape"))
async def test_every_token_gets_its_verdict_and_a_problem(door: Door, case: Case) -> None:
    answer = await door.me(case.token)
    status, code = expected(case)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("case", UNSENDABLE, ids=lambda case: case.name.encode("unicode_escape"))
async def test_a_token_no_client_would_send_lets_nobody_in(door: Door, case: Case) -> None:
    token = case.token.encode("utf-8", "surrogatepass")
    request = b"GET /v1/me HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " + token
    status, answer = await send_raw(door.port, request + b"\r\nConnection: close\r\n\r\n")
    # what is no HTTP header at all ends in the server; what is one gets our own words
    assert status in {400, 401}
    assert status == 400 or json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "token_invalid"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "token_missing"),
        ([("Authorization", "")], "token_missing"),
        ([("Authorization", "Basic eDp5")], "token_missing"),
        ([("Authorization", "Bearer")], "token_invalid"),
        ([("Authorization", "Bearer a.b.c d")], "token_invalid"),
        ([("Cookie", "access_token=a.b.c")], "token_missing"),
        ([("X-Authorization", "Bearer a.b.c")], "token_missing"),
    ],
)
async def test_what_is_no_bearer_token_is_told_so(
    door: Door, headers: list[tuple[str, str]], code: str
) -> None:
    answer = await door.http.get("/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_the_corpus_covers_every_clause_of_the_promise(figure: Figure) -> None:
    """How many there are is printed; that each has its verdict is shown above, over HTTP."""
    refused = [case for case in CASES if case.code is not GOOD]
    counts = by_clause(CASES)
    shown = ", ".join(f"{clause} {number}" for clause, number in counts.items())
    figure(f"1: {len(CASES)} tokens over HTTP, {len(refused)} of them refused: {shown}")
    assert counts.keys() == CLAUSES.keys()
    assert min(counts.values()) > 0
    assert len({case.name for case in CASES}) == len(CASES) >= 500
    assert len(SENDABLE) + len(UNSENDABLE) >= len(CASES) - 3


@pytest.mark.parametrize(
    ("claims", "path", "code"),
    [
        ({}, "/v1/api-keys", "forbidden"),
        (
            {"app_metadata": {"org_id": ELSEWHERE, "role": "Owner"}},
            "/v1/me",
            "organisation_unknown",
        ),
        ({"app_metadata": {"org_id": ORGANISATION, "role": "Boss"}}, "/v1/me", "role_unknown"),
        ({"app_metadata": {"org_id": ELSEWHERE, "role": "Boss"}}, "/v1/me", "role_unknown"),
    ],
)
async def test_a_good_token_that_may_not_is_403_without_a_challenge(
    door: Door, claims: dict[str, Any], path: str, code: str
) -> None:
    token = MINT.token(MINT.claims(**claims))
    answer = await door.http.get(path, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert "www-authenticate" not in answer.headers


async def test_a_token_in_the_address_is_none(door: Door) -> None:
    answer = await door.http.get("/v1/me", params={"access_token": MINT.token()})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


async def test_of_two_tokens_the_second_never_replaces_the_first(door: Door) -> None:
    good, bad = f"Bearer {MINT.token()}", "Bearer a.b.c"
    answer = await door.http.get(
        "/v1/me", headers=[("Authorization", bad), ("Authorization", good)]
    )
    assert answer.status_code == 401
