"""Tickets for streams of events, where a browser's EventSource cannot send a header.

Nothing is kept of a ticket: it is the caller's identity, encrypted for one stream. What an address
shows to a log or a history is worth nothing a minute later, and never anything elsewhere.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.cipher import Cipher, DecryptionFailed
from billingone_api.kit.clock import Clock
from billingone_api.kit.errors import Unauthenticated
from billingone_api.kit.pagination import CursorInvalid, Cursors

GOOD_FOR: Final = timedelta(seconds=60)
"""To be redeemed after it was made; to be resumed with after the last event, or the last beat."""
MAX_TICKET: Final = 8_000
MAX_EVENT_ID: Final = 500


class TicketInvalid(Unauthenticated):
    """Made for another stream, too old, or not made here."""

    code = "ticket_invalid"


@dataclass(frozen=True, slots=True)
class Ticket:
    """For one stream, to be redeemed until then; `text` is as good as the caller's token there."""

    text: str
    redeemable_until: datetime


@dataclass(frozen=True, slots=True)
class _Stub:
    identity: Identity
    made_at: datetime


_STUBS: Final = TypeAdapter(_Stub)


class Tickets:
    """Makes and redeems tickets, and writes and reads the ids of events; both know the time."""

    def __init__(self, cipher: Cipher, cursors: Cursors, clock: Clock) -> None:
        self._cipher = cipher
        self._cursors = cursors
        self._clock = clock

    def ticket(self, identity: Identity, *, stream: str) -> Ticket:
        """`stream` is its path; the ticket ends with the token it was made with at the latest."""
        now = self._clock.now()
        sealed = self._cipher.encrypt(
            _STUBS.dump_json(_Stub(identity, now)), context=_context(stream)
        )
        return Ticket(_written(sealed), min(now + GOOD_FOR, identity.expires_at))

    def redeemed(self, ticket: str, *, stream: str, last_event_id: str | None) -> Identity:
        """Raises TicketInvalid."""
        try:
            plain = self._cipher.decrypt(_read(ticket), context=_context(stream))
            stub = _STUBS.validate_json(plain)
        except (DecryptionFailed, ValidationError, ValueError):
            raise _invalid() from None
        _, told_at = self._event(last_event_id, stream, stub.identity)
        now = self._clock.now()
        if max(stub.made_at, told_at or stub.made_at) + GOOD_FOR < now or (
            stub.identity.expires_at <= now
        ):
            raise _invalid()
        return stub.identity

    def event_id(self, revision: int, *, stream: str, identity: Identity) -> str:
        return self._cursors.seal((revision, self._clock.now()), scope=_scope(stream, identity))

    def revision(self, last_event_id: str | None, *, stream: str, identity: Identity) -> int:
        """Nonsense is taken for nothing: whoever sends it gets everything."""
        return self._event(last_event_id, stream, identity)[0]

    def _event(
        self, event_id: str | None, stream: str, identity: Identity
    ) -> tuple[int, datetime | None]:
        try:
            revision, told_at = self._cursors.open(event_id or "", scope=_scope(stream, identity))
        except (CursorInvalid, ValueError):
            return 0, None
        return revision, told_at


def _invalid() -> TicketInvalid:
    return TicketInvalid("This ticket is not good, or not any more: make another one.")


def _context(stream: str) -> tuple[str, ...]:
    return ("ticket", stream)


def _scope(stream: str, identity: Identity) -> str:
    return f"events {identity.organisation_id} {stream} {identity.subject}"


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _read(ticket: str) -> bytes:
    return base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
