"""A mint that can sign anything, the impossible included, and publishes good and bad keys alike."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from jose.backends.base import Key

from billingone_api.kit.auth.jwks import read_key_set
from billingone_api.kit.errors import Unauthenticated

Json = dict[str, Any]
Signer = Callable[[bytes], bytes]
OMIT: Any = object()

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ISSUER = "https://panelone.example/auth/v1"
AUDIENCE = "authenticated"
ORGANISATION = "018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07"


@cache
def rsa_key(name: str, *, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key a name and a test run: making them is what takes time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    curve = ec.SECP384R1() if name == "p384" else ec.SECP256R1()
    return ec.generate_private_key(curve)


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int | None = None) -> str:
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def rs256(key: rsa.RSAPrivateKey) -> Signer:
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA256())


def es256(key: ec.EllipticCurvePrivateKey) -> Signer:
    def sign(message: bytes) -> bytes:
        size = (key.key_size + 7) // 8
        r, s = decode_dss_signature(es_der(key)(message))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def es_der(key: ec.EllipticCurvePrivateKey) -> Signer:
    """ECDSA as OpenSSL writes it, which is not how JWTs carry it."""
    digest = SHA384() if key.key_size == 384 else SHA256()
    return lambda message: key.sign(message, ec.ECDSA(digest))


def hs256(secret: bytes) -> Signer:
    return lambda message: hmac.digest(secret, message, "sha256")


def rsa_record(key: rsa.RSAPrivateKey, kid: object, **more: Any) -> Json:
    numbers = key.public_key().public_numbers()
    record = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), "kid": kid}
    return without_omitted(record | {"use": "sig", "alg": "RS256"} | more)


def ec_record(key: ec.EllipticCurvePrivateKey, kid: object, **more: Any) -> Json:
    numbers = key.public_key().public_numbers()
    size = (key.key_size + 7) // 8
    record = {"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256"}
    record |= {"x": number(numbers.x, size), "y": number(numbers.y, size)}
    return without_omitted(record | more)


def without_omitted(record: Mapping[str, Any]) -> Json:
    return {name: value for name, value in record.items() if value is not OMIT}


class Mint:
    """PanelOne as an attacker would like it: every header, payload and key at will."""

    def __init__(
        self,
        *,
        now: datetime = NOW,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        organisation_id: str = ORGANISATION,
    ) -> None:
        self.now = int(now.timestamp())
        self.issuer = issuer
        self.audience = audience
        self.organisation_id = organisation_id
        self.signer = rs256(rsa_key("main"))
        self.header: Json = {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}

    def claims(self, **changes: Any) -> Json:
        """A person's claims, some replaced or left out (OMIT)."""
        usual: Json = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "7b1d0e8a-2f9c-4c53-9c55-0d9a4a1b2c3d",
            "iat": self.now - 60,
            "exp": self.now + 3540,
            "role": "authenticated",
            "email": "farah@bluegum.example",
            "session_id": "5f0e4f0c-6d15-4f0b-8f6c-3a1c0c9e7d11",
            "app_metadata": {"org_id": self.organisation_id, "role": "Finance"},
            "user_metadata": {"full_name": "Farah Nair"},
        }
        return without_omitted(usual | changes)

    def service_claims(self, *, organisation_id: Any = "*", **changes: Any) -> Json:
        about = {"org_id": organisation_id, "role": "service"}
        scope = "organisations:write clients:read"
        return self.claims(**{"app_metadata": about, "scope": scope} | changes)

    def token(
        self,
        claims: Json | bytes | None = None,
        *,
        header: Json | bytes | None = None,
        signer: Signer | None = None,
    ) -> str:
        """A token whose signature is right for whatever was asked for."""
        head = self.header if header is None else header
        body = self.claims() if claims is None else claims
        signed = f"{encode(_bytes(head))}.{encode(_bytes(body))}"
        return f"{signed}.{encode((signer or self.signer)(signed.encode()))}"

    def with_header(self, **changes: Any) -> str:
        return self.token(header=without_omitted(self.header | changes))

    def with_raw(self, name: str, raw: str) -> str:
        """A claim written as this very text, where `json.dumps` could not write it."""
        text = json.dumps(self.claims(**{name: OMIT}))
        return self.token(f'{text[:-1]}, "{name}": {raw}}}'.encode())

    def jwks(self) -> Json:
        """An EC key before the RSA key, then what nobody should trust."""
        main, second = rsa_key("main"), rsa_key("second")
        private = number(second.private_numbers().d)
        return {
            "keys": [
                ec_record(ec_key("main"), "ec-1"),
                rsa_record(main, "rsa-1"),
                rsa_record(second, "rsa-plain", use=OMIT, alg=OMIT),
                rsa_record(second, "rsa-ops", key_ops=["verify"]),
                rsa_record(rsa_key("weak", bits=1024), "weak"),
                rsa_record(rsa_key("nearly", bits=2047), "nearly"),
                rsa_record(second, "for-encryption", use="enc"),
                rsa_record(second, "for-wrapping", key_ops=["wrapKey"]),
                rsa_record(second, "rs512", alg="RS512"),
                rsa_record(second, "null-alg", alg=None),
                rsa_record(second, "private", d=private),
                rsa_record(second, "called-ec", kty="EC", alg="ES256"),
                rsa_record(
                    second, "padded", n=number(second.public_key().public_numbers().n) + "="
                ),
                rsa_record(second, "twice"),
                rsa_record(main, "twice"),
                rsa_record(second, "twice-across-kinds"),
                ec_record(ec_key("main"), "twice-across-kinds"),
                rsa_record(second, 7),
                rsa_record(second, ""),
                rsa_record(second, OMIT),
                ec_record(ec_key("p384"), "p384", crv="P-384"),
                ec_record(ec_key("main"), "called-rsa", kty="RSA", alg="RS256"),
                ec_record(ec_key("main"), "off-curve", y=encode(bytes(31) + b"\x01")),
                {"kty": "oct", "kid": "oct", "k": encode(b"k" * 32), "alg": "HS256"},
                {"kty": "OKP", "kid": "okp", "crv": "Ed25519", "x": encode(bytes(32))},
                "not an object",
            ]
        }


def _bytes(value: Json | bytes) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class FixedKeys:
    """The mint's key set, read once and never fetched."""

    def __init__(self, mint: Mint) -> None:
        self._keys = read_key_set(json.dumps(mint.jwks()).encode())

    async def key_for(self, kid: str | None, *, algorithm: str) -> Key:
        published = self._keys.get(kid or "")
        if published is None or published.algorithm != algorithm:
            raise Unauthenticated("No such key.")
        return published.key
