"""Where Xero is, and what its refusals mean."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog

from billingone_api.kit.http.bodies import NotJson, read_json
from billingone_api.kit.http.errors import (
    HttpError,
    HttpOversized,
    HttpRateLimited,
    HttpRefused,
)
from billingone_api.providers.bearer import Provider
from billingone_api.providers.errors import ProviderError
from billingone_api.providers.xero.errors import (
    AnswerTooLarge,
    ClientRejected,
    FilterRefused,
    InvalidGrant,
    Limit,
    LimitReached,
    ScopeMissing,
    ScopeRefused,
    TenantLost,
)
from billingone_api.providers.xero.limits import limit_hit

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class XeroEndpoints:
    """Where Xero is; the operator's configuration, never a tenant's."""

    authorise_url: str
    token_url: str
    connections_url: str
    api_url: str


class XeroProvider(Provider):
    """Tells Xero's refusals apart by their words: the statuses alone mislead."""

    __slots__ = ()

    def is_stale(self, error: HttpRefused) -> bool:
        """Not where a scope is missing, which Xero says with a 401 too: it would never end."""
        return super().is_stale(error) and not _says(error, "AuthorizationUnsuccessful")

    def translated(self, error: HttpError) -> ProviderError:
        return _numbered(self._by_its_words(error) or super().translated(error), error)

    def token_refused(self, error: HttpError) -> ProviderError:
        """The same for the token endpoint, which has words of its own (RFC 6749, 5.2)."""
        grant = self._grant_refused(error) if isinstance(error, HttpRefused) else None
        return _numbered(grant, error) if grant else self.translated(error)

    def _by_its_words(self, error: HttpError) -> ProviderError | None:
        match error:
            case HttpRateLimited():
                return self._limited(error)
            case HttpOversized():
                return AnswerTooLarge("Xero sent more than we read at once.", provider=self.key)
            case HttpRefused(status=HTTPStatus.UNAUTHORIZED) if not self.is_stale(error):
                return ScopeMissing(
                    "The consent given in Xero does not cover this. "
                    "Reconnect Xero and leave everything ticked.",
                    provider=self.key,
                )
            case HttpRefused(status=HTTPStatus.FORBIDDEN) if _says(
                error, "AuthenticationUnsuccessful"
            ):
                return TenantLost(
                    "This organisation is no longer connected in Xero. Reconnect Xero as a user "
                    "who has access to it.",
                    provider=self.key,
                )
            case HttpRefused(status=HTTPStatus.BAD_REQUEST) if _says(error, "HighVolume"):
                return FilterRefused("Xero asks for another filter.", provider=self.key)
            case _:
                return None

    def _limited(self, error: HttpRateLimited) -> LimitReached:
        limit = limit_hit(error.headers, retry_after=error.retry_after)
        of_what = "today" if limit is Limit.DAY else "this minute"
        return LimitReached(
            f"Xero allows no more calls {of_what}.",
            provider=self.key,
            limit=limit,
            retry_after=error.retry_after,
        )

    def _grant_refused(self, error: HttpRefused) -> ProviderError:
        match _field(error, "error"):
            case "invalid_grant":
                return InvalidGrant(
                    "The consent given in Xero has ended or was used already. Reconnect Xero.",
                    provider=self.key,
                )
            case "invalid_client" | "unauthorized_client":
                return ClientRejected(
                    "Xero does not accept the client id and secret of the app.", provider=self.key
                )
            case "invalid_scope":
                return ScopeRefused(
                    "Xero does not give this app one of the scopes it asks for.", provider=self.key
                )
            case _:
                return self.malformed(f"it refuses to give a token (HTTP {error.status})")


XERO: Final = XeroProvider(
    key="xero",
    name="Xero",
    renew="Reconnect Xero.",
    permit="Reconnect Xero as a user who may see the organisation's invoices and settings.",
)


def _numbered(failure: ProviderError, error: HttpError) -> ProviderError:
    failure.correlation_id = error.headers.get("Xero-Correlation-Id")
    _log.warning(
        "xero_call_failed",
        failure=type(failure).__name__,
        answer=str(error),
        correlation_id=failure.correlation_id,
    )
    return failure


def _says(error: HttpRefused, word: str) -> bool:
    """Whether a word stands in what they say; in whatever spelling of the names, or as text."""
    body = _body(error)
    if body is None:
        return word.lower() in error.body.decode(errors="replace").lower()
    told = (body.get(name) for name in ("type", "title", "detail", "message"))
    return any(word.lower() in text.lower() for text in told if isinstance(text, str))


def _field(error: HttpRefused, name: str) -> str | None:
    found = (_body(error) or {}).get(name)
    return found.strip().lower() if isinstance(found, str) else None


def _body(error: HttpRefused) -> dict[str, Any] | None:
    try:
        body = read_json(error.body)
    except NotJson:
        return None
    return {name.lower(): value for name, value in body.items()} if isinstance(body, dict) else None
