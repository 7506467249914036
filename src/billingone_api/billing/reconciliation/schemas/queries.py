"""Which snapshots, and which clients of one, as they are asked for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from billingone_api.billing.counts.models import METRIC
from billingone_api.billing.reconciliation.models import LineStatus, Outcome
from billingone_api.kit.instants import Instant
from billingone_api.kit.pagination import Asked, ListQuery, SearchQuery
from billingone_api.kit.text import storable

Word = Annotated[str, Field(min_length=1, max_length=40, pattern=METRIC), AfterValidator(storable)]


class SnapshotsQuery(ListQuery):
    """Which snapshots; `q` looks for who asked."""

    outcome: Annotated[Outcome | None, Field(description="Those that came out so.")] = None
    sort: Annotated[
        Literal["-as_of", "as_of", "-requested_at", "requested_at"],
        Field(
            description="`as_of` goes by what they speak of, and by when they were asked for until "
            "they speak. A `-` turns it round."
        ),
    ] = "-as_of"

    def page(self) -> Asked:
        filters: dict[str, Any] = {"outcome": self.outcome, "q": self.q or None}
        return _page(self, filters, self.sort)


class RowsExportQuery(SearchQuery):
    """Which clients of a snapshot, in which order; `q` looks in their names."""

    status: Annotated[list[LineStatus], Field(description="Any of these; may be repeated.")] = (
        Field(default_factory=list)
    )
    client_id: Annotated[UUID | None, Field(description="PanelOne's client.")] = None
    metric: Annotated[Word | None, Field(description="With a line of this metric.")] = None
    rule_id: Annotated[UUID | None, Field(description="With a line of this rule.")] = None
    is_open: Annotated[
        bool | None,
        Field(description="With a line that does not match and is not settled, or not."),
    ] = None
    sort: Annotated[
        Literal[
            "-variance", "variance", "client", "-client", "actual", "-actual", "licensed",
            "-licensed", "at_stake", "-at_stake", "status", "-status",
        ],
        Field(
            description="`at_stake` goes by what is under-licensed, in the reporting currency. A "
            "`-` turns the order round; without a value comes first, last when turned round."
        ),
    ] = "-variance"  # fmt: skip

    def filters(self) -> dict[str, Any]:
        names = ("client_id", "metric", "rule_id", "is_open")
        given = {name: getattr(self, name) for name in names}
        given |= {"q": self.q or None, "status": [str(one) for one in self.status] or None}
        return {name: value for name, value in given.items() if value is not None}


class RowsQuery(ListQuery, RowsExportQuery):
    """One page of them."""

    def page(self) -> Asked:
        return _page(self, self.filters(), self.sort)


class ComparisonQuery(ListQuery):
    """Which clients; `q` looks in their names."""

    sort: Annotated[
        Literal["-change", "change", "client", "-client"],
        Field(description="By how much the variance grew, or by name."),
    ] = "-change"

    def page(self) -> Asked:
        return _page(self, {"q": self.q or None}, self.sort)


class TrendQuery(BaseModel):
    """Which snapshots of a client."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[Instant | None, Field(description="Not before this instant.")] = None
    sort: Annotated[Literal["-as_of", "as_of"], Field(description="A `-` turns it round.")] = (
        "-as_of"
    )
    limit: Annotated[int, Field(ge=1, le=200, description="Rows on a page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=5_000, description="`next_cursor` of the page before.")
    ] = None
    with_total: Annotated[bool, Field(description="Also count all rows that match.")] = False

    def page(self) -> Asked:
        return _page(self, {"since": self.since}, self.sort)


def _page(query: ListQuery | TrendQuery, filters: Mapping[str, Any], sort: str) -> Asked:
    given = {name: value for name, value in filters.items() if value is not None}
    return Asked(given, sort, query.limit, query.cursor, query.with_total)
