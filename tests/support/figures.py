"""Figures that tests print: what the README's table of promises quotes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import pytest

_KIND = "figure"
_TALLY = "tally"
Tally = Callable[[str, int, str], None]
"""Takes a sentence with two gaps, how much to add to the first, and of what to count for the other:
`19: {} requests to {} operations`."""
Figure = Callable[[str], None]
"""Takes a sentence such as `1: 214 malformed and forged tokens got 401`, promise first."""


def figure_for(request: pytest.FixtureRequest) -> Figure:
    def print_later(sentence: str) -> None:
        request.node.user_properties.append((_KIND, sentence))

    return print_later


def tally_for(request: pytest.FixtureRequest) -> Tally:
    def add_later(sentence: str, amount: int, of: str) -> None:
        request.node.user_properties.append((_TALLY, (sentence, amount, of)))

    return add_later


def summary(reporter: pytest.TerminalReporter) -> None:
    """At the end of a run, whichever worker measured them: a test that failed prints none."""
    sentences = sorted([*_sentences(reporter), *_tallies(reporter)], key=_promise)
    if sentences:
        reporter.section("promises: what was measured")
        for sentence in sentences:
            reporter.write_line(sentence)


def _sentences(reporter: pytest.TerminalReporter) -> Iterator[str]:
    for report in reporter.getreports("passed"):
        if report.when == "call":
            yield from (text for kind, text in report.user_properties if kind == _KIND)


def _tallies(reporter: pytest.TerminalReporter) -> Iterator[str]:
    amounts: Counter[str] = Counter()
    things: dict[str, set[str]] = defaultdict(set)
    for report in reporter.getreports("passed"):
        for kind, value in report.user_properties if report.when == "call" else ():
            if kind == _TALLY:
                sentence, amount, of = value
                amounts[sentence] += amount
                things[sentence].add(of)
    for sentence, amount in amounts.items():
        yield sentence.format(f"{amount:,}", len(things[sentence]))


def _promise(sentence: str) -> tuple[int, str]:
    number = sentence.partition(":")[0]
    return (int(number) if number.isdecimal() else 0, sentence)
