"""An organisation's choices for reconciliation; a row is made when one of them is first changed."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import Uuid, bindparam, select, union, update
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.reconciliation.models import ReconciliationSettings
from billingone_api.database.fast import Prepared, fetch, fetch_one, prepare
from billingone_api.database.tables.counts import client_counts
from billingone_api.database.tables.reconciliation import reconciliation_settings
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

_OF: Final = reconciliation_settings.c
_NAMES: Final = tuple(field.name for field in fields(ReconciliationSettings))
_CHOSEN: Final = select(*(_OF[name] for name in _NAMES)).where(own(reconciliation_settings))
_READ: Final = prepare(_CHOSEN)
_LOCKED: Final = prepare(_CHOSEN.with_for_update())
_MAKE: Final = prepare(
    insert(reconciliation_settings)
    .values(organisation_id=bindparam("organisation_id", type_=Uuid()))
    .on_conflict_do_nothing()
)
_SAVE: Final = prepare(
    update(reconciliation_settings)
    .where(own(reconciliation_settings))
    .values({name: bindparam(f"new_{name}", type_=_OF[name].type) for name in _NAMES})
)
_OURS: Final = ("devices", "servers", "workstations", "users")
_SOURCES: Final = prepare(
    union(
        select(client_counts.c.metric, client_counts.c.source).where(own(client_counts)),
        *(select(word(metric), word(SUPEROPS)) for metric in _OURS),
    ).order_by("metric", "source")
)


class PostgresReconciliationSettings:
    """The choices of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def read(self) -> ReconciliationSettings:
        return await self._one(_READ)

    async def locked(self) -> ReconciliationSettings:
        await self._run(_MAKE)
        return await self._one(_LOCKED)

    async def save(self, settings: ReconciliationSettings) -> None:
        new = asdict(settings) | {
            "count_sources": json.dumps(dict(settings.count_sources)),
            "ignored_device_names": list(settings.ignored_device_names),
        }
        await self._run(_SAVE, **{f"new_{name}": value for name, value in new.items()})

    async def sources(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for row in await self._run(_SOURCES):
            found[row["metric"]].append(row["source"])
        return found

    async def _one(self, statement: Prepared) -> ReconciliationSettings:
        row = await fetch_one(
            self._work.connection, statement, organisation_id=self._work.organisation_id
        )
        if row is None:
            return ReconciliationSettings()
        names = tuple(row["ignored_device_names"])
        return ReconciliationSettings(**dict(row) | {"ignored_device_names": names})

    async def _run(self, statement: Prepared, **values: Any) -> Any:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )
