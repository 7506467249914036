"""The list of clients with what each brings in a month: one statement for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billingone_api.billing.clients.adapters.postgres.selection import Shape, page_of, total_of
from billingone_api.billing.clients.adapters.postgres.totals import totals, uses
from billingone_api.billing.clients.models import PAX8, ClientSummary, ClientsWanted, PageWanted
from billingone_api.billing.definitions.adapters.recurring import sums
from billingone_api.billing.definitions.figures import Reckoning
from billingone_api.database.fast import Prepared, Row, fetch
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.pagination import Cursors, Page


@dataclass(frozen=True, slots=True)
class PostgresPortfolio:
    """The clients of the organisation that a unit of work is for."""

    work: UnitOfWork
    cursors: Cursors
    reckoning: Reckoning

    async def page(self, wanted: ClientsWanted, at: PageWanted) -> Page[ClientSummary]:
        scope = self._scope(wanted)
        after = self._after(at, scope)
        statement = page_of(self._shape(wanted, continued=bool(after)))
        rows = await self._fetch(statement, q=wanted.q, limit=at.limit + 1, **after)
        shown = rows[: at.limit]
        return Page(
            items=[self._summary(row) for row in shown],
            next_cursor=self._next(shown[-1], scope) if len(rows) > at.limit else None,
            total=await self._total(wanted) if at.with_total else None,
        )

    async def _total(self, wanted: ClientsWanted) -> int:
        (row,) = await self._fetch(total_of(self._shape(wanted, continued=False)), q=wanted.q)
        total: int = row["total"]
        return total

    async def _fetch(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self.work.connection,
            statement,
            organisation_id=self.work.organisation_id,
            today=self.reckoning.today,
            reporting_currency=self.reckoning.reporting_currency,
            now=self.reckoning.now,
            **values,
        )

    def _summary(self, row: Row) -> ClientSummary:
        of_client, sources = sums(row), tuple(row["linked_sources"] or ())
        linked = PAX8 in sources
        return ClientSummary(
            id=row["id"],
            name=row["name"],
            active=row["is_active"],
            linked_sources=sources,
            mrr=self.reckoning.mrr(of_client, linked=linked),
            active_subscriptions=self.reckoning.count(of_client.active, linked=linked),
            **uses(self.reckoning, row, linked=linked),
            **totals(self.reckoning, row, sources),
        )

    def _shape(self, wanted: ClientsWanted, *, continued: bool) -> Shape:
        return Shape(
            basis=self.reckoning.basis,
            active=wanted.active,
            sort=wanted.sort,
            is_searched=wanted.q is not None,
            is_continued=continued,
        )

    def _scope(self, wanted: ClientsWanted) -> str:
        return repr(
            (
                "clients",
                self.work.organisation_id,
                wanted.q,
                wanted.active,
                wanted.sort,
                self.reckoning.basis,
            )
        )

    def _after(self, at: PageWanted, scope: str) -> dict[str, Any]:
        if at.cursor is None:
            return {}
        value, id_ = self.cursors.open(at.cursor, scope=scope)
        return {"after_value": value, "after_id": id_}

    def _next(self, last: Row, scope: str) -> str:
        return self.cursors.seal((last["sort_value"], last["id"]), scope=scope)
