"""Connecting Xero on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.integrations.models import ClientCredentials
from billingone_api.billing.integrations.schemas.integrations import (
    ClientId,
    ClientSecret,
    IntegrationOut,
)
from billingone_api.kit.cipher import Secret

_TENANT: Final = "e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4"
_ORGANISATION: Final[dict[str, Any]] = {
    "tenant_id": _TENANT,
    "name": "Bluegum IT Pty Ltd",
    "is_chosen": True,
}
_CONNECTED: Final[dict[str, Any]] = {
    "provider": "xero",
    "name": "Xero",
    "status": "connected",
    "attention": None,
    "auth_mode": "authorization_code",
    "account": "Bluegum IT Pty Ltd",
    "connected_by": "Farah Nair",
    "connected_at": "2026-11-24T00:12:09Z",
    "schedule_minutes": 15,
    "next_sync_at": "2026-11-24T00:13:09Z",
    "last_success_at": None,
    "last_run": None,
}
_BEGUN: Final[dict[str, Any]] = {
    "url": "https://login.xero.com/identity/connect/authorize?response_type=code&client_id=…",
    "expires_at": "2026-11-24T00:22:09Z",
}
_BACK: Final[dict[str, Any]] = {
    "state": "x5Wn4cUV3dJ0sQy8vT1rKfMzBq7Lh2GpE9aYoXtRiNk",
    "code": "8rV5mKx2Wq",
}
_APP: Final[dict[str, Any]] = {
    "client_id": "4C1A8E0B7D9F42E6A3B5C7D9E1F30517",
    "client_secret": "the-secret-that-Xero-showed-once",
}
_APP_SHOWN: Final[dict[str, Any]] = {
    "client_id": _APP["client_id"],
    "is_own": True,
    "redirect_uri": "https://app.billingone.dev/integrations/xero/callback",
    "scopes": [
        "offline_access",
        "accounting.invoices.read",
        "accounting.payments.read",
        "accounting.contacts.read",
        "accounting.settings.read",
    ],
}

LOST: Final[dict[str, Any]] = {
    "ok": False,
    "code": "organisation_lost",
    "detail": "This organisation is no longer connected in Xero. Reconnect Xero as a user who has "
    "access to it.",
}


class XeroAuthorisation(BaseModel):
    """Where to send the browser, for this person in this session alone."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_BEGUN]})

    url: Annotated[
        str,
        Field(
            description="Xero's page. Where something is wrong with the app, Xero shows an error "
            "there and never comes back."
        ),
    ]
    expires_at: Annotated[datetime, Field(description="Until then Xero's answer is taken.")]


class XeroCallback(BaseModel):
    """What Xero put into the address it sent the browser back to."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BACK]})

    state: Annotated[str, Field(min_length=1, max_length=200, description="As it came.")]
    code: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=2000,
            description="As it came; without one, consent was refused.",
        ),
    ] = None
    error: Annotated[
        str | None, Field(max_length=200, description="As it came, where there is no code.")
    ] = None


class XeroOrganisationOut(BaseModel):
    """An organisation that somebody gave consent for."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ORGANISATION]})

    tenant_id: Annotated[UUID, Field(description="Xero's id of it.")]
    name: Annotated[str, Field(description="What it is called in Xero.")]
    is_chosen: Annotated[bool, Field(description="Whether it is the one that is read.")]


class XeroOrganisationList(BaseModel):
    """All that may be chosen; a handful, so that it has no pages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ORGANISATION]}]})

    items: Sequence[XeroOrganisationOut]


class XeroConsent(BaseModel):
    """What became of a consent."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "choice_needed": False,
                    "organisations": [_ORGANISATION],
                    "integration": _CONNECTED,
                }
            ]
        },
    )

    choice_needed: Annotated[
        bool,
        Field(
            description="Whether an organisation has to be chosen: several were consented, or "
            "others than the one that is connected."
        ),
    ]
    organisations: Annotated[
        Sequence[XeroOrganisationOut], Field(description="All that may be chosen.")
    ]
    integration: Annotated[IntegrationOut, Field(description="As it is now.")]


class XeroChoice(BaseModel):
    """The organisation to read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"tenant_id": _TENANT}]}
    )

    tenant_id: Annotated[UUID, Field(description="One of those listed.")]


class XeroAppIn(BaseModel):
    """An app that the organisation registered with Xero itself."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_APP]})

    client_id: ClientId
    client_secret: ClientSecret

    def given(self) -> ClientCredentials:
        return ClientCredentials(self.client_id, Secret(self.client_secret.get_secret_value()))


class XeroAppOut(BaseModel):
    """The app in whose name consent is asked for; never its secret."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_APP_SHOWN]})

    client_id: Annotated[
        str | None, Field(description="Null where nobody has configured an app yet.")
    ]
    is_own: Annotated[bool, Field(description="The organisation's own, or BillingOne's.")]
    redirect_uri: Annotated[str, Field(description="To be registered with an app of one's own.")]
    scopes: Annotated[Sequence[str], Field(description="What it asks for.")]
