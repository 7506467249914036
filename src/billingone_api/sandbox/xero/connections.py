"""Which tenants a person has connected to an app, and when they agreed to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billingone_api.kit.clock import Clock
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record
from billingone_api.sandbox.xero.tenants import Tenant


@dataclass(slots=True)
class Connection:
    """One tenant, connected by one person to one app."""

    id: str
    app: str
    person: str
    tenant: Tenant
    event: str
    created: datetime
    updated: datetime

    def record(self) -> Record:
        """Its instants have seven fractional digits and no zone (contract, trap 16)."""
        return {
            "id": self.id,
            "authEventId": self.event,
            "tenantId": self.tenant.id,
            "tenantType": self.tenant.kind,
            "tenantName": self.tenant.name,
            "createdDateUtc": _seven_digits(self.created),
            "updatedDateUtc": _seven_digits(self.updated),
        }


class Connections:
    """All connections of all people; a tenant is connected to an app once per person."""

    def __init__(self, *, ids: Identifiers, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._made = 0
        self._all: list[Connection] = []

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

    def connect(self, app: str, person: str, tenant: Tenant, *, event: str) -> None:
        """One that is there already keeps its id and the event that made it."""
        known = self.between(app, person, tenant.id)
        if known is not None:
            known.updated = self._clock.now()
            return
        self._made += 1
        now = self._clock.now()
        key = self._ids("xero-connection", self._made)
        self._all.append(Connection(key, app, person, tenant, event, now, now))

    def of(self, app: str, person: str, *, event: str | None = None) -> list[Connection]:
        return [
            one
            for one in self._all
            if (one.app, one.person) == (app, person) and event in {None, one.event}
        ]

    def between(self, app: str, person: str, tenant_id: str) -> Connection | None:
        return next((one for one in self.of(app, person) if one.tenant.id == tenant_id), None)

    def disconnect(self, app: str, person: str, key: str) -> bool:
        """Whether there was such a connection."""
        return self._remove(one for one in self.of(app, person) if one.id == key)

    def forget(self, app: str, person: str) -> None:
        """Every tenant of this person leaves the app."""
        self._remove(self.of(app, person))

    def leave(self, tenant_id: str) -> bool:
        """The tenant disconnects every app, inside Xero."""
        return self._remove(one for one in self._all if one.tenant.id == tenant_id)

    def _remove(self, gone: Iterable[Connection]) -> bool:
        keys = {one.id for one in gone}
        self._all = [one for one in self._all if one.id not in keys]
        return bool(keys)


def _seven_digits(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f0")
