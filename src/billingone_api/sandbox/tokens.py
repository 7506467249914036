"""PanelOne's mint: tokens for people and services, shaped as its Supabase stack shapes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from jose import JWTError, jwt

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.keys import KeyRing, SigningKey
from billingone_api.sandbox.wire import Record

ROLES: Final = ("Owner", "Admin", "Finance", "Engineer", "Viewer")
SCOPES: Final = (
    "organisations:write", "clients:read", "clients:write", "counts:write", "sessions:revoke",
    "dashboard:read",
)  # fmt: skip

_HOUR: Final = timedelta(hours=1)
_NAMES: Final = {
    "Owner": "Olivia Hart", "Admin": "Adrian Kowalski", "Finance": "Farah Nair",
    "Engineer": "Eddie Tran", "Viewer": "Viv O'Dea",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in through PanelOne."""

    id: str
    email: str
    name: str


class BadToken(Exception):
    """A token this mint did not make, or made too long ago."""


class TokenMint:
    """Makes the tokens of one organisation's people and of PanelOne's services."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        organisation_id: str,
        ids: Identifiers,
        keys: KeyRing,
        clock: Clock,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.organisation_id = organisation_id
        self._ids = ids
        self._keys = keys
        self._clock = clock
        self._sessions = 0

    def someone(self, role: str) -> Person:
        """The person who stands for a role, the same for the same seed."""
        name = _NAMES.get(role, "Nobody Known")
        return Person(self._ids("person", role), f"{name.split()[0].lower()}@bluegum.example", name)

    def person(
        self,
        *,
        role: str = "Owner",
        organisation_id: str | None = None,
        user: Person | None = None,
        session_id: str | None = None,
        lifetime: timedelta = _HOUR,
    ) -> str:
        """A signed-in person's token; each sign-in is a session of its own unless one is named."""
        return self.sign(
            self.person_claims(
                role=role,
                organisation_id=organisation_id,
                user=user,
                session_id=session_id,
                lifetime=lifetime,
            )
        )

    def person_claims(
        self,
        *,
        role: str = "Owner",
        organisation_id: str | None = None,
        user: Person | None = None,
        session_id: str | None = None,
        lifetime: timedelta = _HOUR,
    ) -> Record:
        """The claims before they are signed, for tests that bend them."""
        who = user or self.someone(role)
        self._sessions += 1
        return self._claims(who.id, lifetime) | {
            "email": who.email,
            "phone": "",
            "role": "authenticated",
            "aal": "aal1",
            "session_id": session_id or self._ids("session", self._sessions, self._clock.now()),
            "is_anonymous": False,
            "app_metadata": {
                "provider": "email",
                "providers": ["email"],
                "org_id": organisation_id or self.organisation_id,
                "role": role,
            },
            "user_metadata": {"full_name": who.name},
        }

    def service(
        self,
        *,
        scopes: Sequence[str] = SCOPES,
        organisation_id: str | None = None,
        lifetime: timedelta = _HOUR,
    ) -> str:
        """A service's token for one organisation, or for any with `"*"`."""
        return self.sign(
            self.service_claims(scopes=scopes, organisation_id=organisation_id, lifetime=lifetime)
        )

    def service_claims(
        self,
        *,
        scopes: Sequence[str] = SCOPES,
        organisation_id: str | None = None,
        lifetime: timedelta = _HOUR,
    ) -> Record:
        return self._claims(self._ids("service", "panelone"), lifetime) | {
            "role": "authenticated",
            "scope": " ".join(scopes),
            "app_metadata": {
                "org_id": organisation_id or self.organisation_id,
                "role": "service",
            },
        }

    def sign(self, claims: Record, *, algorithm: str | None = None) -> str:
        """Any claims, signed by the key in force."""
        key = self._keys.signing(algorithm)
        return jwt.encode(claims, key.key, key.algorithm, headers={"kid": key.kid})

    def jwks(self) -> Record:
        return {"keys": self._keys.published()}

    def rotate(self, *, retire: bool = False) -> SigningKey:
        return self._keys.rotate(retire=retire)

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token this mint made and that has not expired; else BadToken."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next(key for key in self._keys.published() if key["kid"] == kid)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key["alg"]],
                audience=self.audience,
                issuer=self.issuer,
                # The injected clock decides, not the machine's.
                options={"verify_exp": False, "verify_iat": False},
            )
        except (JWTError, StopIteration) as error:
            raise BadToken("not a token of this mint") from error
        if claims["exp"] <= self._clock.now().timestamp():
            raise BadToken("expired")
        return claims

    def _claims(self, subject: str, lifetime: timedelta) -> Record:
        issued = int(self._clock.now().timestamp())
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
        }
