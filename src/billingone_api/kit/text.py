"""Text that PostgreSQL can keep."""


def storable(value: str | None) -> str | None:
    """Refuse NUL and lone surrogates, which neither JSON's other readers nor PostgreSQL take."""
    if value is None:
        return None
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("Must not contain NUL or unpaired surrogates.")
    return value
