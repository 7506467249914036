"""What is read of a request's body: so many bytes, and JSON that any reader understands alike."""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billingone_api.kit import problems
from billingone_api.kit.errors import InvalidRequest, Pointer, TooLarge
from billingone_api.kit.structure import is_deeper, outside_of_text
from billingone_api.kit.text import storable

DEEPEST: Final = 32
_UNREADABLE: Final = "The body could not be read as JSON."
_BEYOND_ALL_MEASURE: Final = re.compile(rb"NaN|Infinity|[eE]\+?\d{3}|\d{300}")


class Bodies:
    """Refuses a body of more than `limit` bytes, or of JSON that Python alone would take.

    FastAPI's own limit stands outside every other middleware: its refusal would be plain text,
    without the headers by which a browser may read it. And its parser takes NaN, 1e400, half
    characters and bottomless nesting, each of which fails somewhere further in. The paths of
    `larger` have limits of their own. At the paths `by_row` text is left to the route, which reads
    its rows one by one: a bad one spoils no other. At the paths `raw` nothing is parsed before the
    route has judged the bytes by their signature.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        by_row: Collection[str] = (),
        raw: Collection[str] = (),
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger or {}
        self.by_row = by_row
        self.raw = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.limit)
        if _declared(scope) > limit:
            refusal = problems.response(TooLarge(), request_id=problems.request_id(scope))
            await refusal(scope, receive, send)
        else:
            is_json = problems.is_json(Headers(scope=scope).get("content-type"))
            judged = is_json and scope["path"] not in self.raw
            with_text = scope["path"] not in self.by_row
            watched = _watched(receive, limit=limit, judged=judged, with_text=with_text)
            await self.app(scope, watched, send)


def _watched(receive: Receive, *, limit: int, judged: bool, with_text: bool) -> Receive:
    body = bytearray()

    async def watched() -> Message:
        message = await receive()
        body.extend(message.get("body", b""))
        if len(body) > limit:
            raise TooLarge
        if judged and message["type"] == "http.request" and not message.get("more_body"):
            judge(bytes(body), with_text=with_text)
        return message

    return watched


def judge(body: bytes, *, with_text: bool = True) -> None:
    """Raises InvalidRequest for JSON that is not plain; what is no JSON at all may pass."""
    if is_deeper(body, than=DEEPEST):
        raise InvalidRequest(f"The body nests deeper than {DEEPEST} levels.")
    if _is_suspect(body):
        flaws = list(_flaws(_parsed(body), with_text=with_text))
        if flaws:
            raise problems.validation_failed(flaws)


def _is_suspect(body: bytes) -> bool:
    """Without an escape no text is unstorable; NUL is in UTF-16, never in JSON as it is sent."""
    if b"\\u" in body or b"\0" in body:
        return True
    return _BEYOND_ALL_MEASURE.search(outside_of_text(body)) is not None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except ValueError:
        raise InvalidRequest(_UNREADABLE) from None


def _flaws(value: Any, pointer: str = "", *, with_text: bool) -> Iterator[Pointer]:
    if isinstance(value, dict):
        for name, member in value.items():
            step = f"{pointer}/{problems.escaped(name)}"
            yield from _flaws(name, step, with_text=with_text)
            yield from _flaws(member, step, with_text=with_text)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flaws(item, f"{pointer}/{index}", with_text=with_text)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Pointer("body", pointer, "finite_number", "Should be a finite number.")
    elif with_text and isinstance(value, str):
        yield from _text_flaws(value, pointer)


def _text_flaws(text: str, pointer: str) -> Iterator[Pointer]:
    try:
        storable(text)
    except ValueError as error:
        yield Pointer("body", pointer, "value_error", str(error))


def _declared(scope: Scope) -> int:
    """What Content-Length says; 0 where it says nothing that is a number."""
    said = Headers(scope=scope).get("content-length", "")
    # Python refuses to read a number of thousands of digits; so many already are too many bytes
    return int(said[:20]) if said.isascii() and said.isdigit() else 0
