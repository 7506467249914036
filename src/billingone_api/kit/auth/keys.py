"""Whose signature counts: PanelOne's published keys, held ready, or one shared secret."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Protocol

import httpx
import structlog
from jose import backends, jwk
from jose.backends.base import Key
from jose.backends.cryptography_backend import (
    CryptographyECKey,
    CryptographyHMACKey,
    CryptographyRSAKey,
)

from billingone_api.kit.auth.jwks import PublishedKey, read_key_set
from billingone_api.kit.auth.rules import SHARED, TokenRules
from billingone_api.kit.auth.strict import Malformed
from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import Unauthenticated, Unavailable

LARGEST_KEY_SET: Final = 256 * 1024

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class IdentityUnavailable(Unavailable):
    """PanelOne's keys were never read, so that no token can be judged, good or bad."""

    code = "identity_unavailable"
    title = "Sign-in cannot be checked just now"


class Keys(Protocol):
    """Finds the one key a token may have been signed with."""

    async def key_for(self, kid: str | None, *, algorithm: str) -> Key:
        """Raises Unauthenticated if there is none, IdentityUnavailable if nobody can tell."""
        ...


class SharedSecret:
    """HS256: one secret for all tokens, whatever key id they carry."""

    def __init__(self, secret: str) -> None:
        self._key = jwk.construct(secret, SHARED)

    async def key_for(self, kid: str | None, *, algorithm: str) -> Key:  # noqa: ARG002 - a secret has no id
        if algorithm != SHARED:
            raise Unauthenticated("The token is not signed the way tokens are signed here.")
        return self._key


class JwksKeys:
    """The published key set, fetched by one caller for all and kept while PanelOne is away.

    A known key never waits: past its time the set is refreshed in the background. An unknown
    key id causes one fetch, and then no other before the cool-down has passed.
    """

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        url: str,
        clock: Clock,
        ttl: timedelta = timedelta(minutes=10),
        cooldown: timedelta = timedelta(seconds=10),
        time_out: timedelta = timedelta(seconds=5),
    ) -> None:
        self._http = http
        self._url = url
        self._clock = clock
        self._ttl = ttl
        self._cooldown = cooldown
        self._time_out = time_out
        self._keys: Mapping[str, PublishedKey] = {}
        self._fetched_at: datetime | None = None
        self._attempted_at: datetime | None = None
        self._asked_in_vain_at: datetime | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def key_for(self, kid: str | None, *, algorithm: str) -> Key:
        if kid is None:
            raise Unauthenticated("The token does not say which key signed it.")
        if kid in self._keys:
            self._refresh_if_stale()
        else:
            await self._look_again()
        published = self._keys.get(kid)
        if published is None or published.algorithm != algorithm:
            raise Unauthenticated("The token is not signed with a key of PanelOne's.")
        return published.key

    async def aclose(self) -> None:
        """End a fetch that nobody waits for any more."""
        if (fetching := self._in_flight()) is not None:
            fetching.cancel()
            await asyncio.wait({fetching})

    def _refresh_if_stale(self) -> None:
        if self._has_passed(self._ttl, self._fetched_at) and self._may_try():
            self._fetch_once()

    async def _look_again(self) -> None:
        if self._keys:
            await self._fetch_for_unknown()
        elif self._in_flight() or self._may_try():
            await _ended(self._fetch_once())
        if not self._keys:
            raise IdentityUnavailable(
                "PanelOne's signing keys cannot be read at the moment.",
                headers={"Retry-After": str(max(1, round(self._cooldown.total_seconds())))},
            )

    async def _fetch_for_unknown(self) -> None:
        # The first fetch and the refreshes do not count: a key rotated right after them works.
        if self._in_flight() is None:
            if not self._has_passed(self._cooldown, self._asked_in_vain_at):
                return
            self._asked_in_vain_at = self._clock.now()
        await _ended(self._fetch_once())

    def _may_try(self) -> bool:
        return self._has_passed(self._cooldown, self._attempted_at)

    def _has_passed(self, span: timedelta, since: datetime | None) -> bool:
        if since is None:
            return True
        # A clock that was set back must not postpone the next fetch until it has caught up.
        return not timedelta(0) <= self._clock.now() - since < span

    def _in_flight(self) -> asyncio.Task[None] | None:
        return None if self._fetching is None or self._fetching.done() else self._fetching

    def _fetch_once(self) -> asyncio.Task[None]:
        fetching = self._in_flight()
        if fetching is None:
            self._attempted_at = self._clock.now()
            fetching = self._fetching = asyncio.create_task(self._fetch())
        return fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._time_out.total_seconds()):
                self._keys = read_key_set(await self._download())
            self._fetched_at = self._clock.now()
        except (httpx.HTTPError, TimeoutError, Malformed) as error:
            reason = str(error) or type(error).__name__
            _log.warning("identity_keys_not_read", reason=reason, kept=len(self._keys))

    async def _download(self) -> bytes:
        """The body of a plain 200; a redirect, a huge or a compressed answer counts for nothing."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._http.stream(
            "GET", self._url, headers=headers, follow_redirects=False
        ) as response:
            if response.status_code != HTTPStatus.OK or "Content-Encoding" in response.headers:
                raise Malformed("not a plain answer")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_KEY_SET:
                    raise Malformed("too large")
            return bytes(body)


async def _ended(fetching: asyncio.Task[None]) -> None:
    # Awaiting the task itself would end it for everybody when one caller goes away.
    await asyncio.wait({fetching})


def keys_for(rules: TokenRules, *, http: httpx.AsyncClient, clock: Clock) -> Keys:
    """What the operator's rules ask for: the key set at its address, or the secret."""
    if rules.shared_secret is not None:
        return SharedSecret(rules.shared_secret)
    if rules.jwks_url is None:
        raise ValueError("The rules name neither a key set nor a secret.")
    return JwksKeys(
        http=http,
        url=rules.jwks_url,
        clock=clock,
        ttl=rules.key_ttl,
        cooldown=rules.key_cooldown,
    )


def assert_backend() -> None:
    """Refuse to start on python-jose's pure Python fallbacks, which it takes without a word."""
    expected = {
        "RSAKey": CryptographyRSAKey,
        "ECKey": CryptographyECKey,
        "HMACKey": CryptographyHMACKey,
    }
    for name, key_class in expected.items():
        if getattr(backends, name, None) is not key_class:
            raise RuntimeError(f"python-jose does not use cryptography for {name}.")
