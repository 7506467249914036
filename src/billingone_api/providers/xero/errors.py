"""What Xero does beside the errors of every third party, each a kind of one of those.

CredentialsRejected
├── InvalidGrant      a code or refresh token that is spent, expired or revoked: consent anew
└── ClientRejected    the app's own client id or secret is wrong: nobody's consent helps
PermissionDenied
├── ScopeMissing      the consent does not cover what was asked (401 AuthorizationUnsuccessful)
├── ScopeRefused      Xero does not give this app a scope it asks for: the whole consent fails
└── TenantLost        this organisation is no longer connected to us (403); the others may be
ProviderRateLimited
└── LimitReached      with the limit that was hit
MalformedAnswer
├── FilterRefused     so many records that Xero asks for another filter (HighVolumeException)
└── AnswerTooLarge    more than we read at once: a smaller page may do
"""

from enum import StrEnum

from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderRateLimited,
)


class Limit(StrEnum):
    """Which limit was hit: 60 a minute, 5,000 a day (or 1,000), 5 at once; or the app's own."""

    MINUTE = "minute"
    DAY = "day"
    CONCURRENT = "concurrent"
    APP_MINUTE = "appminute"


class InvalidGrant(CredentialsRejected):
    """One look at the stored token first: another process may have rotated it meanwhile."""


class ClientRejected(CredentialsRejected):
    """The tokens may be good; the app they were made for cannot prove itself."""


class ScopeMissing(PermissionDenied):
    """A new token of the same consent would be refused as well: nothing is tried again."""


class ScopeRefused(PermissionDenied):
    """One scope too many fails them all."""


class TenantLost(PermissionDenied):
    """Disconnected inside Xero, the user's role withdrawn, the organisation deleted or reset.

    The token is good and other organisations of the same consent may well be read.
    """


class LimitReached(ProviderRateLimited):
    """`retry_after` is in seconds, hours of them for the day's limit: park, never sleep."""

    def __init__(
        self, sentence: str, *, provider: str, limit: Limit, retry_after: float | None = None
    ) -> None:
        super().__init__(sentence, provider=provider, retry_after=retry_after)
        self.limit = limit


class FilterRefused(MalformedAnswer):
    """The same list without a filter is answered."""


class AnswerTooLarge(MalformedAnswer):
    """A page of so many bytes that we stopped reading."""
