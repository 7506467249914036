"""How many devices there are of each metric, and how many of them are not counted, and why."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal_column, select, union_all

from billingone_api.billing.counts.adapters.devices import WORDS, kinds
from billingone_api.billing.inventory.adapters.devices import COLUMNS, DEVICES, FROM, IS_LISTED
from billingone_api.billing.inventory.models import NotCounted
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word


@lru_cache(8)
def _numbers_of(names: frozenset[str]) -> Prepared:
    """Kinds are few, so that the patterns are looked for but a few times."""
    reason = COLUMNS["reason"].label("reason")
    of = (
        select(WORDS.label("words"), reason, func.count().label("number"))
        .select_from(FROM)
        .where(IS_LISTED, *(DEVICES.filters[name] for name in sorted(names)))
        .group_by(WORDS, reason)
        .cte("of")
    )

    def number(is_one: ColumnElement[Any], is_meant: ColumnElement[bool]) -> ColumnElement[Any]:
        found = func.sum(of.c.number).filter(is_one, is_meant)
        return cast(func.coalesce(found, literal_column("0")), Integer)

    each = (
        select(
            word(metric).label("metric"),
            number(is_one, of.c.reason.is_(None)).label("counted"),
            *(number(is_one, of.c.reason == word(why)).label(why) for why in NotCounted),
        )
        for metric, is_one in kinds(of.c.words).items()
    )
    return prepare(union_all(*each))


async def numbers_of(work: UnitOfWork, filters: Mapping[str, Any], **bound: Any) -> Sequence[Row]:
    """A row for each metric, in the order in which they are told."""
    values = {"organisation_id": work.organisation_id, **bound, **filters}
    return await fetch(work.connection, _numbers_of(frozenset(filters)), **values)
