"""The next answers broken by a script: a code, a blow-up, or nothing where data was."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from starlette.responses import Response

from billingone_api.sandbox.superops.refusals import (
    CODES,
    ClientError,
    blown_up,
    documented,
    wrapped,
)
from billingone_api.sandbox.wire import Record, json_response

WORDS: Final = CODES | {"wrapped_rate_limit", "internal", "no_data", "empty_data"}


@dataclass(slots=True)
class Mishap:
    """For requests of an operation (`*`: any): it spares `after`, then hits `times` (None: all)."""

    how: str
    operation: str = "*"
    after: int = 0
    times: int | None = 1
    seen: int = 0

    def strikes(self, operations: Sequence[str]) -> bool:
        if self.operation != "*" and self.operation not in operations:
            return False
        self.seen += 1
        turn = self.seen - self.after
        return turn > 0 and (self.times is None or turn <= self.times)

    def response(self, operations: Sequence[str]) -> Response:
        match self.how:
            case "internal":
                return blown_up(operations)
            case "no_data":
                return json_response({"data": dict.fromkeys(operations)})
            case "empty_data":
                return json_response({"data": {}})
            case "wrapped_rate_limit":
                return wrapped(ClientError("rate_limit_exceeded"))
            case code:
                return documented(ClientError(code))


class Mishaps:
    """The first that is due strikes."""

    def __init__(self) -> None:
        self._all: list[Mishap] = []

    def add(self, mishap: Mishap) -> None:
        if mishap.how not in WORDS:
            raise ValueError(f"how: one of {', '.join(sorted(WORDS))}")
        self._all.append(mishap)

    def clear(self) -> None:
        self._all.clear()

    def due(self, operations: Sequence[str]) -> Response | None:
        for mishap in self._all:
            if mishap.strikes(operations):
                return mishap.response(operations)
        return None

    def records(self) -> list[Record]:
        return [asdict(mishap) for mishap in self._all]
