"""What hangs on a document: its lines, or what of a credit is set against invoices."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ARRAY, UUID, Column, Table, bindparam, delete, select

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import CREATED
from billingone_api.billing.syncs.adapters.sightings import ORGANISATION
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.staging import Staging
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork

_IDS: Final = bindparam("ids", type_=ARRAY(UUID()))


class Attached:
    """The rows of one table that belong to documents by `key`, in the order of their positions."""

    def __init__(self, table: Table, key: str, names: Sequence[str]) -> None:
        columns = [key, "position", *names]
        self._columns = columns
        self._values_of = attrgetter(*names)
        self._staging = Staging(
            f"incoming_{table.name}", *(Column(name, table.c[name].type) for name in columns)
        )
        staged = self._staging.table
        rows = select(ORGANISATION, *(staged.c[name] for name in columns))
        self._adding = prepare(table.insert().from_select(["organisation_id", *columns], rows))
        self._clearing = prepare(delete(table).where(own(table), table.c[key] == _IDS.any_()))

    async def replace(
        self, work: UnitOfWork, judged: Sequence[Row], items: Mapping[str, Sequence[Any] | None]
    ) -> None:
        """Of documents that have new ones, by their ids over there; None leaves what there is."""
        changed = [
            (row["id"], row["outcome"], of)
            for row in judged
            if row["has_new_lines"] and (of := items[row["source_id"]]) is not None
        ]
        if old := [owner for owner, outcome, _ in changed if outcome != CREATED]:
            await fetch(work.connection, self._clearing, **owned_by(work.organisation_id, ids=old))
        rows = [
            (owner, position, *self._values_of(item))
            for owner, _, of in changed
            for position, item in enumerate(of, 1)
        ]
        if rows:
            await self._staging.fill(work, self._columns, rows)
            await fetch(work.connection, self._adding, **owned_by(work.organisation_id))
