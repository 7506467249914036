"""Every environment variable, in one class, each with its reason."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ConfigurationError(Exception):
    """The environment does not describe a program that can start; the message says what to set."""


def _words(value: object) -> object:
    """Lists come as `a,b,c`: people write environment variables by hand."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """What an operator may or must say. Third parties' hosts are said here and nowhere else."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        description="PostgreSQL 16 or newer, as the role billingone_app, which owns nothing."
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="The same database as its owner, billingone_owner; `billingone migrate` only.",
    )
    database_pool_size: int = Field(default=10, ge=1, description="Connections per process.")
    redis_url: SecretStr = Field(description="The doorbell between API and worker.")
    encryption_keys: SecretStr = Field(
        description="Key ring for stored credentials, newest first: `k2:BASE64,k1:BASE64`, each "
        "key 32 random bytes. Cursors are signed with a key derived from it."
    )

    panelone_issuer: str = Field(description="`iss` of the tokens PanelOne signs, to the letter.")
    panelone_audience: str = Field(default="authenticated", description="`aud` of those tokens.")
    panelone_algorithms: Words = Field(
        default=("RS256", "ES256"), description="One family; the token's header never chooses."
    )
    panelone_jwks_url: str | None = Field(
        default=None, description="Where PanelOne publishes its keys; or the shared secret."
    )
    panelone_shared_secret: SecretStr | None = Field(
        default=None, description="HS256 secret, where the installation uses one; never both."
    )
    panelone_organisation_claim: str = Field(
        default="app_metadata.org_id", description="Path to the organisation in a token."
    )
    panelone_role_claim: str = Field(
        default="app_metadata.role", description="Path to the role; never in user_metadata."
    )
    panelone_session_claim: str = Field(default="session_id", description="Path to the session.")
    panelone_email_claim: str = Field(default="email", description="Path to the e-mail address.")
    panelone_name_claim: str = Field(
        default="user_metadata.full_name", description="Path to the person's name."
    )
    panelone_token_lifetime_hours: int = Field(
        default=24, ge=1, description="A token that lives longer is refused."
    )
    panelone_app_url: str = Field(
        default="https://app.panelone.dev", description="For the app switcher."
    )
    billingone_app_url: str = Field(
        default="https://app.billingone.dev", description="For the app switcher."
    )

    pax8_api_url: str = Field(
        default="https://api.pax8.com/v1", description="Pax8's partner API, or the sandbox's."
    )
    pax8_token_url: str = Field(
        default="https://api.pax8.com/v1/token", description="Where Pax8 hands out tokens."
    )
    pax8_audience: str = Field(
        default="https://api.pax8.com", description="The audience Pax8's tokens are asked for."
    )
    pax8_requests_per_second: float = Field(
        default=10,
        gt=0,
        description="Our own ceiling per credential, across all workers; Pax8 allows 1,000 a "
        "minute (documented, not verified).",
    )

    host: str = Field(default="127.0.0.1", description="Where `serve` listens.")
    port: int = Field(default=8000, ge=0, le=65535, description="Where `serve` listens.")
    cors_origins: Words = Field(
        default=("https://app.billingone.dev",), description="Browsers' origins that may call."
    )
    reference_page: bool = Field(
        default=True, description="Whether /docs and /openapi.json are served, openly."
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="Larger bodies get 413.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="`console` is for people at a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is less than this is not written."
    )

    worker_concurrency: int = Field(default=4, ge=1, description="Runs at a time per worker.")
    worker_lease_seconds: float = Field(
        default=30, gt=0, description="A run whose worker is silent this long is taken over."
    )
    worker_heartbeat_seconds: float = Field(default=10, gt=0, description="How often it speaks.")
    worker_sweep_seconds: float = Field(
        default=15, gt=0, description="How often due work is looked for without a bell."
    )

    @cached_property
    def token_lifetime(self) -> timedelta:
        return timedelta(hours=self.panelone_token_lifetime_hours)

    @classmethod
    def load(cls) -> Self:
        """Read the environment, or say in one message everything that is wrong with it."""
        try:
            return cls()
        except ValidationError as error:
            problems = [
                f"{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            ]
            raise ConfigurationError("\n".join(problems)) from None
