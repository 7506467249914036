"""States, consents and the organisations they reach, in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from billingone_api.billing.integrations.models import XERO, Consented
from billingone_api.billing.integrations.ports import Given, State
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.sealed import verifier_place
from billingone_api.database.tables.consents import (
    oauth_states,
    webhook_routes,
    xero_consents,
    xero_tenants,
)
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.cipher import Cipher, DecryptionFailed, Secret

IDLE_LIFE: Final = timedelta(days=60)
"""After so long without a new token Xero takes the refresh token no more (contract page, 2.3)."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_ORGANISATION: Final = bindparam("organisation_id", type_=UUID_TYPE(as_uuid=True))
_CONSENT: Final = bindparam("of_consent", type_=UUID_TYPE(as_uuid=True))
_THIS_STATE: Final = (
    own(oauth_states),
    oauth_states.c.hash == bindparam("digest", type_=LargeBinary),
)


def _new(table: Any, *names: str, **fixed: Any) -> Prepared:
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return prepare(insert(table).values(organisation_id=_ORGANISATION, **values, **fixed))


_BEGIN: Final = _new(
    oauth_states, "hash", "subject", "session_id", "client_id", "verifier", "expires_at"
)
_LOCK: Final = prepare(
    select(
        oauth_states.c.subject,
        oauth_states.c.session_id,
        oauth_states.c.client_id,
        oauth_states.c.verifier,
        oauth_states.c.expires_at,
        oauth_states.c.used_at,
    )
    .where(*_THIS_STATE)
    .with_for_update()
)
_USE: Final = prepare(
    update(oauth_states)
    .where(*_THIS_STATE)
    .values(used_at=bindparam("at", type_=DateTime(timezone=True)))
)
_KEEP: Final = _new(
    xero_consents, "id", "client_id", "tokens", "expires_at", "scope", "given_by", "given_at"
)
_REACH: Final = _new(xero_tenants, "consent_id", "tenant_id", "connection_id", "name")
_OFFERED: Final = prepare(
    select(
        xero_tenants.c.consent_id,
        xero_tenants.c.tenant_id,
        xero_tenants.c.connection_id,
        xero_tenants.c.name,
    )
    .join(
        xero_consents,
        (xero_consents.c.organisation_id == xero_tenants.c.organisation_id)
        & (xero_consents.c.id == xero_tenants.c.consent_id),
    )
    .where(
        own(xero_tenants),
        xero_consents.c.ended_at.is_(None),
        # null where a token was refused: lately, or it would not have been in use
        xero_consents.c.expires_at.is_(None)
        | (xero_consents.c.expires_at > bindparam("idle_since", type_=DateTime(timezone=True))),
    )
    # ids are made in the order of time
    .order_by(xero_tenants.c.consent_id.desc(), xero_tenants.c.name, xero_tenants.c.tenant_id)
)
_FORGET_OTHERS: Final = prepare(
    delete(xero_consents).where(own(xero_consents), xero_consents.c.id.is_distinct_from(_CONSENT))
)
_FORGET: Final = prepare(delete(xero_consents).where(own(xero_consents)))
_NO_ROUTE: Final = prepare(
    delete(webhook_routes).where(own(webhook_routes), webhook_routes.c.provider == XERO)
)
_ROUTE: Final = _new(webhook_routes, "tenant_id", provider=XERO)


class PostgresConsents:
    """Those of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, cipher: Cipher) -> None:
        self._work = work
        self._cipher = cipher

    async def begin(self, digest: bytes, state: State) -> None:
        place = verifier_place(self._work.organisation_id, digest)
        await self._run(
            _BEGIN,
            new_hash=digest,
            new_subject=state.subject,
            new_session_id=state.session_id,
            new_client_id=state.client_id,
            new_verifier=self._cipher.encrypt(state.verifier.reveal().encode(), context=place),
            new_expires_at=state.expires_at,
        )

    async def locked_state(self, digest: bytes) -> State | None:
        rows = await self._run(_LOCK, digest=digest)
        return self._state(digest, rows[0]) if rows else None

    async def use(self, digest: bytes, *, at: datetime) -> None:
        await self._run(_USE, digest=digest, at=at)

    async def keep(self, given: Given, *, beside: Consented | None) -> None:
        await self._run(_FORGET_OTHERS, of_consent=beside and beside.consent_id)
        await self._run(
            _KEEP,
            new_id=given.id,
            new_client_id=given.client_id,
            new_tokens=given.sealed_tokens,
            new_expires_at=given.expires_at,
            new_scope=given.scope,
            new_given_by=given.by,
            new_given_at=given.at,
        )
        for one in given.reached:
            await self._run(
                _REACH,
                new_consent_id=one.consent_id,
                new_tenant_id=UUID(one.tenant_id),
                new_connection_id=one.connection_id,
                new_name=one.name,
            )

    async def offered(self, *, beside: Consented | None, at: datetime) -> Sequence[Consented]:
        rows = await self._run(_OFFERED, idle_since=at - IDLE_LIFE)
        first = beside and beside.consent_id
        offered: dict[str, Consented] = {}
        for one in sorted(map(_consented, rows), key=lambda one: one.consent_id != first):
            offered.setdefault(one.tenant_id, one)
        return list(offered.values())

    async def keep_only(self, chosen: Consented) -> None:
        await self._run(_FORGET_OTHERS, of_consent=chosen.consent_id)
        await self._run(_NO_ROUTE)
        await self._run(_ROUTE, new_tenant_id=chosen.tenant_id)

    async def forget(self) -> None:
        await self._run(_FORGET)
        await self._run(_NO_ROUTE)

    def _state(self, digest: bytes, row: Row) -> State:
        place = verifier_place(self._work.organisation_id, digest)
        verifier, expires_at = "", row["expires_at"]
        try:
            verifier = self._cipher.decrypt(row["verifier"], context=place).decode()
        except DecryptionFailed:
            # Its key has left the ring: whatever the clock says, it cannot be ended any more.
            expires_at = _LONG_AGO
        return State(
            subject=row["subject"],
            session_id=row["session_id"],
            client_id=row["client_id"],
            verifier=Secret(verifier),
            expires_at=expires_at,
            is_used=row["used_at"] is not None,
        )

    async def _run(self, prepared: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection,
            prepared,
            organisation_id=self._work.organisation_id,
            **values,
        )


def _consented(row: Row) -> Consented:
    return Consented(row["consent_id"], str(row["tenant_id"]), row["connection_id"], row["name"])
