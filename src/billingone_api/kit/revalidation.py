"""Spares a caller what it already has: 304 for the version it names (RFC 9110, 13.1.2)."""

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
_OK: Final = 200
_NOT_MODIFIED: Final = 304


class Revalidation:
    """Turns a tagged 200 into a 304 where `If-None-Match` names the same tag.

    The answer has been worked out by then, so that whoever may not see it learns nothing by it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = _named(scope)
        if not named:
            await self.app(scope, receive, send)
            return
        is_known = False

        async def send_news(message: Message) -> None:
            nonlocal is_known
            if message["type"] == "http.response.start":
                is_known = _is_known(message, named)
                if is_known:
                    message = _unchanged(message)
            elif is_known:
                message = {**message, "body": b""}
            await send(message)

        await self.app(scope, receive, send_news)


def _named(scope: Scope) -> frozenset[str]:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return frozenset()
    said = Headers(scope=scope).get("if-none-match", "")
    return frozenset({"*"} if said.strip() == "*" else _TAG.findall(said))


def _is_known(message: Message, named: frozenset[str]) -> bool:
    tag = Headers(raw=message["headers"]).get("etag")
    found = _TAG.fullmatch(tag or "")
    return message["status"] == _OK and found is not None and not named.isdisjoint({found[1], "*"})


def _unchanged(message: Message) -> Message:
    """Without what describes a body; tag and caching stay, as RFC 9110, 15.4.5 asks."""
    kept = {**message, "status": _NOT_MODIFIED, "headers": list(message["headers"])}
    headers = MutableHeaders(scope=kept)
    for name in ("content-length", "content-type"):
        del headers[name]
    return kept
