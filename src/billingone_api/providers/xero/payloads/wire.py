"""The kinds of field that Xero's records are made of.

Each field but a record's own id may be missing, null or blank; enums are plain text; fields that
we have no use for, new ones and misspelt ones (`TaxNumbeType`) are passed over.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AliasGenerator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from billingone_api.providers.records import LONGEST_ID, LongText, Payload, Text
from billingone_api.providers.xero.dates import parse_day, parse_instant, parse_moment

T = TypeVar("T")

_WITHOUT_NUL: Final = r"^[^\x00]*$"
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_INITIALS: Final = {"id": "ID", "utc": "UTC"}


def _in_pascal_case(field: str) -> str:
    return "".join(_INITIALS.get(word) or word.capitalize() for word in field.split("_"))


class XeroPayload(Payload):
    """A record of the accounting API: `InvoiceID`, `UpdatedDateUTC`."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=_in_pascal_case))


class CamelPayload(Payload):
    """A record of the connections and of the webhooks: `tenantId`."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))


def _unless_empty(value: Any) -> Any:
    # Empty text is Xero's usual way to leave a field out: here it must cost next to nothing.
    return None if value == "" else value


def _unless_nobody(value: Any) -> Any:
    return None if value == _NOBODY else _unless_empty(value)


def _unless_null(value: Any) -> Any:
    return () if value is None else value


def _dated(parse: Callable[[Any], T]) -> Callable[[Any], T]:
    def parsed(value: Any) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise PydanticCustomError("date", str(error)) from error

    return parsed


Guid = Annotated[
    str,
    StringConstraints(
        strip_whitespace=False,
        to_lower=True,
        min_length=1,
        max_length=LONGEST_ID,
        pattern=_WITHOUT_NUL,
    ),
]
"""In lower case whoever wrote it: ids are compared across lists and webhooks."""
OtherGuid = Annotated[Guid | None, BeforeValidator(_unless_nobody)]
"""Another record's id; all zeros are none."""
Words = Annotated[Text | None, BeforeValidator(_unless_empty)]
Prose = Annotated[LongText | None, BeforeValidator(_unless_empty)]
Flag = Annotated[bool | None, BeforeValidator(_unless_empty)]
"""True, false, and the same in quotes."""
Many = Annotated[tuple[T, ...], BeforeValidator(_unless_null)]
"""A list; null is an empty one."""
Day = Annotated[date | None, PlainValidator(_dated(parse_day))]
Instant = Annotated[datetime | None, PlainValidator(_dated(parse_instant))]
Moment = Annotated[datetime, PlainValidator(_dated(parse_moment))]
"""An instant that cannot be done without."""


class Updated(XeroPayload):
    """A record that says when it last changed."""

    updated_date_utc: Instant = None
    updated_date_utc_string: Instant = None

    @property
    def updated_at(self) -> datetime | None:
        """To the millisecond, or where that is missing to the second."""
        return self.updated_date_utc or self.updated_date_utc_string


class Dated(XeroPayload):
    """A record with a day, told once as text (missing in Xero's schema) and once wrapped."""

    date_string: Day = None
    wrapped_date: Day = Field(default=None, validation_alias="Date")

    @property
    def day(self) -> date | None:
        return self.date_string or self.wrapped_date
