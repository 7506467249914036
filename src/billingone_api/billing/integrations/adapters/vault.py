"""Seals credentials for the one organisation, provider and field they belong to."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billingone_api.billing.integrations.models import (
    AuthMode,
    ClientCredentials,
    Credentials,
    CredentialsUnreadable,
)
from billingone_api.database.sealed import credentials_place
from billingone_api.kit.cipher import Cipher, DecryptionFailed, Secret


@dataclass(frozen=True, slots=True)
class CipherVault:
    """What it seals opens for the same organisation and provider only."""

    cipher: Cipher
    organisation_id: UUID

    def seal(self, provider: str, credentials: Credentials) -> bytes:
        written = {
            "auth_mode": credentials.auth_mode,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.reveal(),
        }
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


def _read(written: Any) -> Credentials:
    match AuthMode(written["auth_mode"]):
        case AuthMode.CLIENT_CREDENTIALS:
            return ClientCredentials(written["client_id"], Secret(written["client_secret"]))
