"""Integrations on the wire: secrets come in and never go out."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SecretStr,
)
from pydantic_core import CoreSchema, core_schema

from billingone_api.billing.integrations.models import (
    AuthMode,
    ClientCredentials,
    Credentials,
    Failure,
    FailureCode,
    IntegrationStatus,
)
from billingone_api.kit.cipher import Secret

_LONGEST: Final = 500
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


def _copied(value: str) -> str:
    """Without the blanks that copying picks up around it."""
    stripped = value.strip()
    if not _PRINTABLE.fullmatch(stripped):
        raise ValueError("Should be letters, digits and signs of ASCII, without blanks.")
    return stripped


def _copied_secret(value: SecretStr) -> SecretStr:
    return SecretStr(_copied(value.get_secret_value()))


ClientId = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST, description="May be shown to people later."),
    AfterValidator(_copied),
]
Copied = AfterValidator(_copied_secret)
ClientSecret = Annotated[
    SecretStr,
    Field(min_length=1, max_length=_LONGEST, description="Sealed at once; never shown."),
    Copied,
]


@dataclass(frozen=True, slots=True)
class ByAuthMode:
    """Makes a union by `auth_mode` of its kinds, also while there is only one.

    pydantic makes none of a single model, and a program that was generated from the document
    would break when the second kind comes.
    """

    mode: AuthMode

    def __get_pydantic_core_schema__(
        self, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        kinds = {self.mode.value: handler(source)}
        return core_schema.tagged_union_schema(kinds, discriminator="auth_mode")


class ClientCredentialsIn(BaseModel):
    """An API key made in the third party's portal."""

    model_config = ConfigDict(extra="forbid")

    auth_mode: Literal["client_credentials"]
    client_id: ClientId
    client_secret: ClientSecret

    def given(self) -> Credentials:
        return ClientCredentials(self.client_id, Secret(self.client_secret.get_secret_value()))


CredentialsIn = Annotated[
    ClientCredentialsIn,
    ByAuthMode(AuthMode.CLIENT_CREDENTIALS),
    Field(description="How Pax8 is told who we are."),
]
GIVEN: Final[dict[str, Any]] = {
    "credentials": {
        "auth_mode": "client_credentials",
        "client_id": "kH3xample0ClientId",
        "client_secret": "the-secret-that-Pax8-showed-once",
    }
}
PASSED: Final[dict[str, Any]] = {"ok": True}
FAILED: Final[dict[str, Any]] = {
    "ok": False,
    "code": "permission_denied",
    "detail": "Pax8 does not let us read this. Give the API credentials access to companies, "
    "products and subscriptions in Pax8.",
}


class ConnectIn(BaseModel):
    """Credentials to save."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [GIVEN]})

    credentials: CredentialsIn


class TestIn(BaseModel):
    """Credentials to try without saving them; without any, the saved ones are tried."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [GIVEN, {}]})

    credentials: CredentialsIn | None = None

    def given(self) -> Credentials | None:
        return self.credentials.given() if self.credentials else None


class ScheduleIn(BaseModel):
    """How often it is synced by itself."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"schedule_minutes": 60}]}
    )

    schedule_minutes: Annotated[
        Annotated[int, Field(strict=True, ge=5, le=10_080)] | None,
        Field(description="Minutes from one sync to the next; null for never."),
    ]


# FastAPI leaves nulls out of examples: these show a connection where none is needed.
_ATTENTION: Final[dict[str, Any]] = {
    "code": "credentials_rejected",
    "detail": "Pax8 does not accept the credentials. Check the client id and the client secret in "
    "Pax8 and save them here again.",
    "since": "2026-11-24T00:12:09Z",
}
_LAST_RUN: Final[dict[str, Any]] = {
    "id": "01939f3e-5a7b-7c1d-8e2f-3a4b5c6d7e8f",
    "status": "failed",
    "finished_at": "2026-11-24T00:12:09Z",
    "detail": _ATTENTION["detail"],
}
_INTEGRATION: Final[dict[str, Any]] = {
    "provider": "pax8",
    "name": "Pax8",
    "status": "needs_attention",
    "attention": _ATTENTION,
    "auth_mode": "client_credentials",
    "account": "kH3xample0ClientId",
    "connected_by": "Farah Nair",
    "connected_at": "2026-11-23T22:10:00Z",
    "schedule_minutes": 60,
    "next_sync_at": "2026-11-24T01:11:00Z",
    "last_success_at": "2026-11-23T23:12:09Z",
    "last_run": _LAST_RUN,
}


class AttentionOut(BaseModel):
    """What a person has to do before this integration works again."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ATTENTION]})

    code: Annotated[str | None, Field(description="For programs, where it is known.")]
    detail: Annotated[str, Field(description="What is wrong and what to do, for people.")]
    since: Annotated[datetime, Field(description="When it was first noticed.")]


class LastRunOut(BaseModel):
    """The latest sync of the provider, under way or ended."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_LAST_RUN]})

    id: Annotated[UUID, Field(description="The run's id.")]
    status: Annotated[
        Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"],
        Field(description="`partial`: something was set aside or left undone on purpose."),
    ]
    finished_at: Annotated[datetime | None, Field(description="Null while it is under way.")]
    detail: Annotated[str | None, Field(description="Why it did not end well, for people.")]


class IntegrationOut(BaseModel):
    """A third party as the organisation has it connected; never its secrets."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_INTEGRATION]})

    provider: Annotated[str, Field(description="The word of URLs and of `source` on records.")]
    name: Annotated[str, Field(description="What people call it.")]
    status: Annotated[
        IntegrationStatus,
        Field(description="`not_connected` is a normal answer; `needs_attention` says why."),
    ]
    attention: Annotated[AttentionOut | None, Field(description="Null while all is well.")]
    auth_mode: Annotated[AuthMode | None, Field(description="Null while not connected.")]
    account: Annotated[
        str | None,
        Field(
            description="What may be shown of it: the client id, the name of the organisation "
            "that is read, or its subdomain."
        ),
    ]
    connected_by: Annotated[str | None, Field(description="Who saved these credentials.")]
    connected_at: Annotated[datetime | None, Field(description="When they were saved.")]
    schedule_minutes: Annotated[
        int | None, Field(description="Minutes between syncs; null while none is scheduled.")
    ]
    next_sync_at: Annotated[datetime | None, Field(description="The next scheduled sync.")]
    last_success_at: Annotated[
        datetime | None, Field(description="When a sync last ended well; null if none did.")
    ]
    last_run: Annotated[LastRunOut | None, Field(description="Null when it was never synced.")]


class IntegrationList(BaseModel):
    """Every provider the product knows, connected or not; a handful, so that it has no pages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_INTEGRATION]}]})

    items: list[IntegrationOut]


class TestPassed(BaseModel):
    """The credentials are good and may read what is synced."""

    model_config = ConfigDict(json_schema_extra={"examples": [PASSED]})

    ok: Literal[True]


class TestFailed(BaseModel):
    """They are not, or it could not be found out."""

    model_config = ConfigDict(json_schema_extra={"examples": [FAILED]})

    ok: Literal[False]
    code: FailureCode
    detail: Annotated[str, Field(description="What is wrong and what to do, for people.")]


def tested(failure: Failure | None) -> TestPassed | TestFailed:
    if failure is None:
        return TestPassed(ok=True)
    return TestFailed(ok=False, code=failure.code, detail=failure.detail)
