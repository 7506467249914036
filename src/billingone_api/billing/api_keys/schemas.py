"""API keys on the wire."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.access.models import Permission
from billingone_api.billing.api_keys.models import ApiKey, KeysWanted
from billingone_api.kit.pagination import ListQuery, PageOf
from billingone_api.kit.text import storable

_KEY: Final[dict[str, Any]] = {
    "id": "0192f0c1-7777-7000-8000-000000000007",
    "name": "Nightly export",
    "scopes": ["clients:read", "subscriptions:read"],
    "created_by": "Farah Nair",
    "created_at": "2026-11-24T01:00:00Z",
    "expires_at": "2027-02-22T01:00:00Z",
    "last_used_at": None,
}


# no control characters, and none that turn the direction of what is read after them
_ONE_LINE: Final = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"


def _named(text: str) -> str:
    stripped = text.strip()
    if not stripped or not re.fullmatch(_ONE_LINE, text):
        raise ValueError("Should be a name on one line, without control characters.")
    return stripped


class ApiKeyIn(BaseModel):
    """A key to make. What it may do and how long cannot be changed: make another one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Nightly export",
                    "scopes": ["clients:read", "subscriptions:read"],
                    "expires_in_days": 90,
                }
            ]
        },
    )

    name: Annotated[
        str,
        Field(
            max_length=100,
            description="What it is for; people will see it beside what it did.",
            json_schema_extra={"pattern": _ONE_LINE},
        ),
        AfterValidator(storable),
        AfterValidator(_named),
    ]
    scopes: Annotated[
        list[Permission],
        Field(
            min_length=1,
            max_length=50,
            description="What it may do: permissions of your own, `api-keys:write` aside.",
        ),
    ]
    expires_in_days: Annotated[
        int, Field(ge=1, le=365, description="No key lives for ever.", strict=True)
    ] = 90

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.expires_in_days)


class ApiKeyOut(BaseModel):
    """A key, without the secret."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_KEY]})

    id: UUID
    name: str
    scopes: Annotated[list[str], Field(description="Sorted.")]
    created_by: str
    created_at: datetime
    expires_at: Annotated[datetime, Field(description="From here on it lets nobody in.")]
    last_used_at: Annotated[
        datetime | None, Field(description="To the minute; null for one that nobody has used.")
    ]


class ApiKeyMade(ApiKeyOut):
    """A new key, with what its bearer has to send: this is the only time it is shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _KEY
                | {
                    "key": "b1_0192f0c1777770008000000000000007_"
                    "shown-once-and-kept-by-you-alone-0123456789"
                }
            ]
        }
    )

    key: Annotated[
        str, Field(description="Send it as `Authorization: Bearer …`. It is kept hashed alone.")
    ]

    @classmethod
    def of(cls, key: ApiKey, secret: str) -> "ApiKeyMade":
        return cls(**ApiKeyOut.model_validate(key).model_dump(), key=secret)


class ApiKeyPage(PageOf[ApiKeyOut]):
    """One page of API keys, newest first; a revoked one is gone."""


class ApiKeyQuery(ListQuery):
    """Which keys; `q` is part of a name."""

    def wanted(self) -> KeysWanted:
        return KeysWanted(**self.model_dump() | {"q": (self.q or "").strip() or None})
