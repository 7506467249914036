"""How SuperOps says no: mostly with HTTP 200, a code deep inside, and no message (contract, 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from billingone_api.sandbox.faults import GATEWAY_PAGE
from billingone_api.sandbox.wire import Record, json_response

BLOWN_UP: Final = "Internal Server Error(s) while executing query"

CODES: Final = frozenset(
    {
        "forbidden", "rate_limit_exceeded", "subscription_trial_expired", "subscription_paused",
        "subscription_cancelled", "type_validation_failed", "mandatory_validation_failed",
        "value_length_exceeds_limit", "referred_value_does_not_exist",
        "value_pattern_validation_failed", "dependent_validation_failed",
        "unique_validation_failed", "entity_does_not_exist",
    }
)  # fmt: skip


@dataclass(frozen=True)
class ClientError(Exception):
    """One of SuperOps' codes, with what it is about."""

    code: str
    param: Record = field(default_factory=dict)

    def extensions(self) -> Record:
        return {"clientError": [{"code": self.code, "param": self.param}]}


class BlownUp(Exception):
    """What the server says of itself when one value of a page cannot be written."""


def documented(error: ClientError) -> Response:
    """Without a message, and with nothing in `data`."""
    return json_response({"errors": [{"extensions": error.extensions()}], "data": {}})


def wrapped(error: ClientError) -> Response:
    """As a limit has been met in production: classified, its message null."""
    extensions = {"classification": "DataFetchingException"} | error.extensions()
    return json_response({"errors": [{"message": None, "extensions": extensions}], "data": None})


def classified(word: str) -> Response:
    """As one operation was seen to be throttled: a classification, and no code of their own."""
    return json_response({"errors": [{"extensions": {"classification": word}}], "data": None})


def blown_up(operations: Sequence[str]) -> Response:
    """No path and no extensions either."""
    data = dict.fromkeys(operations)
    return json_response({"errors": [{"message": BLOWN_UP}], "data": data})


def not_at_ingress() -> Response:
    """A subdomain that nobody has: 400 with an empty body, long before GraphQL."""
    return Response(status_code=400)


def unauthorised() -> Response:
    return PlainTextResponse("Unauthorized", status_code=401)


def refusal(status: int, path: str) -> Response:  # noqa: ARG001 - one signature for all third parties
    """What stands before SuperOps speaks HTML, except where it says next to nothing."""
    if status == HTTPStatus.BAD_REQUEST:
        return not_at_ingress()
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthorised()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Response(status_code=429)
    phrase = f"{status} {HTTPStatus(status).phrase}"
    return HTMLResponse(GATEWAY_PAGE.replace("502 Bad Gateway", phrase), status_code=status)
