"""What the lists of clients and of unmapped records take."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, Field, StringConstraints

from billingone_api.billing.clients.models import ClientsWanted, PageWanted, UnmappedWanted
from billingone_api.kit.pagination import ListQuery, SearchQuery
from billingone_api.kit.text import storable

_Source = Literal["pax8", "xero", "superops"]
LinkedSource = Annotated[_Source, Field(description="The third party that has the record.")]
SourceName = Annotated[_Source, Path(description="Whose record it is.", examples=["pax8"])]
ClientId = Annotated[UUID, Path(description="PanelOne's id of the client.")]
SourceId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="The third party's own id, as it writes it."),
    AfterValidator(storable),
]
TheirId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(storable),
    Field(description="The third party's own id, as it writes it."),
]
_ACTIVE: Final = {"true": True, "false": False, "all": None}


class ExportQuery(SearchQuery):
    """The list's filters and order: a file has all its rows."""

    sort: Annotated[
        Literal["-mrr", "mrr", "name", "-name"],
        Field(description="By MRR in the reporting currency; where it is not known it comes last."),
    ] = "-mrr"
    active: Annotated[
        Literal["true", "false", "all"], Field(description="Retired clients are hidden by default.")
    ] = "true"

    def wanted(self) -> ClientsWanted:
        return ClientsWanted(
            q=(self.q or "").strip() or None,
            active=_ACTIVE[self.active],
            sort=self.sort,
        )


class _PageQuery(ListQuery):
    """A list that is walked page by page."""

    def page(self) -> PageWanted:
        return PageWanted(limit=self.limit, cursor=self.cursor, with_total=self.with_total)


class ClientsQuery(_PageQuery, ExportQuery):
    """What the list of clients takes."""


class UnmappedQuery(_PageQuery):
    """What the list of unmapped records takes."""

    source: Annotated[_Source, Field(description="Whose records.")] = "pax8"
    include: Annotated[
        Literal["nobody"] | None,
        Field(description="`nobody`: also what a person said belongs to no client."),
    ] = None

    def wanted(self) -> UnmappedWanted:
        q = (self.q or "").strip() or None
        return UnmappedWanted(self.source, q, self.include == "nobody")


class SuggestionsQuery(_PageQuery):
    """What the list of suggestions takes."""

    source: Annotated[_Source, Field(description="Whose records.")] = "pax8"

    def wanted(self) -> UnmappedWanted:
        return UnmappedWanted(self.source, (self.q or "").strip() or None, with_nobodys=False)
