"""Judges what becomes of each wish."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from billingone_api.billing.clients.deeds import (
    Do,
    Flaw,
    Kind,
    Manner,
    Status,
    Verdict,
    Wish,
)
from billingone_api.billing.clients.models import (
    Link,
    MasterRecord,
    Origin,
    Record,
    Situation,
    automatic,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What wishes are judged by."""

    names: Mapping[Record, str | None]
    situations: Mapping[Record, Situation]
    clients: Mapping[UUID, MasterRecord]
    refused: set[tuple[Record, UUID]]


class Judge:
    """What becomes of each wish."""

    def __init__(self, wishes: Iterable[Wish], known: Known, manner: Manner) -> None:
        wanted: dict[Record, set[Wish]] = {}
        for wish in wishes:
            if wish.do not in {Do.REJECT, Do.LEAVE}:
                wanted.setdefault(wish.record, set()).add(wish)
        self._twice = {record for record, each in wanted.items() if len(each) > 1}
        self._done: set[Wish] = set()
        self._known = known
        self._manner = manner

    def verdict(self, wish: Wish) -> Verdict:
        flaw = self._flaw(wish)
        if flaw is not None:
            return Verdict(wish, Status.REFUSED, flaw)
        before = self._known.situations[wish.record].link
        if wish in self._done:
            return Verdict(wish, Status.UNCHANGED, before=before, after=before)
        self._done.add(wish)
        after, refuses = self._after(wish)
        is_changed = before != after or refuses is not None
        status = Status.CHANGED if is_changed else Status.UNCHANGED
        return Verdict(wish, status, before=before, after=after, refuses=refuses)

    def _flaw(self, wish: Wish) -> Flaw | None:
        if wish.flaw is not None or wish.record not in self._known.names:
            return wish.flaw or Flaw.RECORD_NOT_FOUND
        if wish.do not in {Do.REJECT, Do.LEAVE} and wish.record in self._twice:
            return Flaw.NAMED_TWICE
        situation = self._known.situations[wish.record]
        holder = None if situation.link is None else situation.link.client_id
        if wish.of is not None and holder != wish.of:
            return Flaw.NOT_THIS_CLIENTS
        if wish.of is not None and wish.do is Do.RELEASE and situation.claimants == (wish.of,):
            return Flaw.NAMED_BY_CLIENT
        if wish.do in {Do.ASSIGN, Do.REJECT}:
            return self._flaw_of_client(wish, holder)
        return None

    def _flaw_of_client(self, wish: Wish, holder: UUID | None) -> Flaw | None:
        client = None if wish.client_id is None else self._known.clients.get(wish.client_id)
        if client is None:
            return Flaw.CLIENT_NOT_FOUND
        if wish.do is Do.REJECT:
            return Flaw.LINKED_TO_IT if holder == client.id else None
        return None if client.active or holder == client.id else Flaw.CLIENT_RETIRED

    def _after(self, wish: Wish) -> tuple[Link | None, UUID | None]:
        """How the record is to stand, and the client that is newly refused for it."""
        situation = self._known.situations[wish.record]
        before, refuses = situation.link, self._refuses(wish, situation.link)
        match wish.do:
            case Do.ASSIGN:
                return self._assigned(wish, before), None
            case Do.IGNORE:
                return _ignored(wish, before), None
            case Do.RELEASE:
                return automatic(situation.claimants), refuses
            case Do.REJECT:
                return before, refuses
            case Do.LEAVE:
                return before, None

    def _assigned(self, wish: Wish, before: Link | None) -> Link | None:
        """A file tells whose a record is, not who said so: what stands already is left.

        So is what somebody decided, or refused, while suggestions were looked for.
        """
        if self._manner.kind in {Kind.SUGGESTIONS, Kind.IDENTIFIERS}:
            is_refused = (wish.record, wish.client_id) in self._known.refused
            if before is not None or is_refused:
                return before
        is_told = before is not None and before.client_id == wish.client_id
        if self._manner.kind is Kind.IMPORT and is_told:
            return before
        return Link(wish.client_id, self._manner.origin)

    def _refuses(self, wish: Wish, before: Link | None) -> UUID | None:
        """What identifiers linked they would link again; what was split off is not the client's."""
        refused = wish.client_id if wish.do is Do.REJECT else None
        if wish.do is Do.RELEASE and before is not None:
            is_to_be_kept = before.origin is Origin.IDENTIFIER or wish.of is not None
            refused = before.client_id if is_to_be_kept else None
        if refused is None or (wish.record, refused) in self._known.refused:
            return None
        return refused


def _ignored(wish: Wish, before: Link | None) -> Link:
    if wish.keeps_reason and before is not None and before.client_id is None:
        return before
    return Link(None, Origin.MANUAL, wish.reason)
