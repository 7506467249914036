"""Seals credentials for the one organisation, provider and field they belong to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billingone_api.billing.integrations.models import (
    ApiToken,
    AuthMode,
    ClientCredentials,
    Consented,
    Credentials,
    CredentialsUnreadable,
    Region,
)
from billingone_api.database.sealed import credentials_place
from billingone_api.kit.cipher import Cipher, DecryptionFailed, Secret


@dataclass(frozen=True, slots=True)
class CipherVault:
    """What it seals opens for the same organisation and provider only."""

    cipher: Cipher
    organisation_id: UUID

    def seal(self, provider: str, credentials: Credentials) -> bytes:
        written = _written(credentials) | {"auth_mode": credentials.auth_mode}
        return self.cipher.encrypt(json.dumps(written).encode(), context=self._place(provider))

    def open(self, provider: str, sealed: bytes) -> Credentials:
        """Raises CredentialsUnreadable."""
        try:
            written = json.loads(self.cipher.decrypt(sealed, context=self._place(provider)))
        except DecryptionFailed as error:
            raise CredentialsUnreadable(
                "The saved credentials cannot be read any more. Save them here again."
            ) from error
        return _read(written)

    def _place(self, provider: str) -> tuple[str, ...]:
        return credentials_place(self.organisation_id, provider)


def _written(credentials: Credentials) -> dict[str, str | None]:
    match credentials:
        case ClientCredentials(client_id, client_secret):
            return {"client_id": client_id, "client_secret": client_secret.reveal()}
        case Consented(consent_id, tenant_id, connection_id, name):
            return {
                "consent_id": str(consent_id),
                "tenant_id": tenant_id,
                "connection_id": connection_id,
                "name": name,
            }
        case ApiToken(subdomain, region, token, currency):
            return {
                "subdomain": subdomain,
                "region": region,
                "token": token.reveal(),
                "currency": currency,
            }


def _read(written: Mapping[str, Any]) -> Credentials:
    match AuthMode(written["auth_mode"]):
        case AuthMode.CLIENT_CREDENTIALS:
            return ClientCredentials(written["client_id"], Secret(written["client_secret"]))
        case AuthMode.AUTHORIZATION_CODE:
            return Consented(
                UUID(written["consent_id"]),
                written["tenant_id"],
                written["connection_id"],
                written["name"],
            )
        case AuthMode.API_TOKEN:
            return ApiToken(
                written["subdomain"],
                Region(written["region"]),
                Secret(written["token"]),
                written["currency"],
            )
