"""The words of PanelOne's pushes: organisations and ended sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

KEPT: Final = ("time_zone", "reporting_currency")
"""What people may also choose here: only news from PanelOne replaces their choice."""


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """What PanelOne says of an organisation: IANA time zone, ISO 4217 reporting currency."""

    name: str
    slug: str
    time_zone: str
    reporting_currency: str

    @property
    def kept(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in KEPT}


@dataclass(frozen=True, slots=True)
class Standing:
    """An organisation as it is here, and what PanelOne last said of what people may choose."""

    facts: OrganisationFacts
    pushed: Mapping[str, str]


def merged(standing: Standing, sent: OrganisationFacts) -> OrganisationFacts:
    """What PanelOne says, except where it only repeats itself and people chose otherwise."""
    chosen = {
        name: getattr(standing.facts, name)
        for name in KEPT
        if standing.pushed.get(name) == getattr(sent, name)
    }
    return replace(sent, **chosen)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of a subject (`session:…` or `user:…`) issued until then are refused."""

    subject: str
    issued_before: datetime
