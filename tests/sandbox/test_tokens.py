import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jose import jwt
from tests.sandbox.conftest import NOW
from tests.support.clock import SetClock

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.keys import KeyRing
from billingone_api.sandbox.tokens import BadToken, Person, TokenMint

ISSUER = "https://auth.panelone.example/auth/v1"


def mint(keys: KeyRing, *, clock: SetClock | None = None) -> TokenMint:
    return TokenMint(
        issuer=ISSUER,
        audience="authenticated",
        organisation_id="00000000-0000-4000-8000-000000000001",
        ids=Identifiers(1),
        keys=keys,
        clock=clock or SetClock(NOW),
    )


def verified(token: str, published: list[dict[str, Any]]) -> dict[str, Any]:
    """What a consumer does: the key of that kid, its algorithm, issuer and audience."""
    kid = jwt.get_unverified_header(token)["kid"]
    [key] = [key for key in published if key["kid"] == kid]
    return jwt.decode(
        token,
        key,
        algorithms=[key["alg"]],
        audience="authenticated",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )


@pytest.fixture(scope="module")
def rsa_keys() -> KeyRing:
    """Shared, since an RSA key takes its time; nobody rotates it."""
    return KeyRing(("RS256", "ES256"))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_verifies_against_the_published_keys(rsa_keys: KeyRing, algorithm: str) -> None:
    token = mint(rsa_keys).sign(mint(rsa_keys).person_claims(), algorithm=algorithm)
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert verified(token, rsa_keys.published())["iss"] == ISSUER


def test_rs256_signs_by_default_with_2048_bits(rsa_keys: KeyRing) -> None:
    token = mint(rsa_keys).person()
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    [key] = [key for key in rsa_keys.published() if key["kid"] == header["kid"]]
    assert (key["kty"], key["use"], len(key["n"])) == ("RSA", "sig", 342)


def test_the_ec_key_is_published_before_the_rsa_key(rsa_keys: KeyRing) -> None:
    assert [key["kty"] for key in rsa_keys.published()] == ["EC", "RSA"]


def test_a_persons_token_is_shaped_like_supabases(rsa_keys: KeyRing) -> None:
    who = Person("u-1", "farah@bluegum.example", "Farah Nair")
    token = mint(rsa_keys).person(role="Finance", user=who, lifetime=timedelta(minutes=5))
    claims = verified(token, rsa_keys.published())
    assert claims["sub"] == "u-1"
    assert claims["email"] == "farah@bluegum.example"
    assert claims["role"] == "authenticated"
    assert claims["user_metadata"] == {"full_name": "Farah Nair"}
    assert claims["app_metadata"] == {
        "provider": "email",
        "providers": ["email"],
        "org_id": "00000000-0000-4000-8000-000000000001",
        "role": "Finance",
    }
    assert (claims["iat"], claims["exp"] - claims["iat"]) == (int(NOW.timestamp()), 300)


def test_each_sign_in_is_a_session_of_the_same_person(rsa_keys: KeyRing) -> None:
    office = mint(rsa_keys)
    first, second = office.person_claims(), office.person_claims()
    assert first["sub"] == second["sub"] != office.person_claims(role="Viewer")["sub"]
    assert first["session_id"] != second["session_id"]
    assert office.person_claims(session_id="s-1")["session_id"] == "s-1"


def test_a_services_token_names_its_scopes_and_organisation(rsa_keys: KeyRing) -> None:
    token = mint(rsa_keys).service(scopes=["clients:read"], organisation_id="*")
    claims = verified(token, rsa_keys.published())
    assert claims["scope"] == "clients:read"
    assert claims["app_metadata"] == {"org_id": "*", "role": "service"}


def test_a_token_expires_by_the_injected_clock(rsa_keys: KeyRing) -> None:
    clock = SetClock(NOW)
    office = mint(rsa_keys, clock=clock)
    token = office.person()
    assert office.verified(token)["aud"] == "authenticated"
    clock.move(hours=1)
    with pytest.raises(BadToken, match="expired"):
        office.verified(token)


def test_a_token_of_another_mint_is_bad(rsa_keys: KeyRing) -> None:
    stranger = mint(KeyRing(("ES256",)))
    with pytest.raises(BadToken, match="not a token of this mint"):
        mint(rsa_keys).verified(stranger.person())


def test_after_a_rotation_old_tokens_verify_and_new_ones_use_the_new_key() -> None:
    keys = KeyRing(("ES256",))
    office = mint(keys)
    old = office.person()
    key = office.rotate()
    new = office.person()
    assert jwt.get_unverified_header(new)["kid"] == key.kid
    assert office.verified(old)["sub"] == office.verified(new)["sub"]


def test_a_retired_key_is_no_longer_published() -> None:
    keys = KeyRing(("ES256",))
    office = mint(keys)
    old = office.person()
    office.rotate(retire=True)
    assert len(office.jwks()["keys"]) == 1
    with pytest.raises(BadToken):
        office.verified(old)


def test_keys_in_a_folder_outlive_the_process(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = KeyRing(("ES256",), folder=folder)
    keys.rotate()
    token = mint(keys).person()
    again = KeyRing(("ES256",), folder=folder)
    assert again.published() == keys.published()
    assert again.signing().kid == keys.signing().kid
    assert mint(again).verified(token)


def test_keys_in_a_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    KeyRing(("ES256",), folder=tmp_path / "keys")
    [file] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_retiring_removes_the_file_as_well(tmp_path: Path) -> None:
    keys = KeyRing(("ES256",), folder=tmp_path)
    keys.rotate(retire=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert KeyRing(("ES256",), folder=tmp_path).signing().kid == keys.signing().kid


def test_an_algorithm_panelone_does_not_sign_by_is_refused() -> None:
    with pytest.raises(ValueError, match="HS256"):
        KeyRing(("HS256",))
