"""What can go wrong on the way out, drawn once.

HttpError
├── HttpUnavailable    nobody answered, or only a gateway did: time-outs, broken lines, 5xx
│   ├── HttpGarbled    an answer that is not JSON or is cut short
│   ├── HttpFailed     an answer of success that says nothing but that they failed
│   └── CircuitOpen    not even asked, because nobody answered lately
├── HttpOversized      an answer that is larger than we read
├── HttpRateLimited    429: too many requests, and for how long not to ask
└── HttpRefused        any other 4xx: its status, and its body for those who know its words

None of them shows a header, a query or a body when printed: hosts and statuses only.
"""

from collections.abc import Mapping
from types import MappingProxyType


class HttpError(Exception):
    """A request that brought no usable answer; `headers` are those of the answer, if there was one.

    They are read by any spelling of their names, and never printed.
    """

    headers: Mapping[str, str] = MappingProxyType({})


class HttpUnavailable(HttpError):
    """Asking again later may help; `retry_after` is in seconds, where they said."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HttpGarbled(HttpUnavailable):
    """There was an answer, and it cannot be read."""


class HttpFailed(HttpUnavailable):
    """They are there: one question that they fail at does not count as their silence."""


class CircuitOpen(HttpUnavailable):
    """The breaker spares both sides a request that would only wait for its time-out.

    Asking again at once is refused again: `retry_after` says when one request is let through.
    """


class HttpOversized(HttpError):
    """Asking again would bring the same; asking for less may not."""


class HttpRateLimited(HttpError):
    """We asked too often; `retry_after` is in seconds, None where they did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HttpRefused(HttpError):
    """They understood and declined; the body is theirs, cut at 64 KB, and never printed."""

    def __init__(self, message: str, *, status: int, body: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
