"""Versions of a resource on the wire: ETag and If-Match (RFC 9110, 8.8.3 and 13.1)."""

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import Header, Response

from billingone_api.kit.errors import PreconditionFailed, PreconditionRequired

# A version is an integer of PostgreSQL; what follows the hyphen is state, see `tag_with_state`.
_VERSION: Final = re.compile(r'(?:W/)?"([0-9]{1,9})(?:-[^"]*)?"')
_DIGITS_OF_STATE: Final = 16
CACHING: Final = "private, no-cache"

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The `ETag` of the version you read; 428 without it, 412 when it is stale.",
    ),
]
OptionalIfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The `ETag` of the version you read, if it matters; 412 when it is stale.",
    ),
]


def tagged(*, is_read: bool = True) -> dict[int | str, dict[str, Any]]:
    """What a route that tags its answer says of it in the document."""
    tag = {"description": "Names this version.", "schema": {"type": "string"}}
    answer: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": tag}}}
    if not is_read:
        return answer
    unchanged = "Nothing changed since the version that `If-None-Match` names."
    return answer | {304: {"description": unchanged, "headers": {"ETag": tag}}}


def etag(version: int | str) -> str:
    return f'"{version}"'


def tag(response: Response, *, version: int | str) -> None:
    response.headers["ETag"] = etag(version)
    response.headers["Cache-Control"] = CACHING


def digest(state: str) -> str:
    """A version for what is put together from many rows, where none of them has one that tells."""
    return hashlib.sha256(state.encode()).hexdigest()[:_DIGITS_OF_STATE]


def tag_with_state(response: Response, *, version: int, state: str) -> None:
    """For what also moves by itself: that is news to who reads, and no conflict to who writes.

    `If-Match` asks for the version alone, `If-None-Match` for version and state.
    """
    tag(response, version=f"{version}-{digest(state)}")


def expected_version(if_match: str | None) -> int | None:
    """The version a change is meant for; None for `*`, which is whatever is there.

    Raises PreconditionRequired without the header, PreconditionFailed for what is no tag of ours.
    """
    if if_match is None:
        raise PreconditionRequired("Read it first, then send its ETag as If-Match.")
    if if_match.strip() == "*":
        return None
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise stale()
    return int(found[1])


def stale() -> PreconditionFailed:
    return PreconditionFailed("Somebody changed it since you read it: read it again.")
