"""PanelOne's tokens, from the Authorization header to an identity or a 401."""

import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from jose import jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.auth.keys import Keys, assert_backend
from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.auth.strict import Json, Malformed, dissect
from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import TokenExpired, TokenMissing, Unauthenticated

SERVICE: Final = "service"
EVERY_ORGANISATION: Final = "*"

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_END_OF_TIME: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_LONGEST_ID: Final = 255
_LONGEST_LABEL: Final = 320
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750 section 2.1)."""
    scheme, _, rest = (authorization or "").strip(" ").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenMissing("Send the token PanelOne gave you as `Authorization: Bearer …`.")
    token = rest.strip(" ")
    if not token or " " in token:
        raise Unauthenticated("The Authorization header is not `Bearer` and one token.")
    return token


class TokenVerifier:
    """Judges tokens by the operator's rules; the only place that does.

    `verify` raises TokenExpired or another Unauthenticated for whatever is not good, and
    IdentityUnavailable while PanelOne's keys were never read. Expiry is judged last, so that
    only a token that was good once is called expired.
    """

    def __init__(self, rules: TokenRules, *, keys: Keys, clock: Clock) -> None:
        assert_backend()
        self._rules = rules
        self._keys = keys
        self._clock = clock

    async def verify(self, token: str) -> Identity:
        try:
            unverified = dissect(token)
        except Malformed as error:
            raise Unauthenticated(f"The token cannot be read: {error}.") from error
        algorithm = unverified.algorithm
        if algorithm not in self._rules.algorithms:
            raise Unauthenticated("The token is not signed the way tokens are signed here.")
        key = await self._keys.key_for(unverified.key_id, algorithm=algorithm)
        _check_signature(token, key, algorithm)
        return self._identity(unverified.claims)

    def _identity(self, claims: Json) -> Identity:
        _check_issuer(claims, self._rules.issuer)
        _check_audience(claims, self._rules.audience)
        _required_id(claims, "sub")
        issued_at, expires_at = self._check_times(claims)
        identity = self._read(claims, issued_at, expires_at)
        if self._clock.now() >= expires_at + self._rules.leeway:
            raise TokenExpired("The token has expired; sign in again.")
        return identity

    def _check_times(self, claims: Json) -> tuple[datetime, datetime]:
        issued_at, expires_at = _instant(claims, "iat"), _instant(claims, "exp")
        latest = self._clock.now() + self._rules.leeway
        if issued_at > latest or ("nbf" in claims and _instant(claims, "nbf") > latest):
            raise Unauthenticated("The token is not valid yet.")
        if not issued_at < expires_at <= issued_at + self._rules.max_lifetime:
            raise Unauthenticated("The token lives longer than tokens may, or not at all.")
        return issued_at, expires_at

    def _read(self, claims: Json, issued_at: datetime, expires_at: datetime) -> Identity:
        rules = self._rules
        role = _label(_at(claims, rules.role_claim))
        is_service = role == SERVICE
        return Identity(
            subject=_required_id(claims, rules.user_claim),
            email=_label(_at(claims, rules.email_claim)),
            name=_label(_at(claims, rules.name_claim)),
            organisation_id=_organisation(
                _at(claims, rules.organisation_claim), is_service=is_service
            ),
            role=role,
            scopes=_scopes(claims) if is_service else frozenset(),
            session_id=_optional_id(claims, rules.session_claim),
            issued_at=issued_at,
            expires_at=expires_at,
            is_service=is_service,
        )


def _check_signature(token: str, key: Key, algorithm: str) -> None:
    # Not `jwt.decode`: it reads the machine's clock and falls over claims of the wrong type.
    try:
        jws.verify(token, key, [algorithm])
    except JOSEError as error:
        raise Unauthenticated("The token's signature does not match.") from error


def _check_issuer(claims: Json, issuer: str) -> None:
    if claims.get("iss") != issuer:
        raise Unauthenticated("The token comes from somebody else.")


def _check_audience(claims: Json, audience: str) -> None:
    named = claims.get("aud")
    several = named if isinstance(named, list) else [named]
    if not all(isinstance(one, str) for one in several) or audience not in several:
        raise Unauthenticated("The token is meant for somebody else.")


def _instant(claims: Json, name: str) -> datetime:
    """A NumericDate (RFC 7519 section 2), seconds since 1970; true and false are no numbers."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthenticated(f"The token's {name} is not a number.")
    if not 0 <= value < _END_OF_TIME:
        raise Unauthenticated(f"The token's {name} is not a moment in time.")
    return datetime.fromtimestamp(value, UTC)


def _at(claims: Json, path: str) -> Any:
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _required_id(claims: Json, path: str) -> str:
    value = _optional_id(claims, path)
    if value is None:
        raise Unauthenticated(f"The token has no {path}.")
    return value


def _optional_id(claims: Json, path: str) -> str | None:
    """An id by which things are found or revoked: absent, or text that can be kept and compared."""
    value = _at(claims, path)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable():
        raise Unauthenticated(f"The token's {path} is not an id.")
    return value


def _label(value: object) -> str | None:
    """What is only shown or looked up in a table: of a wrong shape it is as good as missing."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_LABEL:
        return None
    return None if _UNPRINTABLE.search(value) else value


def _organisation(value: object, *, is_service: bool) -> UUID | None:
    if is_service and value == EVERY_ORGANISATION:
        return None
    # UUID() alone also takes braces, "urn:uuid:" and missing hyphens.
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Unauthenticated("The token names no organisation.")
    return UUID(value)


def _scopes(claims: Json) -> frozenset[str]:
    """Space-separated (RFC 8693 section 4.2); none at all is a service that may do nothing."""
    text = claims.get("scope", "")
    if not isinstance(text, str) or _UNPRINTABLE.search(text):
        raise Unauthenticated("The token's scope is not a list of words.")
    return frozenset(word for word in text.split(" ") if word)
