"""What a transaction did, told to whoever has to write it down before it commits."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from enum import StrEnum
from typing import Any, Final


class ActorKind(StrEnum):
    """Who stands behind a transaction; `system` is the program itself, such as a schedule."""

    PERSON = "person"
    SERVICE = "service"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who caused a transaction and from where, as far as is known.

    `role` is a person's; `request_id` and `address` are a request's.
    """

    kind: ActorKind
    actor_id: str | None
    actor: str
    role: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    address: str | None = None


BY_ITSELF: Final = Origin(ActorKind.SYSTEM, None, "BillingOne")
"""The origin of what no request asked for."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done: `settings.updated` to a resource, with the fields it changed.

    Both sides hold what JSON can say, and nothing that is secret, not even sealed. `resource_id` is
    None for what was done to many at once.
    """

    action: str
    resource: str
    resource_id: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


Tell = Callable[[Event], None]
"""How a decision says what it did; it is written down if its transaction commits, or not at all."""


def changed(
    action: str, resource: str, resource_id: str | None, *, before: object, after: object
) -> Event:
    """An event with the fields that differ between two dataclasses or mappings; None is none."""
    old, new = _fields(before), _fields(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return Event(
        action,
        resource,
        resource_id,
        before={name: old[name] for name in names if name in old},
        after={name: new[name] for name in names if name in new},
    )


def _fields(state: object) -> Mapping[str, Any]:
    if state is None:
        return {}
    if is_dataclass(state) and not isinstance(state, type):
        return asdict(state)
    if isinstance(state, Mapping):
        return state
    raise TypeError(f"A {type(state).__name__} has no fields to compare.")
