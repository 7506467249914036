from base64 import b64encode, encodebytes, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.kit.auth.mint import ec_key, rsa_key

from billingone_api.kit.auth.rules import TokenRules

SECRET = "e4c1a9d07b52f8634f1d2c3b5a697887"
PUBLISHED = TokenRules(
    issuer="https://panelone.example/auth/v1",
    audience="authenticated",
    algorithms=("RS256", "ES256"),
    jwks_url="https://panelone.example/jwks.json",
)
SHARED = replace(PUBLISHED, algorithms=("HS256",), jwks_url=None, shared_secret=SECRET)

FINE: list[dict[str, Any]] = [
    {"algorithms": ("RS256",)},
    {"algorithms": ("ES256",)},
    {"jwks_url": "http://127.0.0.1:9000/jwks.json"},
    {"jwks_url": "http://localhost:9000/jwks.json"},
    {"jwks_url": "http://[::1]:9000/jwks.json"},
    {"leeway": timedelta(0)},
    {"organisation_claim": "org_id"},
    {"role_claim": "https://panelone.dev/role"},
    {"name_claim": "user_metadata.name", "email_claim": "user_metadata.email"},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"issuer": ""}, "issuer"),
    ({"issuer": "  "}, "issuer"),
    ({"audience": ""}, "audience"),
    ({"algorithms": ()}, "at least one"),
    ({"algorithms": "RS256"}, "tuple"),
    ({"algorithms": ["RS256"]}, "tuple"),
    ({"algorithms": ("none",)}, "one family"),
    ({"algorithms": ("rs256",)}, "one family"),
    ({"algorithms": ("RS512",)}, "one family"),
    ({"algorithms": ("RS256", "HS256")}, "one family"),
    ({"algorithms": ("HS256",)}, "goes with"),
    ({"jwks_url": None}, "not neither"),
    ({"shared_secret": SECRET}, "not both"),
    ({"jwks_url": None, "shared_secret": SECRET}, "goes with"),
    ({"jwks_url": "http://panelone.example/jwks.json"}, "https"),
    ({"jwks_url": "http://127.0.0.1.evil.example/jwks.json"}, "https"),
    ({"jwks_url": "http://10.0.0.1/jwks.json"}, "https"),
    ({"jwks_url": "file:///etc/passwd"}, "host"),
    ({"jwks_url": "ftp://panelone.example/jwks.json"}, "https"),
    ({"jwks_url": "/jwks.json"}, "host"),
    ({"jwks_url": ""}, "host"),
    ({"jwks_url": "https://user:pass@panelone.example/jwks.json"}, "credentials"),
    ({"jwks_url": "https://panelone.example/jwks.json#x"}, "fragment"),
    ({"jwks_url": "https://panelone.example:99999/"}, "not a URL"),
    ({"jwks_url": "https://[::1/"}, "not a URL"),
    ({"organisation_claim": "user_metadata.org_id"}, "people can write"),
    ({"organisation_claim": "user_metadata"}, "people can write"),
    ({"role_claim": "user_metadata.role"}, "people can write"),
    ({"role_claim": "role"}, "authenticated"),
    ({"user_claim": "user_metadata.id"}, "people can write"),
    ({"session_claim": "user_metadata.session"}, "people can write"),
    ({"organisation_claim": ""}, "organisation_claim"),
    ({"organisation_claim": "app_metadata..org_id"}, "organisation_claim"),
    ({"role_claim": ".role"}, "role_claim"),
    ({"role_claim": "app_metadata.role "}, "role_claim"),
    ({"max_lifetime": timedelta(0)}, "max_lifetime"),
    ({"max_lifetime": timedelta(days=367)}, "max_lifetime"),
    ({"max_lifetime": timedelta.max}, "max_lifetime"),
    ({"leeway": timedelta(seconds=-1)}, "leeway"),
    ({"leeway": timedelta(seconds=61)}, "leeway"),
    ({"key_ttl": timedelta(0)}, "key_ttl"),
    ({"key_cooldown": timedelta(seconds=-1)}, "key_cooldown"),
]


@pytest.mark.parametrize("changes", FINE)
def test_sensible_rules_stand(changes: dict[str, Any]) -> None:
    assert replace(PUBLISHED, **changes)


@pytest.mark.parametrize(("changes", "word"), REFUSED)
def test_rules_that_cannot_hold_are_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        replace(PUBLISHED, **changes)


def _certificate() -> x509.Certificate:
    key, name = ec_key("main"), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    return builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC)).sign(key, SHA256())


def key_material() -> dict[str, str]:
    private, elliptic = rsa_key("main"), ec_key("main").public_key()
    public = private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    locked = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    return {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "PKCS1 PEM": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        "EC PEM": elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "SSH": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "certificate PEM": _certificate().public_bytes(Encoding.PEM).decode(),
        "DER": der.decode("latin-1"),
        "DER in base64": b64encode(der).decode(),
        "DER in base64url": urlsafe_b64encode(der).decode().rstrip("="),
        "DER in hexadecimal": der.hex(),
        "DER in broken lines": encodebytes(der).decode(),
        "PKCS1 DER": b64encode(public.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode(),
        "EC DER": b64encode(
            elliptic.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
        "private DER": b64encode(
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ).decode(),
        "locked private DER": b64encode(locked).decode(),
        "certificate DER": b64encode(_certificate().public_bytes(Encoding.DER)).decode(),
        "JWK": '{"kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB"}',
    }


@pytest.mark.parametrize("form", key_material())
def test_a_key_is_no_secret(form: str) -> None:
    with pytest.raises(ValueError, match="key or a certificate"):
        replace(SHARED, shared_secret=key_material()[form])


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ("", "32 bytes"),
        ("e4c1a9d07b52f8634f1d2c3b5a69788", "32 bytes"),
        ("a" * 64, "trivial"),
        ("changeme" * 8, "trivial"),
        ("super-secret-jwt-token-with-at-least-32-characters-long", "well-known"),
        ("a-string-secret-at-least-256-bits-long\n", "well-known"),
        (SECRET + "\ud800", "Unicode"),
    ],
)
def test_a_weak_secret_is_refused_and_not_repeated(secret: str, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        replace(SHARED, shared_secret=secret)
    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize(
    "secret", [SECRET, "é" * 8 + "abcdefgh-stuvwxyz", b64encode(bytes(range(64))).decode()]
)
def test_a_strong_secret_stands(secret: str) -> None:
    assert replace(SHARED, shared_secret=secret)
