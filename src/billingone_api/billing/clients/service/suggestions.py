"""Finds whose unmapped records may be, away from the loop that others' requests wait for."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from billingone_api.billing.clients.deeds import Do, Wish
from billingone_api.billing.clients.matching.suggesting import Candidate, Matcher, Party
from billingone_api.billing.clients.models import Record
from billingone_api.process import Compute


class Known(Protocol):
    """Clients and records of a source that can be compared."""

    def matcher(self) -> Matcher[UUID]: ...

    def record(self, source_id: str) -> Party[str]: ...


async def suggested(
    known: Known, source_ids: Sequence[str], *, compute: Compute
) -> Sequence[Sequence[Candidate[UUID]]]:
    """For each record its candidates, the likeliest first."""

    def compare() -> list[Sequence[Candidate[UUID]]]:
        matcher = known.matcher()
        return [matcher.candidates(known.record(source_id)) for source_id in source_ids]

    return await compute(compare)


async def sure(
    known: Known, source: str, source_ids: Sequence[str], *, compute: Compute
) -> Sequence[Wish]:
    """What may apply itself: an identifier names one record and one client, and nothing else."""

    def compare() -> list[Wish]:
        matcher = known.matcher()
        found = ((id_, matcher.sure(known.record(id_))) for id_ in source_ids)
        return [Wish(Record(source, id_), Do.ASSIGN, client) for id_, client in found if client]

    return await compute(compare)


def chosen(
    source: str,
    source_ids: Sequence[str],
    candidates: Sequence[Sequence[Candidate[UUID]]],
    *,
    lowest: int,
) -> list[Wish]:
    """The likeliest client of each record, where it is likely enough and no other is as likely."""
    wishes = []
    for source_id, found in zip(source_ids, candidates, strict=True):
        is_alone = len(found) == 1 or (found and found[0].score > found[1].score)
        if is_alone and found[0].score >= lowest:
            wishes.append(Wish(Record(source, source_id), Do.ASSIGN, found[0].client))
    return wishes
