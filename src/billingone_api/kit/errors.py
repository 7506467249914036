"""Every error a caller can meet, drawn once.

ApiError
├── InvalidRequest 422        (ValidationFailed: with pointers)
├── Unauthenticated 401       token_missing, token_invalid, token_expired, session_revoked,
│                            api_key_invalid
├── Forbidden 403             forbidden, role_unknown, organisation_unknown, organisation_mismatch,
│                            person_required
├── NotFound 404              not_found
├── MethodNotAllowed 405      method_not_allowed
├── Conflict 409              conflict and its kin
├── PreconditionFailed 412    etag_mismatch
├── TooLarge 413              body_too_large
├── UnsupportedMedia 415      unsupported_media_type
├── PreconditionRequired 428  if_match_required
├── TooManyRequests 429       rate_limited
├── Internal 500              internal_error
└── Unavailable 503           unavailable and its kin

Areas subclass these with a code of their own; the code is part of the contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where in a request something is wrong, and in what way.

    `place` is body, query, path or header; `pointer` a JSON pointer into it (a parameter's name
    after the slash). The offending value itself is never echoed.
    """

    place: str
    pointer: str
    code: str
    detail: str


class ApiError(Exception):
    """An error with a status and a stable code, told to the caller as problem+json."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Pointer] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class InvalidRequest(ApiError):
    """The request is well formed but cannot be accepted as it is."""

    status = 422
    code = "invalid_request"
    title = "The request is not valid"


class ValidationFailed(InvalidRequest):
    """Fields of the request break the document's rules; `errors` points at each."""

    code = "validation_failed"
    title = "Some fields are not valid"


class Unauthenticated(ApiError):
    """Nobody we know is calling."""

    status = 401
    code = "token_invalid"
    title = "Sign in through PanelOne"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="billingone"'})


class TokenMissing(Unauthenticated):
    """No bearer token was sent."""

    code = "token_missing"


class TokenExpired(Unauthenticated):
    """The token was good once."""

    code = "token_expired"


class SessionRevoked(Unauthenticated):
    """PanelOne ended this session."""

    code = "session_revoked"


class Forbidden(ApiError):
    """The caller is known and may not."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class RoleUnknown(Forbidden):
    """The token names no role that we know."""

    code = "role_unknown"


class OrganisationUnknown(Forbidden):
    """PanelOne never told us of this organisation."""

    code = "organisation_unknown"


class OrganisationMismatch(Forbidden):
    """The token speaks for another organisation than the request names."""

    code = "organisation_mismatch"


class PersonRequired(Forbidden):
    """Only a signed-in person can do this, not a service."""

    code = "person_required"


class NotFound(ApiError):
    """There is no such thing, or it belongs to somebody else: the answer is the same."""

    status = 404
    code = "not_found"
    title = "Not found"

    def __init__(self, detail: str = "There is nothing at this address.") -> None:
        super().__init__(detail)


class MethodNotAllowed(ApiError):
    """The address exists, this method does not."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class Conflict(ApiError):
    """The request contradicts what is there."""

    status = 409
    code = "conflict"
    title = "This contradicts the current state"


class PreconditionFailed(ApiError):
    """Somebody else changed it first."""

    status = 412
    code = "etag_mismatch"
    title = "It has changed since you read it"


class TooLarge(ApiError):
    """The body is larger than we read."""

    status = 413
    code = "body_too_large"
    title = "The body is too large"

    def __init__(self, detail: str = "Send less at once.") -> None:
        super().__init__(detail)


class UnsupportedMedia(ApiError):
    """The body is not JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "Send JSON"

    def __init__(self, detail: str = "Send a body of type application/json.") -> None:
        super().__init__(detail)


class PreconditionRequired(ApiError):
    """A change of settings must say which version it changes."""

    status = 428
    code = "if_match_required"
    title = "Send If-Match"


class TooManyRequests(ApiError):
    """The caller or their organisation has used up a minute's requests."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"


class Internal(ApiError):
    """An error of ours; the request id finds it in the logs."""


class Unavailable(ApiError):
    """Something we need is away; trying again later helps."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
