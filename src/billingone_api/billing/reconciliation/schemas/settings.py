"""An organisation's choices for reconciliation on the wire."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from billingone_api.billing.counts.models import METRIC
from billingone_api.billing.reconciliation.models import ReconciliationSettings
from billingone_api.kit.clock import known_time_zone
from billingone_api.kit.text import storable

_METRIC: Final = re.compile(METRIC)
_SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_MOST_METRICS: Final = 100


def _known_words(chosen: dict[str, str]) -> dict[str, str]:
    if len(chosen) > _MOST_METRICS:
        raise ValueError(f"Should name {_MOST_METRICS} metrics at most.")
    if not all(_METRIC.fullmatch(one) for one in chosen):
        raise ValueError("Should name metrics in small letters, such as devices.")
    if not all(_SOURCE.fullmatch(one) for one in chosen.values()):
        raise ValueError("Should name sources in small letters, such as ninjaone.")
    return chosen


def _some_letters(names: list[str]) -> list[str]:
    if any(not name.replace("*", "").strip() for name in names):
        raise ValueError("Should have letters besides *, or no device would be counted.")
    return names


CountSources = Annotated[
    dict[str, str],
    AfterValidator(_known_words),
    Field(description="By metric, whose counts speak; where none is named the newest does."),
]
DeviceNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]],
    AfterValidator(_some_letters),
    Field(
        max_length=100,
        description="SuperOps' devices of these names are not counted; `*` stands for any letters.",
    ),
]
_STALE: Final = "Hours after which a count says nothing any more."
_IDLE: Final = (
    "SuperOps' devices silent for so many days before its list was read are not counted; null: all "
    "are. `/v1/inventory/devices?reason=idle` lists them."
)
_DAY: Final = "Day of the month of a snapshot by itself, or the last there is; null: none."
_TIME: Final = "When on that day."
_ZONE: Final = "IANA name of the zone of day and time; null: the organisation's."
_KEPT: Final = "Months after which a snapshot is taken away; null: never."
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["06:00"])]
_EXAMPLE: Final[dict[str, Any]] = {
    "count_sources": {"devices": "ninjaone"},
    "stale_after_hours": 48,
    "idle_device_days": 90,
    "ignored_device_names": ["*-VDI-*"],
    "schedule_day": 1,
    "schedule_time": "06:00",
    "schedule_time_zone": None,
    "kept_months": None,
    "updated_at": "2026-11-24T01:00:00Z",
    "known_sources": {"devices": ["ninjaone", "superops"], "users": ["superops"]},
}


class ReconciliationSettingsOut(BaseModel):
    """What snapshots are taken by, and when one is taken by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    count_sources: CountSources
    stale_after_hours: Annotated[int, Field(description=_STALE)]
    idle_device_days: Annotated[int | None, Field(description=_IDLE)]
    ignored_device_names: DeviceNames
    schedule_day: Annotated[int | None, Field(description=_DAY)]
    schedule_time: Annotated[Clock, Field(description=_TIME)]
    schedule_time_zone: Annotated[str | None, Field(description=_ZONE)]
    kept_months: Annotated[int | None, Field(description=_KEPT)]
    updated_at: Annotated[datetime | None, Field(description="Null: nobody has chosen anything.")]
    known_sources: Annotated[
        dict[str, list[str]], Field(description="By metric, who has ever counted it.")
    ]

    @classmethod
    def of(cls, settings: ReconciliationSettings, sources: dict[str, Sequence[str]]) -> Self:
        hours, minutes = divmod(settings.schedule_minute, 60)
        known = {
            name: getattr(settings, name)
            for name in cls.model_fields
            if name not in {"schedule_time", "known_sources"}
        }
        return cls.model_validate(
            known
            | {
                "ignored_device_names": list(settings.ignored_device_names),
                "schedule_time": f"{hours:02}:{minutes:02}",
                "known_sources": {metric: list(those) for metric, those in sources.items()},
            }
        )


class ReconciliationSettingsPatch(BaseModel):
    """The choices to change; those not named stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"stale_after_hours": 72},
                {"count_sources": {"devices": "superops"}},
                {"schedule_day": 1, "schedule_time": "06:00"},
            ]
        },
    )

    count_sources: CountSources | MISSING = MISSING
    stale_after_hours: Annotated[
        Annotated[StrictInt, Field(ge=1, le=8760)] | MISSING, Field(description=_STALE)
    ] = MISSING
    idle_device_days: Annotated[
        Annotated[StrictInt, Field(ge=1, le=3650)] | MISSING | None, Field(description=_IDLE)
    ] = MISSING
    ignored_device_names: DeviceNames | MISSING = MISSING
    schedule_day: Annotated[
        Annotated[StrictInt, Field(ge=1, le=31)] | MISSING | None, Field(description=_DAY)
    ] = MISSING
    schedule_time: Annotated[Clock | MISSING, Field(description=_TIME)] = MISSING
    schedule_time_zone: Annotated[
        Annotated[str, Field(max_length=64), AfterValidator(known_time_zone)] | MISSING | None,
        Field(description=_ZONE),
    ] = MISSING
    kept_months: Annotated[
        Annotated[StrictInt, Field(ge=1, le=600)] | MISSING | None, Field(description=_KEPT)
    ] = MISSING

    def choices(self) -> dict[str, Any]:
        """Those that were made, as the decision takes them."""
        made = self.model_dump()
        if "schedule_time" in made:
            hours, _, minutes = made.pop("schedule_time").partition(":")
            made["schedule_minute"] = int(hours) * 60 + int(minutes)
        if "ignored_device_names" in made:
            made["ignored_device_names"] = tuple(made["ignored_device_names"])
        return made
