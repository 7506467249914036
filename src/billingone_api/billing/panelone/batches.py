"""Reads a batch row by row, so that a bad one spoils no other, and tells what became of each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from billingone_api.billing.clients.models import MasterRecord, PushStatus
from billingone_api.billing.panelone.schemas import ClientRow, RowResult, RowStatus
from billingone_api.kit import problems
from billingone_api.kit.errors import ApiError

Reading = MasterRecord | RowResult


def read(rows: Sequence[Any], *, request_id: str) -> list[Reading]:
    """Each row as a record, or what is wrong with it, in the order of the rows."""
    return [_read(row, at, request_id) for at, row in enumerate(rows)]


def records(readings: Iterable[Reading]) -> list[MasterRecord]:
    return [reading for reading in readings if isinstance(reading, MasterRecord)]


def results(readings: Iterable[Reading], statuses: Iterable[PushStatus]) -> Iterator[RowResult]:
    """`statuses` are those of the records, in their order."""
    coming = iter(statuses)
    for reading in readings:
        if isinstance(reading, RowResult):
            yield reading
        else:
            yield RowResult(id=reading.id, status=RowStatus(next(coming)), error=None)


def _read(row: Any, at: int, request_id: str) -> Reading:
    try:
        parsed = ClientRow.model_validate(row)
    except ValidationError as error:
        told = problems.body(flaw(error, "clients", at), request_id=request_id)
        return RowResult(id=id_in(row, "id"), status=RowStatus.INVALID, error=told)
    return parsed.record(parsed.id)


def flaw(error: ValidationError, member: str, at: int) -> ApiError:
    """What is wrong with a row, with pointers that lead into the whole body."""
    found = [{**one, "loc": ("body", member, at, *one["loc"])} for one in error.errors()]
    return problems.from_validation(found, content_type="application/json")


def id_in(row: Any, name: str) -> UUID | None:
    """The id by which a row that cannot be read may be found again."""
    named = row.get(name) if isinstance(row, dict) else None
    try:
        return UUID(named) if isinstance(named, str) else None
    except ValueError:
        return None
