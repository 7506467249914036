"""A published key set (RFC 7517), read once into key objects; what cannot be used is left out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jose import jwk
from jose.backends.base import Key
from jose.exceptions import JWKError

from billingone_api.kit.auth.strict import Json, Malformed, base64url, is_key_id, json_object

# An RSA key without `alg` could be many things in general; here it can be one.
_ALGORITHMS: Final = {"RSA": "RS256", "EC": "ES256"}
_NUMBERS: Final = {"RSA": ("n", "e"), "EC": ("x", "y")}
_SMALLEST_MODULUS: Final = 2048
_LONGEST_MODULUS_BYTES: Final = 1024
_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One public key with the only algorithm it may be used for."""

    algorithm: str
    key: Key


def read_key_set(body: bytes) -> Mapping[str, PublishedKey]:
    """The usable keys by their id; Malformed if there is none.

    An id that the set gives to two keys names neither: which of them signed could be chosen.
    """
    records = json_object(body).get("keys")
    if not isinstance(records, list):
        raise Malformed("no list of keys")
    named = [item for item in records if isinstance(item, dict) and is_key_id(item.get("kid"))]
    times = Counter(item["kid"] for item in named)
    usable = {
        item["kid"]: key
        for item in named
        if times[item["kid"]] == 1 and (key := _read_key(item)) is not None
    }
    if not usable:
        raise Malformed("no usable key")
    return usable


def _read_key(record: Json) -> PublishedKey | None:
    kind = record.get("kty")
    if not isinstance(kind, str) or kind not in _ALGORITHMS or not _is_for_signatures(record):
        return None
    algorithm = _ALGORITHMS[kind]
    if record.get("alg", algorithm) != algorithm:
        return None
    try:
        return PublishedKey(algorithm, _construct(record, kind, algorithm))
    except (JWKError, ValueError):
        return None


def _is_for_signatures(record: Json) -> bool:
    # A key whose private half is published vouches for nobody.
    operations = record.get("key_ops", ["verify"])
    return (
        record.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in record
    )


def _construct(record: Json, kind: str, algorithm: str) -> Key:
    """Only the numbers checked here reach python-jose; it would read others as well."""
    numbers = {name: _octets(record.get(name)) for name in _NUMBERS[kind]}
    public: dict[str, Any] = {name: record[name] for name in numbers} | {"kty": kind}
    if kind == "RSA":
        modulus = numbers["n"].lstrip(b"\0")
        if len(modulus) > _LONGEST_MODULUS_BYTES:
            raise ValueError("modulus too long to verify cheaply")
        if int.from_bytes(modulus, "big").bit_length() < _SMALLEST_MODULUS:
            raise ValueError("modulus too short")
    else:
        if record.get("crv") != "P-256" or any(
            len(octets) != _COORDINATE_BYTES for octets in numbers.values()
        ):
            raise ValueError("not a point of P-256")
        public["crv"] = "P-256"
    return jwk.construct(public, algorithm)


def _octets(value: object) -> bytes:
    if not isinstance(value, str):
        raise Malformed("a number is not text")
    return base64url(value)
