"""Search words as patterns: each has to be somewhere in the text, whatever its case."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    all_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

_SHORT: Final = 2
"""Words of one or two letters are looked for at the beginning of words: 3M, HP."""


def words_in(lowered_text: ColumnElement[Any], *, name: str = "q") -> ColumnElement[bool]:
    """Every word is in the text; PostgreSQL lowers both sides by the same rules."""
    word = func.unnest(bindparam(name, type_=ARRAY(Text))).column_valued(f"{name}_word")
    lowered = select(func.array_agg(func.lower(word))).scalar_subquery()
    # The cast makes one array of it, worked out once; a bare subquery is run through for each row.
    text = literal_column("' '", Text) + lowered_text
    return text.like(all_(cast(lowered, ARRAY(Text))))


def patterns(words: Iterable[str]) -> list[str]:
    """What `words_in` binds."""
    return [_pattern(word) for word in words]


def _pattern(word: str) -> str:
    literal = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"% {literal}%" if len(word) <= _SHORT else f"%{literal}%"
