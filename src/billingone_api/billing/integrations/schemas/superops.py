"""Connecting SuperOps on the wire: its token comes in and never goes out."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from billingone_api.billing.integrations.models import AuthMode, Region, Tested, ToldToken
from billingone_api.billing.integrations.schemas.integrations import (
    ByAuthMode,
    Copied,
    TestFailed,
    TestPassed,
)
from billingone_api.kit.cipher import Secret
from billingone_api.kit.money import known_currency

_LONGEST: Final = 500
_LONGEST_TOKEN: Final = 16_384
TOKEN: Final[dict[str, Any]] = {
    "credentials": {
        "auth_mode": "api_token",
        "subdomain": "bluegumit",
        "region": "us",
        "token": "the-token-that-SuperOps-showed-once",
        "currency": "AUD",
    }
}
_NO_ASSETS: Final[dict[str, Any]] = {
    "capability": "assets",
    "detail": "SuperOps does not let us read assets, so that no devices are counted; all else is "
    "copied. Give the user whose token this is a role in SuperOps that may see them all.",
}
PASSED: Final[dict[str, Any]] = {"ok": True, "missing": [_NO_ASSETS]}
FAILED: Final[dict[str, Any]] = {
    "ok": False,
    "code": "subdomain_unknown",
    "detail": "SuperOps does not know this subdomain in this region. Check both: the subdomain is "
    "what stands before .superops.ai where you open SuperOps.",
    "missing": [],
}


class ApiTokenIn(BaseModel):
    """A token made in SuperOps, and the account that it reads."""

    model_config = ConfigDict(extra="forbid")

    auth_mode: Literal["api_token"]
    subdomain: Annotated[
        str,
        Field(
            min_length=1,
            max_length=_LONGEST,
            description="What stands before .superops.ai where SuperOps is opened; the whole "
            "address is understood too.",
        ),
    ]
    region: Annotated[Region, Field(description="Where SuperOps keeps the account.")]
    token: Annotated[
        Annotated[SecretStr, Field(min_length=1, max_length=_LONGEST_TOKEN), Copied] | None,
        Field(
            description="Sealed at once; never shown. Left out, the one that is saved for this "
            "subdomain and region."
        ),
    ] = None
    currency: Annotated[
        str,
        AfterValidator(known_currency),
        Field(
            description="What the account invoices in, by ISO 4217: SuperOps never says.",
            min_length=3,
            max_length=3,
        ),
    ]

    def told(self) -> ToldToken:
        token = Secret(self.token.get_secret_value()) if self.token else None
        return ToldToken(self.subdomain, self.region, token, self.currency)


TokenIn = Annotated[
    ApiTokenIn,
    ByAuthMode(AuthMode.API_TOKEN),
    Field(description="How SuperOps is told who we are."),
]


class SuperOpsConnectIn(BaseModel):
    """A token to save."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TOKEN]})

    credentials: TokenIn


class SuperOpsTestIn(BaseModel):
    """A token to try without saving it; without any, the saved one is tried."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TOKEN, {}]})

    credentials: TokenIn | None = None

    def told(self) -> ToldToken | None:
        return self.credentials.told() if self.credentials else None


class MissingOut(BaseModel):
    """What the token may not read."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_NO_ASSETS]})

    capability: Annotated[
        Literal["clients", "invoices", "assets"], Field(description="What is not to be read.")
    ]
    detail: Annotated[str, Field(description="What that means and what to do, for people.")]


_Missing = Annotated[
    list[MissingOut], Field(description="Each thing that the token may not read, by itself.")
]


class SuperOpsPassed(TestPassed):
    """The token is good and may read clients and invoices; devices can be done without."""

    model_config = ConfigDict(json_schema_extra={"examples": [PASSED]})

    missing: _Missing


class SuperOpsFailed(TestFailed):
    """It is not, or it could not be found out."""

    model_config = ConfigDict(json_schema_extra={"examples": [FAILED]})

    missing: _Missing


def tested(found: Tested) -> SuperOpsPassed | SuperOpsFailed:
    missing = [MissingOut.model_validate(one) for one in found.missing]
    failure = found.failure
    if failure is None:
        return SuperOpsPassed(ok=True, missing=missing)
    return SuperOpsFailed(ok=False, code=failure.code, detail=failure.detail, missing=missing)
