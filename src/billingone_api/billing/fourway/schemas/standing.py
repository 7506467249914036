"""How far the sides of a month are known, on the wire."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.figures import Unknown
from billingone_api.billing.fourway.models import (
    ChargedBy,
    ChargesUnknown,
    LicencesUnknown,
    Standing,
)

ChargesUnknownReason = TypeAliasType(
    "ChargesUnknownReason",
    Annotated[
        ChargesUnknown,
        Field(
            description="- `source_not_connected`: Pax8 is not connected.\n"
            "- `never_synced`: no sync of Pax8 has come through yet.\n"
            "- `denied`: Pax8 does not let its credentials read invoices; give them the access.\n"
            "- `not_read`: no invoice or draft of the month has been read, or not all of it."
        ),
    ],
)


LicencesUnknownReason = TypeAliasType(
    "LicencesUnknownReason",
    Annotated[
        LicencesUnknown,
        Field(
            description="- `source_not_connected`: Pax8 is not connected.\n"
            "- `never_synced`: no sync of Pax8 has come through yet.\n"
            "- `not_yet_known`: the month was over before Pax8 was first read."
        ),
    ],
)


class SideFreshnessOut(BaseModel):
    """How old what a source says is."""

    source: Annotated[str, Field(examples=["pax8"])]
    is_connected: bool
    last_success_at: Annotated[datetime | None, Field(description="Null: never synced.")]


class StandingOut(BaseModel):
    """How far each side is known; what is not known is null in every record, and never 0."""

    month: Annotated[date, Field(description="Its first day.")]
    day: Annotated[
        date, Field(description="Whose subscriptions these are: the month's last, or today.")
    ]
    licences_reason: Annotated[
        LicencesUnknownReason | None,
        Field(description="Why nothing is known of what was licensed."),
    ]
    charged_by: Annotated[
        ChargedBy | None,
        Field(description="Pax8's invoices, or its drafts while none has come; null: unknown."),
    ]
    charges_reason: Annotated[
        ChargesUnknownReason | None, Field(description="Why nothing is known of the charges.")
    ]
    unread_invoices: Annotated[int, Field(description="Pax8's, of which no charge is read yet.")]
    changed_invoices: Annotated[
        int,
        Field(
            description="Pax8's that have changed since their charges were read; the next sync "
            "reads them again."
        ),
    ]
    unreadable_charges: Annotated[int, Field(description="In no record; see the quarantine.")]
    books_reason: Annotated[
        Unknown | None, Field(description="Why nothing is known of clients' invoices.")
    ]
    used_on: Annotated[
        date | None, Field(description="The day of the snapshot that counted; null: none.")
    ]
    freshness: list[SideFreshnessOut]

    @classmethod
    def of(cls, standing: Standing, *, month: date, day: date) -> "StandingOut":
        return cls(
            month=month,
            day=day,
            licences_reason=standing.licences,
            charged_by=standing.charged_by,
            charges_reason=standing.charges,
            unread_invoices=standing.unread,
            changed_invoices=standing.changed,
            unreadable_charges=standing.unreadable,
            books_reason=standing.books,
            used_on=standing.used_on,
            freshness=[
                SideFreshnessOut(
                    source=one.source,
                    is_connected=one.is_connected,
                    last_success_at=one.last_success_at,
                )
                for one in standing.sources
            ],
        )
