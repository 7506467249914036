"""PanelOne's pushes on the wire; a field that is not in a model is an error, not a shrug."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from billingone_api.billing.clients.models import MasterRecord, PushStatus
from billingone_api.billing.panelone.models import OrganisationFacts, Revocation
from billingone_api.billing.panelone.service import session_revoked, user_revoked
from billingone_api.kit.clock import known_time_zone
from billingone_api.kit.instants import Instant
from billingone_api.kit.money import known_currency
from billingone_api.kit.text import storable

MOST_CLIENTS = 1_000
_ROW = "#/components/schemas/ClientRow"
_PROBLEM = "#/components/schemas/Problem"


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _each_once(domains: list[str]) -> list[str]:
    return list(dict.fromkeys(domains))


Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(storable),
]
Token = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(storable),
]
ForeignId = Annotated[
    Token | None,
    BeforeValidator(_blank_is_none),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}]}),
]
Domain = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=253),
    AfterValidator(storable),
]
Domains = Annotated[list[Domain], Field(max_length=100), AfterValidator(_each_once)]


class OrganisationPush(BaseModel):
    """An organisation as PanelOne keeps it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Bluegum IT",
                    "slug": "bluegum-it",
                    "time_zone": "Australia/Sydney",
                    "reporting_currency": "AUD",
                }
            ]
        },
    )

    name: Label
    slug: Token
    time_zone: Annotated[
        str, AfterValidator(known_time_zone), Field(description="A name of the IANA database.")
    ]
    reporting_currency: Annotated[
        str, AfterValidator(known_currency), Field(description="A currency of ISO 4217.")
    ]

    def facts(self) -> OrganisationFacts:
        return OrganisationFacts(**self.model_dump())


class OrganisationPushed(BaseModel):
    """What the push did, and what holds now."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0192f0c1-2222-7000-8000-000000000001",
                    "status": "created",
                    "name": "Bluegum IT",
                    "slug": "bluegum-it",
                    "time_zone": "Australia/Sydney",
                    "reporting_currency": "AUD",
                }
            ]
        },
    )

    id: UUID
    status: Annotated[PushStatus, Field(description="What the push did.")]
    name: str
    slug: str
    time_zone: Annotated[str, Field(description="As people may have chosen it here.")]
    reporting_currency: Annotated[str, Field(description="As people may have chosen it here.")]

    @classmethod
    def of(cls, id_: UUID, status: PushStatus, facts: OrganisationFacts) -> Self:
        return cls(id=id_, status=status, **asdict(facts))


class ExternalIdsIn(BaseModel):
    """What other tools call the client; one left out, null or blank is none."""

    model_config = ConfigDict(extra="forbid")

    pax8_company_id: Annotated[
        ForeignId, Field(description="Links that company, unless another client names it too.")
    ] = None
    xero_contact_id: ForeignId = None
    superops_client_id: ForeignId = None
    tax_number: ForeignId = None
    domains: Annotated[Domains | None, Field(description="Kept in lower case, each once.")] = None


class ClientPush(BaseModel):
    """A client as PanelOne keeps it; it replaces what was pushed before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Acacia Dental",
                    "active": True,
                    "external_ids": {
                        "pax8_company_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a",
                        "tax_number": "51824753556",
                        "domains": ["acaciadental.example"],
                    },
                }
            ]
        },
    )

    name: Label
    active: Annotated[StrictBool, Field(description="False for a retired client.")] = True
    external_ids: ExternalIdsIn | None = None

    def record(self, client_id: UUID) -> MasterRecord:
        ids = self.external_ids or ExternalIdsIn()
        domains = tuple(ids.domains or ())
        known = ids.model_dump(exclude={"domains"})
        return MasterRecord(client_id, self.name, self.active, domains=domains, **known)


class ClientRow(ClientPush):
    """A client in a batch, with PanelOne's id of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                    "name": "Acacia Dental",
                    "external_ids": {"pax8_company_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a"},
                }
            ]
        },
    )

    id: UUID


class ClientBatch(BaseModel):
    """Up to 1,000 clients; they are read one by one, so that a bad row spoils no other."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "clients": [
                        {
                            "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                            "name": "Acacia Dental",
                            "external_ids": {
                                "pax8_company_id": "a4dfc6bf-f02e-4a79-9844-66ba6c02ec3a"
                            },
                        }
                    ]
                }
            ]
        },
    )

    # not validated here: the route reads each row by itself
    clients: Annotated[
        list[SkipValidation[ClientRow]],
        Field(max_length=MOST_CLIENTS, json_schema_extra={"items": {"$ref": _ROW}}),
    ]


class ClientPushed(BaseModel):
    """What the push of one client did."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "status": "created"}]
        }
    )

    id: UUID
    status: Annotated[PushStatus, Field(description="What the push did.")]


class RowStatus(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    INVALID = "invalid"


class RowResult(BaseModel):
    """What became of a row of the batch."""

    id: Annotated[UUID | None, Field(description="Null where the row names none that can be read.")]
    status: Annotated[RowStatus, Field(description="`invalid`: nothing of it was kept.")]
    error: Annotated[
        dict[str, Any] | None,
        WithJsonSchema({"anyOf": [{"$ref": _PROBLEM}, {"type": "null"}]}),
        Field(description="What is wrong with an invalid row; its pointers lead into the body."),
    ]


class BatchResult(BaseModel):
    """What became of each row, in the order of the rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
                            "status": "unchanged",
                            "error": None,
                        },
                        {
                            "id": "0192f0c1-5555-7000-8000-000000000002",
                            "status": "invalid",
                            "error": {
                                "type": "https://billingone.dev/problems/validation_failed",
                                "title": "Some fields are not valid",
                                "status": 422,
                                "code": "validation_failed",
                                "detail": "See `errors`: each points at one field and says what "
                                "it should be.",
                                "request_id": "01939f3e-5a7b-7c1d-8e2f-3a4b5c6d7e8f",
                                "errors": [
                                    {
                                        "in": "body",
                                        "pointer": "/clients/1/name",
                                        "code": "missing",
                                        "detail": "Field required",
                                    }
                                ],
                            },
                        },
                    ]
                }
            ]
        }
    )

    results: list[RowResult]


class RevokedSessions(BaseModel):
    """Either one session, or every session of a person that began until an instant."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"session_id": "5b2f7c1e-8d5b-4f0a-9c9e-0d7b8b1f4a11"},
                {
                    "user_id": "2f1c7c1e-8d5b-4f0a-9c9e-0d7b8b1f4a11",
                    "issued_before": "2026-11-24T01:00:00Z",
                },
            ]
        },
    )

    session_id: Annotated[
        Token | None, Field(description="`session_id` of the tokens; none of them is good again.")
    ] = None
    user_id: Annotated[Token | None, Field(description="`sub` of the person's tokens.")] = None
    issued_before: Annotated[
        Instant | None,
        Field(description="With `user_id`: tokens issued at or before this are refused."),
    ] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        sent = (self.session_id is None, self.user_id is None, self.issued_before is None)
        if sent not in {(False, True, True), (True, False, False)}:
            raise ValueError("Send `session_id` alone, or `user_id` with `issued_before`.")
        return self

    def revocation(self, *, now: datetime) -> Revocation:
        """Raises IssuedBeforeInFuture."""
        if self.session_id is not None:
            return session_revoked(self.session_id)
        if self.user_id is None or self.issued_before is None:
            raise TypeError("The validator lets no such body through.")
        return user_revoked(self.user_id, issued_before=self.issued_before, now=now)
