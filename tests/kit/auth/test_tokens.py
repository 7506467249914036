from base64 import b64encode
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.auth.corpus import GOOD, ROLE_UNKNOWN, Case, corpus, secret_corpus
from tests.kit.auth.mint import (
    AUDIENCE,
    ISSUER,
    NOW,
    ORGANISATION,
    FixedKeys,
    Json,
    Mint,
    ec_key,
    encode,
    es256,
)
from tests.support.clock import SetClock

from billingone_api.kit.auth.keys import SharedSecret
from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.auth.tokens import TokenVerifier, bearer
from billingone_api.kit.errors import TokenExpired, TokenMissing, Unauthenticated

RULES = TokenRules(
    issuer=ISSUER,
    audience=AUDIENCE,
    algorithms=("RS256", "ES256"),
    jwks_url="https://panelone.example/jwks.json",
)
SECRET = "e4c1a9d07b52f8634f1d2c3b5a697887"
SECRET_RULES = replace(RULES, algorithms=("HS256",), jwks_url=None, shared_secret=SECRET)
MINT = Mint()
CASES = list(corpus(MINT))
SECRET_CASES = list(secret_corpus(MINT, SECRET))


VERIFIER = TokenVerifier(RULES, keys=FixedKeys(MINT), clock=SetClock(NOW))
SECRET_VERIFIER = TokenVerifier(SECRET_RULES, keys=SharedSecret(SECRET), clock=SetClock(NOW))


async def verdict(verifier: TokenVerifier, token: str) -> str | None:
    try:
        identity = await verifier.verify(token)
    except Unauthenticated as error:
        return error.code if "WWW-Authenticate" in error.headers else "no challenge"
    known = {"Finance", "service"}
    return GOOD if identity.role in known else ROLE_UNKNOWN


def test_the_corpus_is_large_and_its_names_are_distinct() -> None:
    names = Counter(case.name for case in CASES + SECRET_CASES)
    assert [name for name, times in names.items() if times > 1] == []
    assert len(names) > 500


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.encode("unicode_escape"))
async def test_every_token_gets_its_verdict(case: Case) -> None:
    assert await verdict(VERIFIER, case.token) == case.code


@pytest.mark.parametrize("case", SECRET_CASES, ids=lambda case: case.name)
async def test_every_token_gets_its_verdict_where_a_secret_is_shared(case: Case) -> None:
    assert await verdict(SECRET_VERIFIER, case.token) == case.code


@pytest.mark.parametrize("case", [case for case in CASES if case.code is not GOOD][::7])
async def test_a_token_refused_by_keys_is_refused_by_a_secret(case: Case) -> None:
    assert await verdict(SECRET_VERIFIER, case.token) == "token_invalid"


async def test_a_rejection_repeats_nothing_of_the_token() -> None:
    planted = "planted-9f8e7d"
    for changes in ({"sub": planted + "\0"}, {"iss": planted}, {"aud": planted}):
        with pytest.raises(Unauthenticated) as caught:
            await VERIFIER.verify(MINT.token(MINT.claims(**changes)))
        assert planted not in caught.value.detail


async def test_a_person_is_read_from_the_claims() -> None:
    identity = await VERIFIER.verify(MINT.token())
    assert identity.subject == "7b1d0e8a-2f9c-4c53-9c55-0d9a4a1b2c3d"
    assert (identity.email, identity.name) == ("farah@bluegum.example", "Farah Nair")
    assert identity.organisation_id == UUID(ORGANISATION)
    assert (identity.role, identity.is_service, identity.scopes) == ("Finance", False, frozenset())
    assert identity.session_id == "5f0e4f0c-6d15-4f0b-8f6c-3a1c0c9e7d11"
    assert identity.issued_at == NOW - timedelta(minutes=1)
    assert identity.expires_at == NOW + timedelta(minutes=59)


async def test_a_service_speaks_for_all_organisations_with_its_scopes() -> None:
    identity = await VERIFIER.verify(MINT.token(MINT.service_claims()))
    assert (identity.is_service, identity.organisation_id) == (True, None)
    assert identity.scopes == {"organisations:write", "clients:read"}


async def test_a_service_of_one_organisation_names_it() -> None:
    token = MINT.token(MINT.service_claims(organisation_id=ORGANISATION))
    assert (await VERIFIER.verify(token)).organisation_id == UUID(ORGANISATION)


async def test_a_person_has_no_scopes_whatever_the_token_says() -> None:
    token = MINT.token(MINT.claims(scope="organisations:write"))
    assert (await VERIFIER.verify(token)).scopes == frozenset()


@pytest.mark.parametrize("name", [None, 7, "", "x" * 321, "\ud800", "a\0b", "a\x1b[2Jb", ["x"], {}])
async def test_a_name_or_address_of_a_wrong_shape_is_as_good_as_missing(name: object) -> None:
    claims = MINT.claims(email=name, user_metadata={"full_name": name})
    identity = await VERIFIER.verify(MINT.token(claims))
    assert (identity.email, identity.name) == (None, None)


async def test_claims_are_read_where_the_operator_says() -> None:
    rules = replace(
        RULES,
        user_claim="panel.user",
        email_claim="panel.mail",
        name_claim="panel.name",
        organisation_claim="panel.org",
        role_claim="panel.role",
        session_claim="panel.session",
    )
    panel: Json = {"user": "u", "mail": "m", "name": "n", "role": "Owner", "session": "s"}
    claims = MINT.claims(panel=panel | {"org": ORGANISATION}, app_metadata=None, email="other")
    verifier = TokenVerifier(rules, keys=FixedKeys(MINT), clock=SetClock(NOW))
    identity = await verifier.verify(MINT.token(claims))
    assert (identity.subject, identity.email, identity.name) == ("u", "m", "n")
    assert (identity.role, identity.session_id) == ("Owner", "s")
    assert identity.organisation_id == UUID(ORGANISATION)


