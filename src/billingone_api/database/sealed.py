"""Every column that holds something encrypted, and the place each value is bound to.

A value opens in its own place alone: moved to another row, organisation or field it does not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Table

from billingone_api.database.tables.consents import oauth_states, xero_apps, xero_consents
from billingone_api.database.tables.idempotency import idempotency_keys
from billingone_api.database.tables.integrations import integrations, provider_tokens

Place = tuple[str, ...]


def credentials_place(organisation_id: UUID, provider: str) -> Place:
    return (str(organisation_id), provider, "credentials")


def token_place(organisation_id: UUID, provider: str, connection_id: UUID) -> Place:
    return (str(organisation_id), provider, "token", str(connection_id))


def app_place(organisation_id: UUID) -> Place:
    return (str(organisation_id), "xero", "app")


def verifier_place(organisation_id: UUID, state: bytes) -> Place:
    return (str(organisation_id), "xero", "verifier", state.hex())


def consent_place(organisation_id: UUID, consent_id: UUID) -> Place:
    return (str(organisation_id), "xero", "consent", str(consent_id))


def answer_place(organisation_id: UUID, slot: bytes) -> Place:
    return (str(organisation_id), "idempotency", slot.hex())


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values; `place` takes a row with the columns of `known`."""

    column: Column[Any]
    known: tuple[Column[Any], ...]
    place: Callable[[Mapping[str, Any]], Place]

    @property
    def table(self) -> Table:
        return self.column.table


SEALED: Final = (
    Sealed(
        integrations.c.secret,
        (integrations.c.provider,),
        lambda row: credentials_place(row["organisation_id"], row["provider"]),
    ),
    Sealed(
        provider_tokens.c.token,
        (provider_tokens.c.provider, provider_tokens.c.connection_id),
        lambda row: token_place(row["organisation_id"], row["provider"], row["connection_id"]),
    ),
    Sealed(
        xero_apps.c.client_secret,
        (),
        lambda row: app_place(row["organisation_id"]),
    ),
    Sealed(
        oauth_states.c.verifier,
        (oauth_states.c.hash,),
        lambda row: verifier_place(row["organisation_id"], row["hash"]),
    ),
    Sealed(
        xero_consents.c.tokens,
        (xero_consents.c.id,),
        lambda row: consent_place(row["organisation_id"], row["id"]),
    ),
    Sealed(
        idempotency_keys.c.answer,
        (idempotency_keys.c.slot,),
        lambda row: answer_place(row["organisation_id"], row["slot"]),
    ),
)
"""What a rotation of keys goes through; a test compares it with the tables."""
