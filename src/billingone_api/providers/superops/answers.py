"""What SuperOps says is wrong, in answers of success too (contract page, 2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from billingone_api.kit.http.bodies import NotJson, read_json
from billingone_api.kit.http.errors import (
    HttpError,
    HttpFailed,
    HttpRateLimited,
    HttpRefused,
)

FORBIDDEN: Final = "forbidden"
NO_SUCH_RECORD: Final = "entity_does_not_exist"
_WINDOW: Final = 60
"""Seconds; tries within one and the same minute were all refused (contract page, 1)."""
_LIMITED: Final = frozenset({"rate_limit_exceeded", "rate_limited"})
# The first is also what they wrap their own codes in.
_BLOWN_UP: Final = frozenset({"datafetchingexception", "internal_error", "internal_server_error"})
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")
# How graphql-java names what it finds wrong with a query, in the midst of its sentences.
_FAULT: Final = re.compile(
    r"SubSelectionNotAllowed|SubSelectionRequired|FieldUndefined|VariableTypeMismatch|WrongType"
    r"|UnknownType|UnknownArgument|MissingFieldArgument|InvalidSyntax"
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """The errors of one answer: their codes in lower case, and what is wrong with the query.

    Their sentences are left out: they repeat what was asked.
    """

    codes: frozenset[str]
    faults: frozenset[str]
    is_limit: bool
    is_blow_up: bool


def complaint(answer: Any) -> Complaint | None:
    """None for an answer without errors; half a page beside an error is no page."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not errors:
        return None
    known = errors if isinstance(errors, list) else [errors]
    codes = frozenset(code for one in known for code in _codes(one))
    words = " ".join(_message(one) for one in known)
    return Complaint(
        codes,
        frozenset(_FAULT.findall(words)),
        is_limit=bool(codes & _LIMITED) or "rate_limit_exceeded" in words,
        is_blow_up=not codes - _BLOWN_UP
        and (bool(codes) or "internal server error" in words.lower()),
    )


def complaint_in(error: HttpError) -> Complaint | None:
    """The same in an answer that was refused by its status."""
    if not isinstance(error, HttpRefused) or error.status != HTTPStatus.BAD_REQUEST:
        return None
    try:
        return complaint(read_json(error.body))
    except NotJson:
        return None


def judged(answer: Any, *, is_patient: bool) -> Any:
    """The answer, unless asking again may bring a better one.

    Who is not patient has another question to ask where they fail at this one.
    """
    found = complaint(answer)
    if found and found.is_limit:
        raise HttpRateLimited("an answer says that we asked too often", retry_after=_WINDOW)
    if found and found.is_blow_up and is_patient:
        raise HttpFailed("an answer says that they failed")
    return answer


def _codes(error: Any) -> Iterator[str]:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    if not isinstance(extensions, dict):
        return
    told = extensions.get("clientError")
    own = told if isinstance(told, list) else [told]
    said = [one.get("code") for one in own if isinstance(one, dict)]
    for code in (*said, extensions.get("code"), extensions.get("classification")):
        if isinstance(code, str) and _CODE.fullmatch(code.strip().lower()):
            yield code.strip().lower()


def _message(error: Any) -> str:
    found = error.get("message") if isinstance(error, dict) else error
    return found if isinstance(found, str) else ""
