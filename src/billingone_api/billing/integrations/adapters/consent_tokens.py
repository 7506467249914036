"""The token set of a consent, sealed, in the database: one worker renews it for all.

Refresh tokens rotate, so two who renew at once may lose the consent. The right to renew is a claim
on the row that runs out by the database's clock, committed before Xero is asked: no transaction is
open meanwhile. What comes back is written where the version is unchanged; whoever was overtaken
takes what is there. Whoever asked may go away meanwhile: a renewal that was begun is carried
through, or the new refresh token would be lost. A worker that was killed, or an answer that was
lost, is made good by asking once more with the same refresh token, inside Xero's grace (contract
page, 2.3).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Integer, Interval, LargeBinary, Text, bindparam, func, or_, select
from sqlalchemy import update as update_table
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from billingone_api.billing.integrations.models import XERO, ConnectionReplaced
from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.sealed import consent_place
from billingone_api.database.tables.consents import xero_consents
from billingone_api.database.tenancy import own
from billingone_api.kit.cipher import Cipher, DecryptionFailed, Secret
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.tokens import StoredToken
from billingone_api.providers.xero.errors import InvalidGrant
from billingone_api.providers.xero.tokens import TokenSet

CLAIM: Final = timedelta(seconds=60)
"""Twice as long as a token endpoint is waited for, and a fraction of the grace."""
_POLL_SECONDS: Final = 0.2
_REFUSED: Final = datetime.min.replace(tzinfo=UTC)

Renew = Callable[[str, TokenSet], Awaitable[TokenSet]]
"""Asks Xero for the next set, in the name of the app with this client id."""

_row: Final = xero_consents.c
_NOW: Final = func.clock_timestamp()
_CLAIMANT: Final = bindparam("claimant", type_=UUID_TYPE(as_uuid=True))
_UNTIL: Final = _NOW + bindparam("long", CLAIM, Interval)
_MINE: Final = (
    own(xero_consents),
    _row.id == bindparam("of_consent", type_=UUID_TYPE(as_uuid=True)),
)
_SAME: Final = _row.version == bindparam("of_version", type_=Integer)
_COLUMNS: Final = (
    _row.client_id,
    _row.tokens,
    _row.expires_at,
    _row.scope,
    _row.version,
    _row.ended_at,
)


def _changed(*conditions: Any, **values: Any) -> Prepared:
    statement = update_table(xero_consents).where(*_MINE, *conditions).values(**values)
    return prepare(statement.returning(*_COLUMNS))


_LOAD: Final = prepare(select(*_COLUMNS).where(*_MINE))
_CLAIM: Final = _changed(
    _row.ended_at.is_(None),
    # further off than it is ever set: by a clock that was ahead
    or_(_row.claimed_by.is_(None), ~_row.claimed_until.between(_NOW, _UNTIL)),
    claimed_by=_CLAIMANT,
    claimed_until=_UNTIL,
)
_SAVE: Final = _changed(
    _SAME,
    tokens=bindparam("sealed", type_=LargeBinary),
    expires_at=bindparam("until", type_=DateTime(timezone=True)),
    scope=bindparam("granted", type_=Text),
    version=_row.version + 1,
)
_RELEASE: Final = _changed(_row.claimed_by == _CLAIMANT, claimed_by=None, claimed_until=None)
_FORGET: Final = _changed(_SAME, expires_at=None)
_END: Final = _changed(_SAME, ended_at=_NOW)


def seal_tokens(
    cipher: Cipher, tokens: TokenSet, *, organisation_id: UUID, consent_id: UUID
) -> bytes:
    refresh = tokens.refresh_token
    written = {
        "access_token": tokens.access_token.reveal(),
        "refresh_token": refresh.reveal() if refresh else None,
    }
    place = consent_place(organisation_id, consent_id)
    return cipher.encrypt(json.dumps(written).encode(), context=place)


@dataclass(frozen=True, slots=True)
class Kept:
    """A token set as it stands in the database; `version` is another for another set."""

    tokens: TokenSet
    client_id: str
    version: int


class ConsentTokens:
    """What reads an organisation of Xero finds its token here; raises ProviderErrors.

    InvalidGrant where the consent has ended, and Xero is asked about that once only;
    ConnectionReplaced where it is not kept any more.
    """

    def __init__(
        self, process: Process, *, organisation_id: UUID, consent_id: UUID, renew: Renew
    ) -> None:
        self._process = process
        self._organisation_id = organisation_id
        self._consent_id = consent_id
        self._renew = renew
        # A sweep asks hundreds of times; what keeps it is a database.
        self._at_hand: Kept | None = None
        # Callers of one client queue here instead of polling the row.
        self._turn = asyncio.Lock()

    async def current(self) -> StoredToken:
        return (await self.kept()).tokens.bearer

    async def kept(self) -> Kept:
        """The whole set, with an access token that is fresh, and whose app it belongs to."""
        kept = self._at_hand
        if kept is None or not self._serves(kept, None):
            kept = self._at_hand = await self._fresh(refused=None)
        return kept

    async def replace(self, refused: StoredToken) -> StoredToken:
        # Even if none can be had: the refused one must not be tried again.
        self._at_hand = None
        kept = self._at_hand = await self._fresh(refused=refused)
        return kept.tokens.bearer

    async def forget(self) -> None:
        """The next caller renews."""
        if self._at_hand is not None:
            await self._run(_FORGET, of_version=self._at_hand.version)
            self._at_hand = None

    async def _fresh(self, *, refused: StoredToken | None) -> Kept:
        async with self._turn:
            claimant = new_id()
            while True:
                kept = await self._load()
                if self._serves(kept, refused):
                    return kept
                renewed = await self._process.outliving(self._claimed(claimant, refused))
                if renewed is not None:
                    return renewed
                await self._process.sleep(_POLL_SECONDS)

    async def _claimed(self, claimant: UUID, refused: StoredToken | None) -> Kept | None:
        """None where somebody else is renewing."""
        if await self._run(_CLAIM, claimant=claimant) is None:
            return None
        try:
            # Once more: somebody may have renewed between the look and the claim.
            kept = await self._load()
            return kept if self._serves(kept, refused) else await self._renewed(kept)
        finally:
            await self._run(_RELEASE, claimant=claimant)

    async def _renewed(self, kept: Kept) -> Kept:
        try:
            tokens = await self._renew(kept.client_id, kept.tokens)
        except InvalidGrant:
            now = await self._load()
            if now.version != kept.version:
                return now
            await self._run(_END, of_version=kept.version)
            raise
        saved = await self._run(
            _SAVE,
            of_version=kept.version,
            sealed=seal_tokens(
                self._process.cipher,
                tokens,
                organisation_id=self._organisation_id,
                consent_id=self._consent_id,
            ),
            until=tokens.expires_at,
            granted=" ".join(sorted(tokens.scopes)),
        )
        # Whoever overtook us has asked later, so that theirs is the set that is good.
        return await self._load() if saved is None else self._opened(saved)

    async def _load(self) -> Kept:
        row = await self._run(_LOAD)
        if row is None:
            raise ConnectionReplaced(XERO)
        if row["ended_at"] is not None:
            raise _ended("The consent given in Xero has ended. Reconnect Xero.")
        return self._opened(row)

    def _opened(self, row: Row) -> Kept:
        place = consent_place(self._organisation_id, self._consent_id)
        try:
            written = json.loads(self._process.cipher.decrypt(row["tokens"], context=place))
        except DecryptionFailed as error:
            raise _ended(
                "The consent kept here cannot be read any more. Reconnect Xero."
            ) from error
        refresh = written["refresh_token"]
        tokens = TokenSet(
            access_token=Secret(written["access_token"]),
            expires_at=row["expires_at"] or _REFUSED,
            refresh_token=Secret(refresh) if refresh else None,
            scopes=frozenset(row["scope"].split()),
            authentication_event_id=None,
        )
        return Kept(tokens, row["client_id"], row["version"])

    def _serves(self, kept: Kept, refused: StoredToken | None) -> bool:
        is_fresh = self._process.clock.now() < kept.tokens.expires_at
        return is_fresh and (refused is None or refused.access_token != kept.tokens.access_token)

    async def _run(self, prepared: Prepared, **values: Any) -> Row | None:
        """In a transaction of its own."""
        async with self._process.work(self._organisation_id) as work:
            return await fetch_one(
                work.connection,
                prepared,
                organisation_id=self._organisation_id,
                of_consent=self._consent_id,
                **values,
            )


def _ended(sentence: str) -> InvalidGrant:
    return InvalidGrant(sentence, provider=XERO)
