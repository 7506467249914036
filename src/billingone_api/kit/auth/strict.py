"""Structure before signatures: what is read here is read in exactly one way, or refused.

Two readers that disagree about the same bytes are how forged tokens pass, so each leniency of
`base64` and `json` that python-jose inherits is closed first.
"""

import binascii
import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from billingone_api.kit.structure import is_deeper

LARGEST_TOKEN: Final = 16 * 1024
DEEPEST: Final = 16

_PARTS: Final = 3
_LONGEST_KEY_ID: Final = 256
_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]+")

Json = dict[str, Any]


class Malformed(ValueError):
    """It can be read in more than one way, or in none; the message echoes nothing of it."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token that can be read in one way only; nobody has vouched for it yet."""

    algorithm: str
    key_id: str | None
    claims: Json


def dissect(token: str) -> Unverified:
    """Three parts, base64url without slack, JSON objects without duplicates, no `crit`."""
    if len(token) > LARGEST_TOKEN:
        raise Malformed("too long")
    parts = token.split(".", _PARTS)
    if len(parts) != _PARTS:
        raise Malformed("not three parts")
    header, payload, _ = [base64url(part) for part in parts]
    algorithm, key_id = _read_header(json_object(header))
    return Unverified(algorithm, key_id, json_object(payload))


def base64url(text: str) -> bytes:
    """Decode unpadded base64url (RFC 7515 section 2), refusing spellings an encoder cannot write.

    Python's decoder skips foreign characters and ignores spare bits in the last one.
    """
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url")
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise Malformed("not base64url") from error
    if urlsafe_b64encode(decoded).rstrip(b"=") != text.encode():
        raise Malformed("not canonical base64url")
    return decoded


def json_object(data: bytes) -> Json:
    """Parse one JSON object: UTF-8, finite numbers, no member twice, not deep."""
    if is_deeper(data, than=DEEPEST):
        raise Malformed("nested too deeply")
    try:
        value = _STRICT.decode(data.decode())
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed("not plain JSON") from error
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def _read_header(header: Json) -> tuple[str, str | None]:
    if "crit" in header:
        raise Malformed("asks for extensions that are not spoken here")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise Malformed("names no algorithm")
    key_id = header.get("kid")
    if "kid" in header and not is_key_id(key_id):
        raise Malformed("its key id is not text")
    return algorithm, key_id


def is_key_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_KEY_ID and value.isprintable()


def _members(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("says the same thing twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("holds a number beyond all measure")
    return number


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"holds {name}, which is no JSON")


# Built once: `json.loads` with hooks builds one a call, which costs as much as it parses.
_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=_finite, parse_constant=_no_constant
)
