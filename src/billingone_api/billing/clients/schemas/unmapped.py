"""Records that belong to no client."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from billingone_api.billing.clients.examples import SUGGESTION, UNMAPPED, UNMAPPED_COUNTS, page_of
from billingone_api.billing.clients.matching.suggesting import ReasonKind
from billingone_api.billing.clients.models import (
    Suggested,
    SuggestedRecord,
    UnmappedCount,
    UnmappedReason,
    UnmappedRecord,
)
from billingone_api.billing.clients.schemas.figures import (
    CountOut,
    MrrOut,
    SourceFreshnessOut,
    TotalOut,
    freshness,
)
from billingone_api.billing.clients.schemas.queries import LinkedSource
from billingone_api.billing.definitions.figures import Reckoning, Source
from billingone_api.billing.definitions.schemas import PriceBasisOut
from billingone_api.kit.pagination import Page, PageOf


class ClaimantOut(BaseModel):
    """A client whose identifier names the record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class UnmappedOut(BaseModel):
    """A third party's record that belongs to no client."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [UNMAPPED]})

    source: LinkedSource
    source_id: str
    name: Annotated[str | None, Field(description="Null where only subscriptions speak of it.")]
    reason: UnmappedReason
    claimed_by: Annotated[
        list[ClaimantOut], Field(description="Clients whose identifiers name it.")
    ]
    ignored_because: Annotated[str | None, Field(description="Of what a person set to nobody.")]
    mrr: Annotated[MrrOut, Field(description="Of a Pax8 company.")]
    active_subscriptions: Annotated[CountOut, Field(description="Of a Pax8 company.")]
    outstanding: Annotated[TotalOut, Field(description="Owed on invoices; not of Pax8.")]
    revenue: Annotated[
        TotalOut, Field(description="Invoiced in the trailing twelve months; not of Pax8.")
    ]
    invoices: Annotated[CountOut, Field(description="Those that the money is of.")]


class UnmappedCountOut(BaseModel):
    """How much of one source is left to do; null where it never came through."""

    source: LinkedSource
    unmapped: Annotated[int | None, Field(description="Records without a client.")]
    ignored: Annotated[int | None, Field(description="Those that a person set to nobody.")]
    freshness: SourceFreshnessOut


class UnmappedCountsOut(BaseModel):
    """How much is left to do, by source."""

    model_config = ConfigDict(json_schema_extra={"examples": [UNMAPPED_COUNTS]})

    sources: list[UnmappedCountOut]

    @classmethod
    def of(cls, counts: Sequence[UnmappedCount], by: Reckoning) -> "UnmappedCountsOut":
        known = {count.source: count for count in counts}
        return cls(sources=[_counted(known[one.source], one) for one in (by.source, *by.books)])


class ReasonOut(BaseModel):
    """Why a record may be a client's."""

    model_config = ConfigDict(from_attributes=True)

    kind: Annotated[
        ReasonKind,
        Field(
            description="- `external_id`, `tax_number`, `domain`: both have it.\n"
            "- `shared_domain`: others have the domain too.\n"
            "- `exact_name`: the same but for case, signs and legal forms.\n"
            "- `similar_name`: spelled alike, shortened, or its initials."
        ),
    ]
    value: Annotated[str, Field(description="What they share, as it was compared.")]
    worth: Annotated[int, Field(description="Of 100, taken alone.")]


class CandidateOut(BaseModel):
    """A client that a record may belong to."""

    client_id: UUID
    client_name: str
    score: Annotated[int, Field(description="Of 100; what speaks for it adds up.")]
    is_sure: Annotated[
        bool,
        Field(description="An identifier names these two alone: it applies itself after a sync."),
    ]
    reasons: list[ReasonOut]


class SuggestionOut(UnmappedOut):
    """An unmapped record and whose it may be; the likeliest first, five at most."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [SUGGESTION]})

    candidates: list[CandidateOut]

    @classmethod
    def of(cls, suggested: SuggestedRecord) -> "SuggestionOut":
        record = UnmappedOut.model_validate(suggested.record)
        return cls(
            **{name: getattr(record, name) for name in UnmappedOut.model_fields},
            candidates=[_candidate(one) for one in suggested.candidates],
        )


class SuggestionPage(PageOf[SuggestionOut]):
    """A page of unmapped records with suggestions."""

    @classmethod
    def of(cls, page: Page[SuggestedRecord]) -> "SuggestionPage":
        return cls(
            items=[SuggestionOut.of(one) for one in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )


class SuggestionsWanted(BaseModel):
    """Which suggestions to apply."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"source": "pax8", "lowest_score": 90, "dry_run": True}]},
    )

    source: LinkedSource
    lowest_score: Annotated[
        int, Field(ge=60, le=100, description="The likeliest client, where no other is as likely.")
    ] = 95
    only_sure: Annotated[
        StrictBool, Field(description="Only what identifiers name alone, whatever the score.")
    ] = False
    dry_run: Annotated[StrictBool, Field(description="Only say what would become of it.")] = False


def _counted(count: UnmappedCount, source: Source) -> UnmappedCountOut:
    is_known = source.unknown is None
    return UnmappedCountOut(
        source=source.source,
        unmapped=count.unmapped if is_known else None,
        ignored=count.ignored if is_known else None,
        freshness=SourceFreshnessOut.model_validate(source),
    )


def _candidate(one: Suggested) -> CandidateOut:
    return CandidateOut(
        client_id=one.client_id,
        client_name=one.client_name,
        score=one.candidate.score,
        is_sure=one.candidate.is_sure,
        reasons=[ReasonOut.model_validate(reason) for reason in one.candidate.reasons],
    )


class UnmappedPage(PageOf[UnmappedOut]):
    """A page of unmapped records; where its source was never synced, an empty one says nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [page_of(UNMAPPED)]})

    freshness: list[SourceFreshnessOut]
    basis: PriceBasisOut

    @classmethod
    def of(cls, page: Page[UnmappedRecord], by: Reckoning, source: str) -> "UnmappedPage":
        return cls(
            items=[UnmappedOut.model_validate(record) for record in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            freshness=[one for one in freshness(by) if one.source == source],
            basis=PriceBasisOut.model_validate(by.basis),
        )
