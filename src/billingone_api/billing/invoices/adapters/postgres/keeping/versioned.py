"""Rows of a ledger that have versions: staged, judged against what is kept, then written.

The statements are built once for each table; what a record says, what our other tables say of it,
and which of that is a fact, differs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    UUID,
    Boolean,
    Column,
    ColumnElement,
    FromClause,
    Table,
    Text,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.syncs.adapters.sightings import (
    AT,
    ORGANISATION,
    Follow,
    Swept,
    swept,
    unmet,
)
from billingone_api.billing.syncs.models import Tally
from billingone_api.database.fast import Row, fetch, prepare
from billingone_api.database.history import HISTORIES, with_versions
from billingone_api.database.staging import Staging
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word

LEDGER: Final = bindparam("ledger_id", type_=UUID())
SOURCE: Final = bindparam("source", type_=Text)
LINES_DIGEST: Final = "lines_digest"

CREATED: Final = "created"
NEW_FACTS: Final = "new_facts"
_NEW_DETAILS: Final = "new_details"
_SAME: Final = "same"

Found = Mapping[str, ColumnElement[Any]]
Resolve = Callable[[FromClause, FromClause, FromClause], tuple[FromClause, Found]]
"""Joins our other tables to the rows sent and the rows kept, and says what they add."""


class Versioned:
    """The statements that keep one table; `sent` are the columns that records bring.

    `resolve` adds columns, or replaces sent ones, by what our other tables say. Each statement
    binds organisation_id, source, ledger_id and at.
    """

    def __init__(self, table: Table, sent: Sequence[str], *, resolve: Resolve) -> None:
        self._table = table
        self._facts = HISTORIES[table].facts
        self._sent = list(dict.fromkeys(sent))
        self._resolve = resolve
        found = resolve(table, table, table)[1]
        self._kept = tuple(dict.fromkeys((*self._facts, *self._sent, *found)))
        self._details = tuple(
            name for name in self._kept if name not in {*self._facts, "source_id"}
        )
        self._staging = Staging(
            f"incoming_{table.name}",
            Column("id", UUID()),
            Column("outcome", Text),
            Column("has_new_lines", Boolean),
            *(Column(name, table.c[name].type) for name in self._kept),
        )
        self.incoming = self._staging.table
        self._judging = prepare(self._judgement())
        self._reading = prepare(
            select(*(self.incoming.c[name] for name in _VERDICT)).order_by(self.incoming.c.id)
        )
        self._writing_facts = prepare(self._fact_writer())
        self._writing_details = prepare(self._detail_writer())

    async def judge(
        self, work: UnitOfWork, rows: Iterable[tuple[Any, ...]], values: Mapping[str, Any]
    ) -> Sequence[Row]:
        """Stage rows (an id, then what is sent); each comes back with its id and its outcome."""
        await self._staging.fill(work, ["id", *self._sent], rows)
        await fetch(work.connection, self._judging, **values)
        return await fetch(work.connection, self._reading)

    async def write(
        self, work: UnitOfWork, judged: Sequence[Row], values: Mapping[str, Any]
    ) -> Tally:
        outcomes = [row["outcome"] for row in judged]
        created, changed = outcomes.count(CREATED), outcomes.count(NEW_FACTS)
        details = outcomes.count(_NEW_DETAILS)
        if created or changed:
            await fetch(work.connection, self._writing_facts, **values)
        if details:
            await fetch(work.connection, self._writing_details, **values)
        return Tally(created=created, changed=changed + details, unchanged=outcomes.count(_SAME))

    def swept(
        self, kind: str, *conditions: ColumnElement[bool], follow: Follow | None = None
    ) -> Swept:
        """What was deleted over there has gone already, whether they list it or not."""
        of = self._table.c
        live = (of.ledger_id == LEDGER) & of.gone_at.is_(None)
        live &= of.source_status.is_distinct_from(word("DELETED"))
        for condition in conditions:
            live &= condition
        burying = (
            update(self._table)
            .where(unmet(kind, self._table, live))
            .values(gone_at=AT, changed_at=AT, version=of.version + 1)
        )
        return swept(kind, self._table, live, burying=with_versions(burying), follow=follow)

    def _judgement(self) -> Any:
        """What our other tables say of each row sent, and what writing it would change."""
        sent = self.incoming.alias("sent")
        kept = self._row_kept(sent.c.source_id)
        rows, found = self._resolve(sent.outerjoin(kept, true()), sent, kept)
        news = {name: found.get(name, sent.c[name]) for name in self._kept}
        new_facts, new_details = (
            tuple_(*(kept.c[name] for name in names)).is_distinct_from(
                tuple_(*(news[name] for name in names))
            )
            for names in (self._facts, self._details)
        )
        outcome = case(
            (kept.c.id.is_(None), word(CREATED)),
            (new_facts, word(NEW_FACTS)),
            (new_details, word(_NEW_DETAILS)),
            else_=word(_SAME),
        )
        has_new_lines = false()
        if LINES_DIGEST in news:
            has_new_lines = kept.c[LINES_DIGEST].is_distinct_from(news[LINES_DIGEST])
        judged = (
            select(
                sent.c.source_id,
                func.coalesce(kept.c.id, sent.c.id).label("id"),
                outcome.label("outcome"),
                has_new_lines.label("has_new_lines"),
                *(value.label(name) for name, value in found.items()),
            )
            .select_from(rows)
            .subquery("judged")
        )
        return (
            update(self.incoming)
            .where(self.incoming.c.source_id == judged.c.source_id)
            .values({name: judged.c[name] for name in (*_JUDGED, *found)})
        )

    def _row_kept(self, source_id: ColumnElement[str]) -> Any:
        """Looked up by its key: a limit keeps the planner from reading the whole ledger.

        A table that grows while it is first filled has no statistics yet.
        """
        of = self._table.c
        mine = own(self._table) & (of.ledger_id == LEDGER) & (of.source_id == source_id)
        return select(self._table).where(mine).limit(literal_column("1")).lateral("kept")

    def _upsert(self, *outcomes: str) -> tuple[Any, Any]:
        """The rows of these outcomes on their way into the table, and what they bring."""
        names = ["organisation_id", "source", "ledger_id", "id", *self._kept]
        sent = (self.incoming.c[name] for name in self._kept)
        rows = select(ORGANISATION, SOURCE, LEDGER, self.incoming.c.id, *sent, AT, AT).where(
            self.incoming.c.outcome.in_([word(outcome) for outcome in outcomes])
        )
        statement = insert(self._table).from_select([*names, "first_seen_at", "changed_at"], rows)
        return statement, statement.excluded

    def _fact_writer(self) -> Any:
        statement, sent = self._upsert(CREATED, NEW_FACTS)
        news = {name: sent[name] for name in (*self._kept, "changed_at")}
        news["version"] = self._table.c.version + 1
        return with_versions(statement.on_conflict_do_update(index_elements=_KEY, set_=news))

    def _detail_writer(self) -> Any:
        statement, sent = self._upsert(_NEW_DETAILS)
        news = {name: sent[name] for name in self._details}
        return statement.on_conflict_do_update(index_elements=_KEY, set_=news)


_KEY: Final = ["organisation_id", "ledger_id", "source_id"]
_JUDGED: Final = ("id", "outcome", "has_new_lines")
_VERDICT: Final = (*_JUDGED, "source_id")
