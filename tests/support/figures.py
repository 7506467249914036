"""Figures that tests print: what the README's table of promises quotes."""

from collections.abc import Callable, Iterator

import pytest

_KIND = "figure"
Figure = Callable[[str], None]
"""Takes a sentence such as `1: 214 malformed and forged tokens got 401`, promise first."""


def figure_for(request: pytest.FixtureRequest) -> Figure:
    def print_later(sentence: str) -> None:
        request.node.user_properties.append((_KIND, sentence))

    return print_later


def summary(reporter: pytest.TerminalReporter) -> None:
    """At the end of a run, whichever worker measured them: a test that failed prints none."""
    sentences = sorted(_sentences(reporter), key=_promise)
    if sentences:
        reporter.section("promises: what was measured")
        for sentence in sentences:
            reporter.write_line(sentence)


def _sentences(reporter: pytest.TerminalReporter) -> Iterator[str]:
    for report in reporter.getreports("passed"):
        if report.when == "call":
            yield from (text for kind, text in report.user_properties if kind == _KIND)


def _promise(sentence: str) -> tuple[int, str]:
    number = sentence.partition(":")[0]
    return (int(number) if number.isdecimal() else 0, sentence)
