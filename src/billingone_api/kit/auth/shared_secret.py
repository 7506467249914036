"""Whether a string may be the secret of HS256: long enough, nobody's example, and no key."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import load_der_x509_certificate
from jose import jwk
from jose.exceptions import JWKError

_SMALLEST: Final = 32
_LEAST_VARIETY: Final = 8
# What Supabase's local stack, its self-hosting guide and jwt.io offer for copying.
_WELL_KNOWN: Final = frozenset(
    {
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "a-string-secret-at-least-256-bits-long",
    }
)


def check_secret(secret: str) -> None:
    """ValueError, which never repeats the secret, if it is none."""
    if any("\ud800" <= character <= "\udfff" for character in secret):
        raise ValueError("The shared secret is not valid Unicode.")
    if len(secret.encode()) < _SMALLEST:
        raise ValueError("The shared secret has fewer than 32 bytes.")
    if secret.strip() in _WELL_KNOWN or len(set(secret)) < _LEAST_VARIETY:
        raise ValueError("The shared secret is a well-known or a trivial one.")
    if _is_key_material(secret):
        raise ValueError(
            "The shared secret is a key or a certificate: "
            "whoever knows its public half could sign tokens."
        )


def _is_key_material(secret: str) -> bool:
    # python-jose knows PEM and SSH; it would take DER and JSON keys as secrets.
    try:
        jwk.construct(secret, "HS256")
    except JWKError:
        return True
    return _is_json(secret) or any(_is_der(reading) for reading in _readings(secret))


def _is_json(secret: str) -> bool:
    try:
        return isinstance(json.loads(secret), dict | list)
    except (ValueError, RecursionError):
        return False


def _readings(secret: str) -> Iterator[bytes]:
    """The bytes that somebody may have meant: as they are, as base64 and as hexadecimal."""
    compact = "".join(secret.split())
    unpadded = compact.rstrip("=")
    padded = unpadded + "=" * (-len(unpadded) % 4)
    attempts: tuple[Callable[[], bytes], ...] = (
        lambda: secret.encode("latin-1"),
        lambda: base64.b64decode(padded, validate=True),
        lambda: base64.b64decode(padded, altchars=b"-_", validate=True),
        lambda: bytes.fromhex(compact),
    )
    for attempt in attempts:
        try:
            yield attempt()
        except ValueError:
            continue


def _is_der(data: bytes) -> bool:
    readers: tuple[Callable[[bytes], Any], ...] = (
        load_der_public_key,
        lambda key: load_der_private_key(key, password=None),
        load_der_x509_certificate,
    )
    return any(_reads(reader, data) for reader in readers)


def _reads(reader: Callable[[bytes], Any], data: bytes) -> bool:
    try:
        reader(data)
    except (ValueError, UnsupportedAlgorithm):
        return False
    except TypeError:
        return True  # a private key under a password is a key all the same
    return True
