"""Xero's `where`: comparisons in the manner of C#, joined by AND and OR, in parentheses."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from billingone_api.sandbox.xero.wire import milliseconds

Getter = Callable[[str], Any]
Test = Callable[[Getter], bool]

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)'
    r"|(?P<sign>==|!=|>=|<=|&&|\|\||[<>()=,]))"
)
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "=": operator.eq, "!=": operator.ne,
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_METHODS: Final[dict[str, Callable[[str, str], bool]]] = {
    "Contains": operator.contains, "StartsWith": str.startswith, "EndsWith": str.endswith,
}  # fmt: skip
_CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}


class BadWhere(ValueError):
    """No filter that Xero understands."""


@dataclass(frozen=True, slots=True)
class Where:
    """A filter ready to be asked; two are the same where their text is.

    `fields` are the paths it reads; `either` says that it joins by OR, which Xero finds slow.
    """

    text: str
    test: Test = field(compare=False, repr=False)
    fields: frozenset[str] = field(compare=False)
    either: bool = field(compare=False)


def parse(text: str) -> Where:
    reader = _Reader(_tokens(text))
    test = reader.alternatives()
    reader.expect_the_end()
    return Where(text, test, frozenset(reader.fields), reader.either)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    rest = text.rstrip()
    while position < len(rest):
        found = _TOKEN.match(rest, position)
        if found is None:
            raise BadWhere(f"Syntax error (at index {position})")
        tokens.append(found[found.lastgroup or 0])
        position = found.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self.fields: set[str] = set()
        self.either = False

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._next_is("OR", "||"):
            self.either = True
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda get: any(test(get) for test in tests)

    def expect_the_end(self) -> None:
        if self._tokens:
            raise BadWhere(f"Syntax error at {self._tokens[0]}")

    def _conjunction(self) -> Test:
        tests = [self._comparison()]
        while self._next_is("AND", "&&"):
            tests.append(self._comparison())
        return tests[0] if len(tests) == 1 else lambda get: all(test(get) for test in tests)

    def _comparison(self) -> Test:
        if self._next_is("("):
            inner = self.alternatives()
            self._take(")")
            return inner
        path = self._take()
        owner, _, method = path.rpartition(".")
        if method in _METHODS:
            return self._call(owner, method)
        self.fields.add(path)
        compare = _COMPARISONS.get(self._take())
        if compare is None or not path[0].isalpha():
            raise BadWhere(f"'{path}' is compared with nothing")
        return _compared(path, compare, self._literal())

    def _call(self, path: str, method: str) -> Test:
        self.fields.add(path)
        self._take("(")
        part = self._literal()
        self._take(")")
        return lambda get: _METHODS[method](str(get(path) or ""), str(part))

    def _literal(self) -> Any:
        token = self._take()
        if token[0] == '"':
            return token[1:-1]
        if token.lower() in _CONSTANTS:
            return _CONSTANTS[token.lower()]
        if token.lower() in {"guid", "datetime"}:
            return self._made(token.lower())
        try:
            return float(token)
        except ValueError as error:
            raise BadWhere(f"'{token}' is no value") from error

    def _made(self, what: str) -> Any:
        """`guid("…")`, and `DateTime(2026,01,31)` as milliseconds of UTC."""
        self._take("(")
        parts = [self._literal()]
        while self._next_is(","):
            parts.append(self._literal())
        self._take(")")
        if what == "guid":
            return str(parts[0]).lower()
        try:
            return milliseconds(datetime(*map(int, parts), tzinfo=UTC))  # type: ignore[misc,arg-type] # years to seconds, in their order
        except (TypeError, ValueError) as error:
            raise BadWhere("No applicable constructor exists in type 'DateTime'") from error

    def _take(self, wanted: str | None = None) -> str:
        if not self._tokens or wanted not in {None, self._tokens[0]}:
            raise BadWhere(f"'{wanted or 'Expression'}' expected")
        return self._tokens.pop(0)

    def _next_is(self, *words: str) -> bool:
        if self._tokens and self._tokens[0].upper() in words:
            self._tokens.pop(0)
            return True
        return False


def _compared(path: str, compare: Callable[[Any, Any], Any], wanted: Any) -> Test:
    def test(get: Getter) -> bool:
        value = get(path)
        if value is None or wanted is None:
            return compare in {operator.eq, operator.ne} and bool(compare(value, wanted))
        if isinstance(value, dict):
            return False
        if isinstance(value, str) is not isinstance(wanted, str):
            raise BadWhere(f"'{path}' is of another type than what it is compared with")
        return bool(compare(value, wanted))

    return test
