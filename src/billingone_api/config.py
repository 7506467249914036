"""Every environment variable, in one class, each with its reason."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from billingone_api.kit.auth.rules import TokenRules
from billingone_api.kit.cipher import KeyRing, parse_key_ring
from billingone_api.kit.http.addresses import check_address


class ConfigurationError(Exception):
    """The environment does not describe a program that can start; the message says what to set."""


def _words(value: object) -> object:
    """Lists come as `a,b,c`: people write environment variables by hand."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _postgres(url: SecretStr) -> SecretStr:
    """With the one driver there is, whichever way the operator's platform writes the scheme."""
    scheme, _, rest = url.get_secret_value().partition("://")
    if scheme.partition("+")[0] not in {"postgresql", "postgres"} or not _names_a_host(rest):
        raise ValueError("Should be postgresql://user:password@host/database.")
    return SecretStr(f"postgresql+asyncpg://{rest}")


def _names_a_host(rest: str) -> bool:
    """A socket's folder, in the query, is one as well."""
    try:
        parts = urlsplit(f"//{rest}")
        return bool(parts.hostname or "host=" in parts.query) and parts.port != 0
    except ValueError:
        return False


def _redis(url: SecretStr) -> SecretStr:
    if url.get_secret_value().partition("://")[0] not in {"redis", "rediss", "unix"}:
        raise ValueError("Should be redis://host:port/number, or rediss://, or unix://.")
    return url


def _ring(text: SecretStr) -> SecretStr:
    parse_key_ring(text.get_secret_value())
    return text