async def test_sub_is_required_even_where_the_user_is_named_elsewhere() -> None:
    verifier = TokenVerifier(
        replace(RULES, user_claim="panel.user"), keys=FixedKeys(MINT), clock=SetClock(NOW)
    )
    assert (await verifier.verify(MINT.token(MINT.claims(panel={"user": "u"})))).subject == "u"
    for claims in (MINT.claims(panel={"user": "u"}, sub=None), MINT.claims(panel={})):
        with pytest.raises(Unauthenticated):
            await verifier.verify(MINT.token(claims))


@pytest.mark.parametrize("allowed", ["RS256", "ES256"])
async def test_a_published_key_of_an_algorithm_not_allowed_signs_nothing(allowed: str) -> None:
    rules = replace(RULES, algorithms=(allowed,))
    verifier = TokenVerifier(rules, keys=FixedKeys(MINT), clock=SetClock(NOW))
    header = {"alg": "ES256", "kid": "ec-1"}
    tokens = {
        "RS256": MINT.token(),
        "ES256": MINT.token(header=header, signer=es256(ec_key("main"))),
    }
    assert await verdict(verifier, tokens.pop(allowed)) is GOOD
    assert [await verdict(verifier, token) for token in tokens.values()] == ["token_invalid"]


async def test_a_token_becomes_valid_and_expires_as_the_clock_says(clock: SetClock) -> None:
    verifier = TokenVerifier(RULES, keys=FixedKeys(MINT), clock=clock)
    token = MINT.token()
    clock.move(minutes=-5)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)
    clock.move(minutes=64, seconds=59)
    assert await verifier.verify(token)
    clock.move(seconds=1)
    with pytest.raises(TokenExpired):
        await verifier.verify(token)


async def test_without_leeway_a_second_is_a_second(clock: SetClock) -> None:
    verifier = TokenVerifier(replace(RULES, leeway=timedelta(0)), keys=FixedKeys(MINT), clock=clock)
    with pytest.raises(Unauthenticated):
        await verifier.verify(MINT.token(MINT.claims(iat=MINT.now + 1)))
    with pytest.raises(TokenExpired):
        await verifier.verify(MINT.token(MINT.claims(exp=MINT.now)))


async def test_the_last_day_of_the_calendar_is_no_obstacle() -> None:
    clock = SetClock(datetime(9999, 12, 30, tzinfo=UTC))
    verifier = TokenVerifier(RULES, keys=FixedKeys(MINT), clock=clock)
    iat = int(clock.now().timestamp())
    claims = MINT.claims(iat=iat, exp=iat + 86_399)
    assert (await verifier.verify(MINT.token(claims))).expires_at.year == 9999


@given(st.text())
async def test_random_text_is_unauthenticated(token: str) -> None:
    assert await verdict(VERIFIER, token) == "token_invalid"


@given(st.binary(), st.binary(), st.binary())
async def test_random_parts_are_unauthenticated(head: bytes, body: bytes, seal: bytes) -> None:
    token = f"{encode(head)}.{encode(body)}.{encode(seal)}"
    assert await verdict(VERIFIER, token) == "token_invalid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x"]), JSON))
async def test_random_headers_are_unauthenticated(header: Json) -> None:
    assert await verdict(VERIFIER, MINT.token(header=header)) == "token_invalid"


@given(st.sampled_from(["iss", "aud", "iat", "exp", "app_metadata"]), JSON)
async def test_random_values_of_what_must_match_never_pass(name: str, value: object) -> None:
    assert await verdict(VERIFIER, MINT.token(MINT.claims(**{name: value}))) != GOOD


@given(
    st.dictionaries(
        st.sampled_from(["sub", "nbf", "email", "session_id", "user_metadata", "x"]), JSON
    )
)
async def test_random_values_of_the_rest_get_a_verdict(changes: Json) -> None:
    assert await verdict(VERIFIER, MINT.token(MINT.claims(**changes))) in {GOOD, "token_invalid"}


@given(st.data())
async def test_one_changed_letter_never_passes(data: st.DataObject) -> None:
    token = MINT.token()
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters().filter(lambda chosen: chosen != token[place]))
    assert await verdict(VERIFIER, token[:place] + letter + token[place + 1 :]) == "token_invalid"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer a.b.c", "a.b.c"),
        ("bearer a.b.c", "a.b.c"),
        ("BEARER   a.b.c  ", "a.b.c"),
    ],
)
def test_a_bearer_token_is_taken_from_its_header(header: str, token: str) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize("header", [None, "", " ", "Basic eDp5", "a.b.c", "Bearera.b.c", "Token x"])
def test_without_a_bearer_token_one_is_asked_for(header: str | None) -> None:
    with pytest.raises(TokenMissing) as caught:
        bearer(header)
    assert caught.value.code == "token_missing"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer a.b.c, Bearer d"])
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        bearer(header)
    assert caught.value.code == "token_invalid"


def test_rules_do_not_show_their_secret() -> None:
    assert SECRET not in repr(SECRET_RULES)
    assert b64encode(SECRET.encode()).decode() not in repr(SECRET_RULES)
