"""Our own words in SQL: written out, so that statements share their plans and planners see them."""

from sqlalchemy import ColumnElement, Text, literal_column


def word(text: str) -> ColumnElement[str]:
    """A constant of the program's; what comes from outside is bound, never written out."""
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text)
