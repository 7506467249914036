"""Tokens as PanelOne would sign them, by a shared secret, for the tests of everything else."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from jose import jwt

from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.clock import Clock

ISSUER = "https://auth.panelone.test/auth/v1"
SECRET = "7c1f9be2a4d84b0f9d3e6a5c8b7f0e1d2c3b4a59687f6e5d"
RULES = TokenRules(
    issuer=ISSUER, audience="authenticated", algorithms=("HS256",), shared_secret=SECRET
)


@dataclass
class Mint:
    """Signs what a test says, as of the test's clock."""

    clock: Clock

    def person(
        self,
        organisation_id: UUID,
        *,
        role: str | None = "Finance",
        subject: str = "person-1",
        session_id: str = "session-1",
        **more: Any,
    ) -> str:
        return self._signed(
            subject,
            {
                "email": "farah@bluegum.example",
                "user_metadata": {"full_name": "Farah Nair"},
                "session_id": session_id,
                "app_metadata": {"org_id": str(organisation_id), "role": role},
                **more,
            },
        )

    def service(self, organisation_id: UUID | str, *scopes: str) -> str:
        return self._signed(
            "panelone",
            {
                "scope": " ".join(scopes),
                "app_metadata": {"org_id": str(organisation_id), "role": "service"},
            },
        )

    def _signed(self, subject: str, claims: dict[str, Any]) -> str:
        issued = int(self.clock.now().timestamp())
        token: str = jwt.encode(
            {
                "iss": ISSUER,
                "aud": "authenticated",
                "sub": subject,
                "iat": issued,
                "exp": issued + int(timedelta(hours=1).total_seconds()),
                **claims,
            },
            SECRET,
            algorithm="HS256",
        )
        return token
