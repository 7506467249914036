"""What PanelOne says of a client, read leniently, and of what a client has, read strictly."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from billingone_api.providers.dates import parse_moment
from billingone_api.providers.records import Identifier, Payload, Reject, Text, whole


class ExternalIds(Payload):
    """The same client in other tools; each may be missing."""

    pax8_company_id: Identifier | None = None
    xero_contact_id: Identifier | None = None
    superops_client_id: Identifier | None = None
    tax_number: Text | None = None
    domains: tuple[Text, ...] | None = None


class ClientRecord(Payload):
    """A client of the organisation's; `active` None where PanelOne does not say."""

    id: Identifier
    name: Text | None = None
    active: bool | None = None
    external_ids: ExternalIds | None = None


def _number(value: Any) -> int:
    number = whole(value)
    if number is None:
        raise PydanticCustomError("number", "It is no whole number of 0 or more that can be meant.")
    return number


def _instant(value: Any) -> datetime:
    try:
        moment = parse_moment(value)
    except ValueError as error:
        raise PydanticCustomError("date", str(error)) from error
    if not isinstance(moment, datetime):
        raise PydanticCustomError("date", "It is no instant.")
    return moment


def _number_if_said(value: Any) -> int:
    """Who says nothing of what was left out has left out nothing that anybody knows of."""
    return 0 if value is None else _number(value)


Number = Annotated[int, PlainValidator(_number)]
NumberIfSaid = Annotated[int, PlainValidator(_number_if_said)]


class CountRecord(Payload):
    """How many of a metric a client has, as one source counted them at one instant."""

    client_id: Identifier
    metric: Identifier
    source: Identifier
    count: Number
    excluded: NumberIfSaid = 0
    counted_at: Annotated[datetime, PlainValidator(_instant)]


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Some clients, and where to go on; the last page has no `next_cursor`."""

    records: tuple[ClientRecord, ...]
    rejects: tuple[Reject, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CountPage:
    """Some counts, and where to go on; the last page has no `next_cursor`."""

    records: tuple[CountRecord, ...]
    rejects: tuple[Reject, ...]
    next_cursor: str | None
