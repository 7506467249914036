"""Third parties' tokens, sealed, in the database: one worker fetches for all.

The right to fetch is a claim on the row that runs out by the database's clock, so that no
transaction is open while a third party answers and a worker that was killed is overtaken.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import (
    DateTime,
    Interval,
    LargeBinary,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.integrations.models import ConnectionReplaced
from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.sealed import token_place
from billingone_api.database.tables.integrations import integrations, provider_tokens
from billingone_api.database.tenancy import own
from billingone_api.kit.cipher import DecryptionFailed, Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.tokens import StoredToken

CLAIM: Final = timedelta(seconds=60)
"""Twice as long as a token endpoint is waited for."""
_POLL_SECONDS: Final = 0.2

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CLAIMANT: Final = bindparam("claimant", type_=UUID_TYPE(as_uuid=True))
_CONNECTION: Final = bindparam("of_connection", type_=UUID_TYPE(as_uuid=True))
_NOW: Final = func.clock_timestamp()
_ALIVE: Final = (
    own(integrations),
    integrations.c.provider == bindparam("of_provider"),
    integrations.c.connection_id == _CONNECTION,
)
_MINE: Final = (
    own(provider_tokens),
    provider_tokens.c.provider == bindparam("of_provider"),
    provider_tokens.c.connection_id == _CONNECTION,
)
_CLAIM_COLUMNS: Final = ("connection_id", "claimed_by", "claimed_until")
# Locks the connection's row: one that is being removed must not get a token afterwards.
_OFFER: Final = insert(provider_tokens).from_select(
    ["organisation_id", "provider", *_CLAIM_COLUMNS],
    select(
        integrations.c.organisation_id,
        integrations.c.provider,
        integrations.c.connection_id,
        _CLAIMANT,
        _NOW + bindparam("long", CLAIM, Interval),
    )
    .where(*_ALIVE)
    .with_for_update(read=True),
)
_IS_SAME: Final = provider_tokens.c.connection_id == _OFFER.excluded.connection_id
_CLAIM: Final = prepare(
    _OFFER.on_conflict_do_update(
        index_elements=list(provider_tokens.primary_key.columns),
        set_={
            **{name: _OFFER.excluded[name] for name in _CLAIM_COLUMNS},
            "token": case((_IS_SAME, provider_tokens.c.token)),
            "expires_at": case((_IS_SAME, provider_tokens.c.expires_at)),
        },
        where=or_(
            provider_tokens.c.claimed_by.is_(None),
            provider_tokens.c.claimed_until <= _NOW,
            # further off than it is ever set: by a clock that was ahead
            provider_tokens.c.claimed_until > _NOW + bindparam("long", CLAIM, Interval),
            ~_IS_SAME,
        ),
    ).returning(provider_tokens.c.claimed_by)
)
_IS_ALIVE: Final = prepare(select(literal(1)).where(*_ALIVE))
_LOAD: Final = prepare(select(provider_tokens.c.token, provider_tokens.c.expires_at).where(*_MINE))
_SAVE: Final = prepare(
    update(provider_tokens)
    .where(*_MINE, provider_tokens.c.claimed_by == _CLAIMANT)
    .values(
        token=bindparam("sealed", type_=LargeBinary),
        expires_at=bindparam("until", type_=DateTime(timezone=True)),
    )
)
_FORGET: Final = prepare(update(provider_tokens).where(*_MINE).values(token=None, expires_at=None))
_RELEASE: Final = prepare(
    update(provider_tokens)
    .where(*_MINE, provider_tokens.c.claimed_by == _CLAIMANT)
    .values(claimed_by=None, claimed_until=None)
)


class PostgresTokenStore:
    """The token of one connection. What is no longer that connection's is left alone."""

    def __init__(
        self, process: Process, *, organisation_id: UUID, provider: str, connection_id: UUID
    ) -> None:
        self._process = process
        self._organisation_id = organisation_id
        self._provider = provider
        self._connection_id = connection_id
        self._claimant: UUID | None = None
        # Callers of one process queue here instead of polling the row.
        self._turn = asyncio.Lock()

    async def load(self) -> StoredToken | None:
        row = await self._run(_LOAD)
        if row is None or row["token"] is None:
            return None
        return self._opened(row["token"], row["expires_at"])

    async def save(self, token: StoredToken) -> None:
        """Only while the claim is ours: whoever overtook us has saved a newer one."""
        sealed = self._process.cipher.encrypt(
            token.access_token.reveal().encode(), context=self._place()
        )
        await self._run(_SAVE, claimant=self._claimant, sealed=sealed, until=token.expires_at)

    async def forget(self) -> None:
        await self._run(_FORGET)

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Raises ConnectionReplaced where there is nothing left to fetch a token for."""
        claimant = new_id()
        async with self._turn:
            while not await self._claim(claimant):
                await self._process.sleep(_POLL_SECONDS)
            self._claimant = claimant
            try:
                yield
            finally:
                await self._run(_RELEASE, claimant=claimant)

    async def _claim(self, claimant: UUID) -> bool:
        if await self._run(_CLAIM, claimant=claimant) is not None:
            return True
        if await self._run(_IS_ALIVE) is None:
            raise ConnectionReplaced(self._provider)
        return False

    def _opened(self, sealed: bytes, expires_at: Any) -> StoredToken | None:
        try:
            token = self._process.cipher.decrypt(sealed, context=self._place())
        except DecryptionFailed:
            # Under a key that has left the ring, say: another token can be had.
            _log.warning("token_unreadable", provider=self._provider)
            return None
        return StoredToken(Secret(token.decode()), expires_at)

    def _place(self) -> tuple[str, ...]:
        return token_place(self._organisation_id, self._provider, self._connection_id)

    async def _run(self, prepared: Prepared, **more: Any) -> Row | None:
        """In a transaction of its own."""
        async with self._process.work(self._organisation_id) as work:
            return await fetch_one(
                work.connection,
                prepared,
                organisation_id=self._organisation_id,
                of_provider=self._provider,
                of_connection=self._connection_id,
                **more,
            )