def _third_party(url: str) -> str:
    check_address(url, of="The address")
    return url


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres)]
ThirdPartyUrl = Annotated[str, AfterValidator(_third_party)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """What an operator may or must say. Third parties' hosts are said here and nowhere else."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: PostgresUrl = Field(
        description="PostgreSQL 16 or newer, as the role billingone_app, which owns nothing."
    )
    database_owner_url: PostgresUrl | None = Field(
        default=None,
        description="The same database as its owner, billingone_owner; `billingone migrate` only.",
    )
    database_pool_size: int = Field(default=10, ge=1, description="Connections per process.")
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] = Field(
        description="The doorbell between API and worker, and the counts of requests."
    )
    encryption_keys: Annotated[SecretStr, AfterValidator(_ring)] = Field(
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
    panelone_api_url: ThirdPartyUrl | None = Field(
        default=None,
        description="PanelOne's API, asked for counts; without it PanelOne only pushes them.",
    )
    panelone_token_url: ThirdPartyUrl | None = Field(
        default=None, description="Where PanelOne hands out our token; comes with the API's URL."
    )
    panelone_client_id: str | None = Field(
        default=None, description="Who we are to PanelOne; comes with the API's URL."
    )
    panelone_client_secret: SecretStr | None = Field(
        default=None, description="The secret of that client id."
    )
    panelone_app_url: str = Field(
        default="https://app.panelone.dev", description="For the app switcher."
    )
    billingone_app_url: str = Field(
        default="https://app.billingone.dev", description="For the app switcher."
    )

    pax8_api_url: ThirdPartyUrl = Field(
        default="https://api.pax8.com/v1", description="Pax8's partner API, or the sandbox's."
    )
    pax8_token_url: ThirdPartyUrl = Field(
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

    xero_authorise_url: ThirdPartyUrl = Field(
        default="https://login.xero.com/identity/connect/authorize",
        description="Where a person gives consent, in a browser.",
    )
    xero_token_url: ThirdPartyUrl = Field(
        default="https://identity.xero.com/connect/token",
        description="Where Xero hands out tokens.",
    )
    xero_connections_url: ThirdPartyUrl = Field(
        default="https://api.xero.com/connections",
        description="Which organisations were connected, and where one connection ends.",
    )
    xero_api_url: ThirdPartyUrl = Field(
        default="https://api.xero.com/api.xro/2.0", description="Xero's accounting API."
    )
    xero_web_url: ThirdPartyUrl = Field(
        default="https://go.xero.com", description="Where links open a record in Xero."
    )
    xero_client_id: str | None = Field(
        default=None,
        description="BillingOne's own app at Xero, for all who register none themselves.",
    )
    xero_client_secret: SecretStr | None = Field(
        default=None, description="That app's secret; both or neither."
    )
    xero_redirect_uri: str = Field(
        default="https://app.billingone.dev/integrations/xero/callback",
        description="Where Xero sends the browser back to, the web app's own page, exactly as "
        "registered.",
    )
    xero_scopes: Literal["granular", "broad"] = Field(
        default="granular",
        description="`broad` for apps made before 2 March 2026, until September 2027: one scope "
        "too many fails the whole consent.",
    )
    xero_webhook_key: SecretStr | None = Field(
        default=None,
        description="Signs that app's webhooks, as its page at Xero shows it; without it none "
        "are accepted.",
    )
    xero_requests_per_minute: float = Field(
        default=55,
        gt=0,
        description="Our own ceiling per organisation, across all workers; Xero allows 60.",
    )
    xero_concurrent_requests: int = Field(
        default=4,
        ge=1,
        description="Requests to one organisation at a time, across all workers; Xero allows 5.",
    )
    xero_currency_rate_is: Literal["foreign_per_base", "base_per_foreign"] = Field(
        default="foreign_per_base",
        description="What CurrencyRate on Xero's documents means: units of the document's currency "
        "for one of the organisation's, or the other way round (not verified).",
    )

    superops_us_url: ThirdPartyUrl = Field(
        default="https://api.superops.ai/msp",
        description="SuperOps's API for accounts in the United States, or the sandbox's.",
    )
    superops_eu_url: ThirdPartyUrl = Field(
        default="https://euapi.superops.ai/msp",
        description="SuperOps's API for accounts in Europe.",
    )
    superops_requests_per_minute: float = Field(
        default=85,
        gt=0,
        description="Our own ceiling per token, across all workers; SuperOps documents 100 in "
        "one place and 800 in another.",
    )

    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Where this process serves /metrics for Prometheus, on loopback; each process "
        "on a machine needs its own.",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        description="Where traces go, over OTLP and HTTP, with the other variables of "
        "OpenTelemetry; without it none are made.",
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
    max_import_bytes: int = Field(
        default=10_000_000, ge=1_000, description="Of a file with a mapping; larger ones get 413."
    )
    requests_per_minute: int = Field(
        default=600, ge=1, description="Of one person, service or API key; those beyond get 429."
    )
    organisation_requests_per_minute: int = Field(
        default=6000, ge=1, description="Of all callers of an organisation together."
    )
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
    def key_ring(self) -> KeyRing:
        return parse_key_ring(self.encryption_keys.get_secret_value())

    @property
    def request_rates(self) -> Mapping[str, float]:
        """Our own ceilings per credential, in requests a second, by provider."""
        return {
            "pax8": self.pax8_requests_per_second,
            "xero": self.xero_requests_per_minute / 60,
            "superops": self.superops_requests_per_minute / 60,
        }

    @property
    def secrets(self) -> Iterator[str]:
        """What must not be met in a log: what is secret here, also as a part of an address."""
        for value in (getattr(self, name) for name in type(self).model_fields):
            if isinstance(value, SecretStr):
                secret = value.get_secret_value()
                yield from (secret, urlsplit(secret).password or "")
        yield from (
            part.partition(":")[2] for part in self.encryption_keys.get_secret_value().split(",")
        )

    @cached_property
    def token_rules(self) -> TokenRules:
        secret = self.panelone_shared_secret
        return TokenRules(
            issuer=self.panelone_issuer,
            audience=self.panelone_audience,
            algorithms=self.panelone_algorithms,
            jwks_url=self.panelone_jwks_url,
            shared_secret=secret.get_secret_value() if secret else None,
            email_claim=self.panelone_email_claim,
            name_claim=self.panelone_name_claim,
            organisation_claim=self.panelone_organisation_claim,
            role_claim=self.panelone_role_claim,
            session_claim=self.panelone_session_claim,
            max_lifetime=timedelta(hours=self.panelone_token_lifetime_hours),
        )

    @model_validator(mode="after")
    def _tokens_can_be_verified(self) -> Self:
        try:
            _ = self.token_rules
        except ValueError as error:
            raise ValueError(f"PanelOne's tokens: {error}") from None
        return self

    @model_validator(mode="after")
    def _panelone_can_be_asked(self) -> Self:
        named = (
            self.panelone_api_url,
            self.panelone_token_url,
            self.panelone_client_id,
            self.panelone_client_secret,
        )
        if None in named and any(one is not None for one in named):
            raise ValueError(
                "PANELONE_API_URL, PANELONE_TOKEN_URL, PANELONE_CLIENT_ID and "
                "PANELONE_CLIENT_SECRET come together."
            )
        return self

    @model_validator(mode="after")
    def _the_app_at_xero_is_whole(self) -> Self:
        if (self.xero_client_id is None) != (self.xero_client_secret is None):
            raise ValueError("XERO_CLIENT_ID and XERO_CLIENT_SECRET come together.")
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the environment, or say in one message everything that is wrong with it."""
        try:
            return cls()
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
            raise ConfigurationError("\n".join(map(_sentence, found))) from None


def _sentence(item: ErrorDetails) -> str:
    name = "_".join(str(part) for part in item["loc"]).upper()
    words = item["msg"].removeprefix("Value error, ")
    if item["type"] == "missing":
        words = f"Is missing. {Settings.model_fields[str(item['loc'][0])].description}"
    return f"{name}: {words}" if name else words
