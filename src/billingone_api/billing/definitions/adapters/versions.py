"""What changed of a record when, from its versions as they were read: the newest first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from billingone_api.database.fast import Row

MOST_VERSIONS: Final = 200
"""As many changes of one record are told; one more is read, to know whether these are all."""


def history(versions: Sequence[Row], facts: Sequence[str]) -> list[dict[str, Any]]:
    """Each version with what it changed of the one before it; the very first changed nothing."""
    told = [
        _version(newer, list(_changes(older, newer, facts))) for newer, older in pairwise(versions)
    ]
    return told + [_version(row, []) for row in versions[-1:] if is_complete(versions)]


def is_complete(versions: Sequence[Row]) -> bool:
    return len(versions) <= MOST_VERSIONS


def _version(row: Row, changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": row["version"], "seen_at": row["seen_at"], "changes": changes}


def _changes(older: Row, newer: Row, facts: Sequence[str]) -> Iterator[dict[str, Any]]:
    for fact in facts:
        if older[fact] != newer[fact]:
            yield {"fact": fact, "before": _said(older[fact]), "after": _said(newer[fact])}


def _said(value: Any) -> str | None:
    """A fact as it stands elsewhere in JSON, but always as text."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return str(value)
