"""API keys, from the Authorization header to an identity or a 401."""

import asyncio
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import Unauthenticated

PREFIX: Final = "b1_"
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)

_SECRET_BYTES: Final = 32
_LOOKED_UP_AT_ONCE: Final = 2
_WRITTEN: Final = re.compile(PREFIX + r"([0-9a-f]{32})_[A-Za-z0-9_-]{43}")
_NOBODYS: Final = bytes(hashlib.sha256().digest_size)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ApiKeyInvalid(Unauthenticated):
    """Unknown, mistyped, expired or revoked: whoever tries keys learns no more than that."""

    code = "api_key_invalid"

    def __init__(self) -> None:
        super().__init__("This API key is not good, or not any more: make another one.")


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What stands of a key in the directory, where it is found before anything else is known."""

    organisation_id: UUID
    hash: bytes
    expires_at: datetime
    last_used_at: datetime | None


class KeyDirectory(Protocol):
    """Every organisation's keys by their ids."""

    async def find(self, key_id: UUID) -> KeyEntry | None: ...

    async def note_use(self, key_id: UUID, *, at: datetime) -> None:
        """In a transaction of its own; where somebody else is writing that very row, not at all."""
        ...


def is_api_key(token: str) -> bool:
    """No JWT begins like this: `b1` is no base64url of an opening brace."""
    return token.startswith(PREFIX)


def written(key_id: UUID) -> str:
    """A new key as its bearer sends it: `b1_<id>_<secret>`, with 256 random bits for a secret."""
    return f"{PREFIX}{key_id.hex}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def hash_of(key: str) -> bytes:
    """SHA-256 alone: a slow hash protects what people choose, not 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


class KeyVerifier:
    """Judges API keys; `verify` raises ApiKeyInvalid for whatever is not good.

    What a key may do is not known here: it stands with its organisation, and is read inside the
    organisation's transaction, with the rest of an admission. Whose a key is cannot be told before
    it is looked up, so that a flood of keys is no organisation's to be limited: it waits in a queue
    of its own, and leaves the other connections to whoever has been let in.
    """

    def __init__(self, directory: KeyDirectory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._turn = asyncio.Semaphore(_LOOKED_UP_AT_ONCE)

    async def verify(self, key: str) -> Identity:
        found = _WRITTEN.fullmatch(key)
        if found is None:
            raise ApiKeyInvalid
        key_id, now = UUID(found[1]), self._clock.now()
        async with self._turn:
            entry = await self._directory.find(key_id)
        is_right = hmac.compare_digest(hash_of(key), entry.hash if entry else _NOBODYS)
        if entry is None or not is_right or entry.expires_at <= now:
            raise ApiKeyInvalid
        if entry.last_used_at is None or now - entry.last_used_at >= USE_IS_NOTED_EVERY:
            await self._note_use(key_id, now)
        return Identity(
            subject=f"api-key:{key_id}",
            email=None,
            name=None,
            organisation_id=entry.organisation_id,
            role=None,
            scopes=frozenset(),
            session_id=None,
            issued_at=now,
            expires_at=entry.expires_at,
            is_service=False,
            api_key_id=key_id,
        )

    async def _note_use(self, key_id: UUID, now: datetime) -> None:
        """Nobody is refused because a note of their visit could not be kept."""
        try:
            await self._directory.note_use(key_id, at=now)
        except Exception:
            log.exception("api_key_use_not_noted")
