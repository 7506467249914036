"""Bearer tokens of third parties: kept in a store, renewed by one caller for all."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol, TypeGuard

from billingone_api.kit.cipher import Secret
from billingone_api.kit.clock import Clock

_LONGEST_LIFE: Final = timedelta(days=1)
_ASSUMED_LIFE: Final = timedelta(hours=1)
_LONGEST_MARGIN: Final = timedelta(hours=1)
# What may stand in a header; anything else would fail there with the token in the message.
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An access token and the instant from which we stop using it.

    That instant lies before its real end, by a tenth of its life and by an hour at most.
    """

    access_token: Secret
    expires_at: datetime


class TokenStore(Protocol):
    """Where the token of one connection lives between processes."""

    async def load(self) -> StoredToken | None: ...

    async def save(self, token: StoredToken) -> None: ...

    async def forget(self) -> None: ...

    def lock(self) -> AbstractAsyncContextManager[object]:
        """Held while a token is fetched, so that one process does it for all."""
        ...


class TokenSource(Protocol):
    """One way to come by a token; raises ProviderErrors."""

    async def fetch(self) -> StoredToken: ...


class MemoryTokenStore:
    """A store for one process: tests of credentials that nobody has saved yet, and tests."""

    def __init__(self, token: StoredToken | None = None) -> None:
        self._token = token
        self._lock = asyncio.Lock()

    async def load(self) -> StoredToken | None:
        return self._token

    async def save(self, token: StoredToken) -> None:
        self._token = token

    async def forget(self) -> None:
        self._token = None

    def lock(self) -> AbstractAsyncContextManager[object]:
        return self._lock


class TokenKeeper:
    """Hands out a token that is fresh, and replaces one that was refused."""

    def __init__(self, *, source: TokenSource, store: TokenStore, clock: Clock) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        # A sweep asks hundreds of times; the store is a database.
        self._at_hand: StoredToken | None = None

    async def current(self) -> StoredToken:
        token = self._at_hand
        if not self._is_fresh(token):
            token = await self._store.load()
        if not self._is_fresh(token):
            token = await self._renew(refused=None)
        self._at_hand = token
        return token

    async def replace(self, refused: StoredToken) -> StoredToken:
        """Another token than the one refused: fetched, unless somebody else has done so."""
        # Even if none can be had: the refused one must not be tried again.
        self._at_hand = None
        token = self._at_hand = await self._renew(refused=refused)
        return token

    async def forget(self) -> None:
        self._at_hand = None
        await self._store.forget()

    async def _renew(self, *, refused: StoredToken | None) -> StoredToken:
        async with self._store.lock():
            stored = await self._store.load()
            if self._is_fresh(stored) and not _is_same(stored, refused):
                return stored
            if stored is not None:
                await self._store.forget()
            token = await self._source.fetch()
            await self._store.save(token)
            return token

    def _is_fresh(self, token: StoredToken | None) -> TypeGuard[StoredToken]:
        return token is not None and self._clock.now() < token.expires_at


def _is_same(token: StoredToken, other: StoredToken | None) -> bool:
    # Not by their ends, which a store may keep less exactly than we do.
    return other is not None and token.access_token == other.access_token


def read_token(answer: Any, *, now: datetime) -> StoredToken | None:
    """The token in a token endpoint's answer (RFC 6749, 5.1); None if there is none to use."""
    if not isinstance(answer, dict):
        return None
    token = answer.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    life = _life(answer.get("expires_in"))
    return StoredToken(Secret(token), now + life - min(life / 10, _LONGEST_MARGIN))


def _life(seconds: object) -> timedelta:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = Decimal(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or seconds <= 0:
        return _ASSUMED_LIFE
    return timedelta(seconds=float(min(seconds, Decimal(_LONGEST_LIFE.total_seconds()))))
