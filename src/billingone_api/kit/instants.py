"""Instants on the wire: RFC 3339 with an offset, kept in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator


def _written_out(value: Any) -> Any:
    """A bare number would be read as seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("Should be an instant, RFC 3339.")  # noqa: TRY004 - pydantic's protocol
    return value


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("Should be an instant within the years 1 to 9999 in UTC.") from None


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
