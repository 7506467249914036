"""What somebody answered, read as far as we read, and the error that a bad answer is."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from billingone_api.kit.http.bodies import NotJson, read_json, read_up_to
from billingone_api.kit.http.errors import (
    HttpError,
    HttpGarbled,
    HttpOversized,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)

LARGEST_ANSWER: Final = 10 * 1024 * 1024
_LARGEST_REFUSAL: Final = 64 * 1024
_PACKINGS: Final = frozenset({"", "identity", "gzip"})


class Settled(HttpGarbled):
    """Asking again would bring the same: a redirect, a packing that we did not ask for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a host, its body cut where we stopped reading."""

    host: str
    status: int
    body: bytes
    headers: httpx.Headers

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> Any:
        """Raises HttpOversized and HttpGarbled."""
        if len(self.body) > LARGEST_ANSWER:
            raise self._explaining(
                HttpOversized(f"{self.host} sent more than {LARGEST_ANSWER} bytes")
            )
        try:
            return read_json(self.body)
        except NotJson as error:
            garbled = HttpGarbled(f"{self.host} answered {self.status} without JSON")
            raise self._explaining(garbled) from error

    def refusal(self, *, wait: float | None) -> HttpError:
        """The error that a status beside success is; `wait` in seconds, where they said."""
        return self._explaining(self._refusal(wait))

    def _refusal(self, wait: float | None) -> HttpError:
        message = f"{self.host} answered {self.status}"
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return HttpRateLimited(message, retry_after=wait)
        is_theirs = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_theirs or self.status == HTTPStatus.REQUEST_TIMEOUT:
            return HttpUnavailable(message, retry_after=wait)
        if self.status >= HTTPStatus.BAD_REQUEST:
            return HttpRefused(message, status=self.status, body=self.body[:_LARGEST_REFUSAL])
        return Settled(message)

    def _explaining(self, error: HttpError) -> HttpError:
        error.headers = self.headers
        return error


async def read_answer(host: str, response: httpx.Response) -> Answer:
    """Raises Settled for what is packed in a way that we did not ask for."""
    # Each layer of packing multiplies what a chunk expands to, before it can be counted.
    if response.headers.get("Content-Encoding", "").strip().lower() not in _PACKINGS:
        raise Settled(f"{host} packs its answers in a way that we did not ask for")
    limit = LARGEST_ANSWER if response.is_success else _LARGEST_REFUSAL
    body = await read_up_to(limit, response)
    return Answer(host, response.status_code, body, response.headers)
