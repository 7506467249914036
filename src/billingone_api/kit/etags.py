"""Versions of a resource on the wire: ETag and If-Match (RFC 9110, 8.8.3 and 13.1)."""

import re
from typing import Annotated, Final

from fastapi import Header, Response

from billingone_api.kit.errors import PreconditionFailed, PreconditionRequired

_TAGS: Final = re.compile(r'(?:W/)?"([^"]*)"')
CACHING: Final = "private, no-cache"

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The `ETag` of the version you read; 428 without it, 412 when it is stale.",
    ),
]


def etag(version: int) -> str:
    return f'"{version}"'


def tag(response: Response, *, version: int) -> None:
    response.headers["ETag"] = etag(version)
    response.headers["Cache-Control"] = CACHING


def expected_version(if_match: str | None) -> int | None:
    """The version a change is meant for; None for `*`, which is whatever is there.

    Raises PreconditionRequired without the header, PreconditionFailed for what is no tag of ours.
    """
    if if_match is None:
        raise PreconditionRequired("Read it first, then send its ETag as If-Match.")
    if if_match.strip() == "*":
        return None
    found = _TAGS.fullmatch(if_match.strip())
    if found is None or not found[1].isascii() or not found[1].isdecimal() or len(found[1]) > 9:  # noqa: PLR2004 - an integer of PostgreSQL
        raise stale()
    return int(found[1])


def stale() -> PreconditionFailed:
    return PreconditionFailed("Somebody changed it since you read it: read it again.")
