"""Pax8's key holder: who may have a token, which tokens are good, how often they may ask."""

from collections import deque
from datetime import datetime, timedelta
from hmac import compare_digest

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers

_MINUTE = timedelta(minutes=1)


class Credentials:
    """One client id and secret, and the opaque tokens given out for them."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        token_lifetime: timedelta,
        ids: Identifiers,
        clock: Clock,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self.token_lifetime = token_lifetime
        self._ids = ids
        self._clock = clock
        self._tokens: dict[str, datetime] = {}
        self._issued = 0
        self._revoked = False

    def token_for(self, client_id: str, client_secret: str) -> str | None:
        known = compare_digest(client_id.encode(), self._client_id.encode())
        proven = compare_digest(client_secret.encode(), self._client_secret.encode())
        if self._revoked or not (known and proven):
            return None
        self._issued += 1
        now = self._clock.now()
        token = f"eyJhbGciOiJSUzI1NiJ9.{self._ids('token', self._issued, now)}.sandbox"
        self._tokens[token] = now + self.token_lifetime
        return token

    def accepts(self, token: str) -> bool:
        expires = self._tokens.get(token)
        return expires is not None and self._clock.now() < expires

    def revoke_tokens(self) -> None:
        """Every token given out is worthless; the credentials still buy a new one."""
        self._tokens.clear()

    def revoke(self) -> None:
        """Tokens and credentials are refused until `restore`."""
        self._revoked = True
        self.revoke_tokens()

    def restore(self) -> None:
        self._revoked = False


class Meter:
    """So many requests in any sixty seconds; None lifts the limit."""

    def __init__(self, limit: int | None, *, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._recent: deque[datetime] = deque()

    def admits(self) -> bool:
        if self._limit is None:
            return True
        now = self._clock.now()
        while self._recent and now - self._recent[0] >= _MINUTE:
            self._recent.popleft()
        if len(self._recent) >= self._limit:
            return False
        self._recent.append(now)
        return True
