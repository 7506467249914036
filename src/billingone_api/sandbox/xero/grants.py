"""Consents and their token sets: codes used once, refresh tokens that rotate (contract, 2)."""

from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from jose import jwt

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record

ACCESS_LIFETIME: Final = timedelta(minutes=30)
GRACE: Final = timedelta(minutes=30)
_CODE_LIFETIME: Final = timedelta(minutes=5)
_REFRESH_LIFETIME: Final = timedelta(days=60)
_SIGNED_WITH: Final = "the practice ground's"


@dataclass(slots=True)
class Grant:
    """One consent. `event` is its authentication event; `refresh` is good once.

    `previous` buys a second answer for half an hour, as long as nothing of the first has been
    used: that is how a lost answer is recovered, and how two who refresh at once lose.
    """

    app: str
    person: str
    scopes: tuple[str, ...]
    event: str
    rotated: datetime
    refresh: str | None = None
    previous: str | None = None
    arrived: bool = True
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation code: what it was given for, and until when it is good."""

    grant: Grant
    redirect_uri: str
    challenge: str | None
    expires: datetime


@dataclass(slots=True)
class Access:
    """An access token given out, and the refresh token that came with it."""

    grant: Grant
    expires: datetime
    twin: str | None


class Grants:
    """Everything that was agreed to, and the tokens for it; `counts` says what was asked."""

    def __init__(self, *, ids: Identifiers, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._made = 0
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, Access] = {}
        self.counts: Counter[str] = Counter()

    def agree(
        self,
        app: str,
        person: str,
        scopes: tuple[str, ...],
        *,
        redirect_uri: str,
        challenge: str | None,
    ) -> tuple[str, Grant]:
        """A new consent and the code that fetches its tokens."""
        now = self._clock.now()
        grant = Grant(app, person, scopes, self._new("xero-event"), rotated=now)
        code = self._new("xero-code")
        self._codes[code] = Code(grant, redirect_uri, challenge, now + _CODE_LIFETIME)
        return code, grant

    def exchange(
        self, app: str, code: str, *, redirect_uri: str, verifier: str | None
    ) -> Record | None:
        """The first tokens; None (`invalid_grant`) where anything is not as it was agreed."""
        asked = self._codes.pop(code, None)
        if asked is None or not self._agreed(asked, app, redirect_uri, verifier):
            self.counts["exchange_refused"] += 1
            return None
        self.counts["exchanged"] += 1
        return self._answer(asked.grant, with_identity=True)

    def refreshed(self, app: str, token: str) -> Record | None:
        """New tokens for the newest refresh token, or for the one before inside the grace."""
        grant = self._refresh.get(token)
        known = grant is not None and grant.app == app and not grant.revoked
        if grant is None or not known or not self._rotates(grant, token):
            self.counts["refresh_refused"] += 1
            return None
        return self._answer(grant)

    def _rotates(self, grant: Grant, token: str) -> bool:
        now = self._clock.now()
        age = now - grant.rotated
        if token == grant.refresh and age < _REFRESH_LIFETIME:
            grant.previous, grant.rotated = token, now
            self.counts["refreshed"] += 1
            return True
        lost = token == grant.previous and not grant.arrived and age <= GRACE
        self.counts["recovered"] += lost
        return lost

    def revoke(self, app: str, token: str) -> Grant | None:
        """The consent of a refresh token ends."""
        grant = self._refresh.get(token)
        if grant is None or grant.app != app:
            return None
        grant.revoked = True
        return grant

    def access(self, token: str) -> Access | None:
        """The access token, expired or not; whoever shows it has had the answer it came in."""
        access = self._access.get(token)
        if access is not None and access.twin == access.grant.refresh:
            access.grant.arrived = True
        return access

    def expire(self) -> None:
        """Every access token has just expired; refresh tokens are as good as before."""
        for access in self._access.values():
            access.expires = min(access.expires, self._clock.now())

    def forget(self) -> None:
        """No refresh token is worth anything any more, as after 60 days."""
        for grant in self._refresh.values():
            grant.revoked = True

    def withhold(self, scopes: frozenset[str]) -> None:
        """These scopes fall away from every consent."""
        for access in self._access.values():
            kept = [scope for scope in access.grant.scopes if scope not in scopes]
            access.grant.scopes = tuple(kept)

    def _answer(self, grant: Grant, *, with_identity: bool = False) -> Record:
        now = self._clock.now()
        if "offline_access" in grant.scopes:
            grant.refresh = self._new("xero-refresh")
            self._refresh[grant.refresh] = grant
        grant.arrived = False
        token = self._signed(grant, now)
        self._access[token] = Access(grant, now + ACCESS_LIFETIME, grant.refresh)
        identity = with_identity and "openid" in grant.scopes
        return {
            **({"id_token": self._signed(grant, now)} if identity else {}),
            "access_token": token,
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "token_type": "Bearer",
            **({"refresh_token": grant.refresh} if grant.refresh else {}),
            "scope": " ".join(grant.scopes),
        }

    def _signed(self, grant: Grant, now: datetime) -> str:
        issued = int(now.timestamp())
        claims = {
            "nbf": issued,
            "exp": issued + int(ACCESS_LIFETIME.total_seconds()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": grant.app,
            "sub": self._ids("xero-subject", grant.person),
            "xero_userid": self._ids("xero-user", grant.person),
            "authentication_event_id": grant.event,
            "jti": self._new("xero-token"),
            "scope": list(grant.scopes),
        }
        return jwt.encode(claims, _SIGNED_WITH, "HS256")

    def _agreed(self, asked: Code, app: str, redirect_uri: str, verifier: str | None) -> bool:
        same = (asked.grant.app, asked.redirect_uri) == (app, redirect_uri)
        return same and self._clock.now() < asked.expires and _proven(asked.challenge, verifier)

    def _new(self, what: str) -> str:
        self._made += 1
        return self._ids(what, self._made, self._clock.now())


def _proven(challenge: str | None, verifier: str | None) -> bool:
    """PKCE with S256: a verifier belongs to each challenge, and to nothing else."""
    if challenge is None or verifier is None:
        return challenge is verifier
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=") == challenge
