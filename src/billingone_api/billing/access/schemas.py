"""The signed-in person on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billingone_api.billing.access.models import Caller, Permission, Role
from billingone_api.config import Settings
from billingone_api.kit.tickets import Ticket


class UserOut(BaseModel):
    """The person, as PanelOne's token names them."""

    id: Annotated[str, Field(description="PanelOne's id of the person.")]
    name: str | None
    email: str | None


class OrganisationOut(BaseModel):
    """The organisation the session speaks for; the token says which."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    slug: str
    time_zone: Annotated[str, Field(description="IANA name; the days of all figures are its days.")]
    reporting_currency: Annotated[str, Field(description="ISO 4217.")]


class AppOut(BaseModel):
    """An app the person may switch to with the same session."""

    key: Annotated[Literal["panelone", "billingone"], Field(description="Names the app.")]
    name: str
    url: str
    is_current: bool


class Me(BaseModel):
    """Who is signed in, for whom, and what they may do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user": {
                        "id": "2f1c7c1e-8d5b-4f0a-9c9e-0d7b8b1f4a11",
                        "name": "Farah Nair",
                        "email": "farah@bluegum.example",
                    },
                    "organisation": {
                        "id": "0192f0c1-2222-7000-8000-000000000001",
                        "name": "Bluegum IT",
                        "slug": "bluegum-it",
                        "time_zone": "Australia/Sydney",
                        "reporting_currency": "AUD",
                    },
                    "role": "Finance",
                    "permissions": ["clients:map", "clients:read", "dashboard:read"],
                    "apps": [
                        {
                            "key": "panelone",
                            "name": "PanelOne",
                            "url": "https://app.panelone.dev",
                            "is_current": False,
                        },
                        {
                            "key": "billingone",
                            "name": "BillingOne",
                            "url": "https://app.billingone.dev",
                            "is_current": True,
                        },
                    ],
                    "is_onboarded": True,
                }
            ]
        }
    )

    user: UserOut
    organisation: OrganisationOut
    role: Role
    permissions: Annotated[list[Permission], Field(description="Sorted; hide what is not here.")]
    apps: list[AppOut]
    is_onboarded: Annotated[
        bool, Field(description="Whether an integration has been synced at least once.")
    ]

    @classmethod
    def of(cls, caller: Caller, settings: Settings, *, is_onboarded: bool) -> "Me":
        if caller.role is None:
            raise TypeError("A service is nobody.")
        return cls(
            user=UserOut(id=caller.subject, name=caller.name, email=caller.email),
            organisation=OrganisationOut.model_validate(caller.organisation),
            role=caller.role,
            permissions=sorted(caller.permissions),
            apps=_apps(settings),
            is_onboarded=is_onboarded,
        )


def _apps(settings: Settings) -> list[AppOut]:
    return [
        AppOut(key="panelone", name="PanelOne", url=settings.panelone_app_url, is_current=False),
        AppOut(
            key="billingone", name="BillingOne", url=settings.billingone_app_url, is_current=True
        ),
    ]


class TicketOut(BaseModel):
    """Lets into one stream of events; as good as the caller's token there, and nowhere else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "/v1/syncs/0192f0c1-3333-7000-8000-000000000001/events?ticket=AQJrMVx0",
                    "expires_at": "2026-11-24T01:01:00Z",
                }
            ]
        }
    )

    url: Annotated[str, Field(description="Path and query for `EventSource`, below our host.")]
    expires_at: Annotated[datetime, Field(description="Connect by then.")]

    @classmethod
    def of(cls, ticket: Ticket, path: str) -> "TicketOut":
        return cls(url=f"{path}?ticket={ticket.text}", expires_at=ticket.redeemable_until)
