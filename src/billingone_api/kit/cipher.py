"""Secrets at rest: AES-256-GCM under a key ring, each bound to the place where it is kept."""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from billingone_api.kit.secrecy import remember

_VERSION: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = 2
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Of 32 random bytes some 30 differ; fewer than 16 do not occur.
_LEAST_VARIETY: Final = 16


class DecryptionFailed(Exception):
    """The ciphertext is damaged, belongs elsewhere, or its key has left the ring."""


class Secret:
    """Text that shows itself to nobody but who asks: `reveal()`.

    No `str` (json and pydantic would write it out) and no dataclass (`asdict` would open it).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        remember(self._value)
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str, /) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is not serialised.")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys of 32 bytes by their id; what is encrypted from now on is under `current`.

    Constructing it raises ValueError for a ring that protects nothing.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError("The current key is not in the key ring.")
        if len(set(self.keys.values())) != len(self.keys):
            raise ValueError("The key ring holds the same key under two ids.")
        for number, (key_id, key) in enumerate(self.keys.items(), start=1):
            _check_id(key_id, number)
            _check_key(key, number)

    def derive(self, purpose: str) -> bytes:
        """A key of its own for another purpose (HKDF, RFC 5869); it changes with `current`."""
        info = b"billingone:" + purpose.encode()
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(self.keys[self.current])


def parse_key_ring(text: str) -> KeyRing:
    """Read `k2:BASE64,k1:BASE64`, the current key first; errors count keys and repeat none."""
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.split(","), start=1):
        key_id, separator, encoded = entry.strip().partition(":")
        if not separator:
            raise ValueError(f"Key {number} of the key ring is not written as `id:base64`.")
        if key_id in keys:
            raise ValueError(f"Key {number} of the key ring has an id that is taken already.")
        _check_id(key_id, number)
        keys[key_id] = _decoded(encoded, number)
    return KeyRing(keys, next(iter(keys)))


class Cipher:
    """Encrypts for a place (organisation, provider, field) and decrypts there only.

    Envelope: version (1 byte), length of the key id (1), key id, nonce (12), ciphertext and tag.
    Everything before the nonce is authenticated along with the place.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        ring = KeyRing(keys, current)
        self._current = ring.current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    @classmethod
    def of(cls, ring: KeyRing) -> "Cipher":
        return cls(ring.keys, ring.current)

    @property
    def mark(self) -> bytes:
        """What everything under the current key begins with."""
        return _header(self._current)

    def encrypt(self, plaintext: bytes, *, context: tuple[str, ...]) -> bytes:
        header = _header(self._current)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plaintext, header + _place(context))
        return header + nonce + sealed

    def decrypt(self, ciphertext: bytes, *, context: tuple[str, ...]) -> bytes:
        """Raises DecryptionFailed unless it was encrypted for this very context."""
        key_id = _key_id(ciphertext)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise DecryptionFailed("The key of this secret is not in the key ring.")
        header = _header(key_id)
        nonce, sealed = _split(ciphertext, len(header))
        try:
            return cipher.decrypt(nonce, sealed, header + _place(context))
        except InvalidTag as error:
            raise DecryptionFailed("This secret was changed or belongs elsewhere.") from error


def _header(key_id: str) -> bytes:
    return bytes((_VERSION, len(key_id))) + key_id.encode()


def _key_id(ciphertext: bytes) -> str:
    if len(ciphertext) < _HEADER_BYTES or ciphertext[0] != _VERSION:
        raise DecryptionFailed("This is no secret of ours.")
    end = _HEADER_BYTES + ciphertext[1]
    if len(ciphertext) < end + _NONCE_BYTES + _TAG_BYTES:
        raise DecryptionFailed("This secret is cut short.")
    return bytes(ciphertext[_HEADER_BYTES:end]).decode("ascii", errors="replace")


def _split(ciphertext: bytes, start: int) -> tuple[bytes, bytes]:
    end = start + _NONCE_BYTES
    return ciphertext[start:end], ciphertext[end:]


def _place(context: tuple[str, ...]) -> bytes:
    """Each part with its length, or ("ab", "c") and ("a", "bc") would be the same place."""
    if not context or isinstance(context, str):
        raise ValueError("A secret is encrypted for a place: name it.")
    parts = [_bytes(part) for part in context]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _decoded(encoded: str, number: int) -> bytes:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        # The cause would carry the key along.
        raise ValueError(
            f"Key {number} of the key ring is not base64; make one with `openssl rand -base64 32`."
        ) from None


def _check_id(key_id: str, number: int) -> None:
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError(
            f"Key {number} of the key ring needs an id of 1 to 32 letters, digits, - or _."
        )


def _check_key(key: bytes, number: int) -> None:
    if len(key) != _KEY_BYTES:
        raise ValueError(f"Key {number} of the key ring is {len(key)} bytes long, not 32.")
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    is_text = all(0x20 <= byte < 0x7F for byte in key)  # noqa: PLR2004 - printable ASCII
    if len(set(key)) < _LEAST_VARIETY or len(steps) == 1 or is_text:
        raise ValueError(
            f"Key {number} of the key ring can be guessed; make one with `openssl rand -base64 32`."
        )
