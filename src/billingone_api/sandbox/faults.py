"""Faults switched on by a script or for one request: what third parties do on a bad day."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Self

from starlette.responses import HTMLResponse, Response

from billingone_api.sandbox.wire import Record, decode, encode

HEADER: Final = "X-Sandbox-Fault"

GATEWAY_PAGE: Final = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)
_GARBAGE: Final = b'{"content":[{"id":"\xff\xfe\x00'


class UnknownFault(ValueError):
    """No fault is called so; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, written as a word with an optional argument.

    `429`, `503:7` (status, Retry-After) · `html:200` (a gateway's page, 502 by default) ·
    `garbage` · `half_body` · `empty_list` · `short_page` · `duplicate` · `drop` (the connection
    ends in mid-body) · `delay:2.5` (seconds) · `shift` (the list moves before it is read).
    """

    word: str
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        word, _, argument = str(text).partition(":")
        if not _is_status(word) and word not in _WORDS:
            raise UnknownFault(f"{text!r} is no fault; known: a status from 400 to 599, {_LISTED}")
        if argument and not argument.replace(".", "", 1).isdigit():
            raise UnknownFault(f"{text!r}: what follows the colon is a number")
        return cls(word, argument)

    @property
    def status(self) -> int | None:
        return int(self.word) if _is_status(self.word) else None

    @property
    def seconds(self) -> float:
        return float(self.argument or 1) if self.word == "delay" else 0.0

    def replacement(self) -> Response | None:
        """What is answered instead of asking the third party, where this fault does so."""
        if self.word == "html":
            return HTMLResponse(GATEWAY_PAGE, status_code=int(self.argument or 502))
        if self.word == "garbage":
            return Response(_GARBAGE, media_type="application/json")
        return None

    def spoil(self, body: bytes) -> bytes:
        """The third party's answer after this fault has been at it."""
        change = _CHANGES.get(self.word)
        return body if change is None else change(body)

    def __str__(self) -> str:
        return f"{self.word}:{self.argument}" if self.argument else self.word


@dataclass(slots=True)
class FaultRule:
    """A fault for requests that match: it spares the first `after`, then hits `times` of them.

    `path` is a pattern with `*` for the path below the third party's own address, as
    `/v1/subscriptions*`; `times` None never ends.
    """

    fault: Fault
    provider: str = "*"
    method: str = "*"
    path: str = "*"
    after: int = 0
    times: int | None = 1
    seen: int = 0

    def matches(self, provider: str, method: str, path: str) -> bool:
        return (
            self.provider in {"*", provider}
            and self.method.upper() in {"*", method}
            and fnmatchcase(path, self.path)
        )

    def strikes(self) -> bool:
        """Counts one matching request and says whether the fault hits it."""
        self.seen += 1
        turn = self.seen - self.after
        return turn > 0 and (self.times is None or turn <= self.times)

    def as_record(self) -> Record:
        return {
            "fault": str(self.fault),
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "after": self.after,
            "times": self.times,
            "seen": self.seen,
        }


class Faults:
    """The script of a bad day: the first rule that matches and is due strikes."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []

    @property
    def rules(self) -> tuple[FaultRule, ...]:
        return tuple(self._rules)

    def add(
        self,
        fault: str,
        *,
        provider: str = "*",
        method: str = "*",
        path: str = "*",
        after: int = 0,
        times: int | None = 1,
    ) -> FaultRule:
        """A new rule at the end of the script; UnknownFault where the word is none."""
        rule = FaultRule(
            Fault.parse(fault),
            provider=provider,
            method=method,
            path=path,
            after=after,
            times=times,
        )
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        self._rules.clear()

    def due(self, provider: str, method: str, path: str) -> Fault | None:
        for rule in self._rules:
            if rule.matches(provider, method, path) and rule.strikes():
                return rule.fault
        return None


def _is_status(word: str) -> bool:
    return len(word) == 3 and word.isdecimal() and word[0] in "45"  # noqa: PLR2004 - three digits


def _half_body(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _on_list(change: Callable[[list[Any]], list[Any]]) -> Callable[[bytes], bytes]:
    """A change of the list in an answer; an answer without one stays as it is."""

    def changed(body: bytes) -> bytes:
        answer = decode(body)
        listing = _listing(answer)
        lists = {name: change(rows) for name, rows in listing.items() if isinstance(rows, list)}
        listing |= lists
        return encode(answer) if lists else body

    return changed


def _listing(answer: Any) -> Record:
    """Where an answer's list stands: at its top, or below `data` and the name of an operation."""
    if not isinstance(answer, dict):
        return {}
    data = answer.get("data")
    if not isinstance(data, dict):
        return answer
    return next((one for one in data.values() if isinstance(one, dict) and "listInfo" in one), {})


def _empty_list(body: bytes) -> bytes:
    """No rows, and a page block that says so with a straight face."""
    answer = decode(_on_list(lambda _: [])(body))
    if isinstance(answer, dict) and isinstance(answer.get("page"), dict):
        answer["page"] |= {"totalElements": 0, "totalPages": 0}
    if isinstance(answer, dict) and isinstance(answer.get("pagination"), dict):
        answer["pagination"] |= {"itemCount": 0, "pageCount": 0}
    if isinstance(answer, dict) and "next_cursor" in answer:
        answer["next_cursor"] = None
    if "listInfo" in _listing(answer):
        _listing(answer)["listInfo"] |= {"totalCount": 0, "hasMore": None}
    return encode(answer)


_CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "half_body": _half_body,
    "empty_list": _empty_list,
    "short_page": _on_list(lambda rows: rows[: len(rows) // 2]),
    "duplicate": _on_list(lambda rows: rows + rows[:1]),
}
_WORDS: Final = frozenset({*_CHANGES, "html", "garbage", "drop", "delay", "shift"})
_LISTED: Final = ", ".join(sorted(_WORDS))
