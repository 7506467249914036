"""Reads a batch of counts row by row, and tells what became of each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from billingone_api.billing.clients.models import PushStatus
from billingone_api.billing.counts.models import Count
from billingone_api.billing.panelone.batches import flaw, id_in
from billingone_api.billing.panelone.count_schemas import CountResult, CountRow
from billingone_api.billing.panelone.schemas import RowStatus
from billingone_api.kit import problems
from billingone_api.kit.errors import ApiError

Reading = Count | CountResult


def read(rows: Sequence[Any], *, request_id: str) -> list[Reading]:
    """Each row as a count, or what is wrong with it, in the order of the rows."""
    return [_read(row, at, request_id) for at, row in enumerate(rows)]


def counts(readings: Iterable[Reading]) -> list[Count]:
    return [reading for reading in readings if isinstance(reading, Count)]


def results(
    readings: Iterable[Reading], kept: Iterable[PushStatus | ApiError], *, request_id: str
) -> Iterator[CountResult]:
    """`kept` says of the counts, in their order, what became of them."""
    coming = iter(kept)
    for reading in readings:
        if isinstance(reading, CountResult):
            yield reading
            continue
        did, key = next(coming), reading.key
        if isinstance(did, ApiError):
            error = problems.body(did, request_id=request_id)
            yield _invalid(key.client_id, key.metric, error)
        else:
            yield CountResult(
                client_id=key.client_id, metric=key.metric, status=RowStatus(did), error=None
            )


def _read(row: Any, at: int, request_id: str) -> Reading:
    try:
        return CountRow.model_validate(row).counted()
    except ValidationError as error:
        told = problems.body(flaw(error, "counts", at), request_id=request_id)
        return _invalid(id_in(row, "client_id"), None, told)


def _invalid(client_id: Any, metric: str | None, error: dict[str, Any]) -> CountResult:
    return CountResult(client_id=client_id, metric=metric, status=RowStatus.INVALID, error=error)
