"""Keeps what was answered under idempotency keys, in the transaction that had the effect."""

import hashlib
from typing import Final

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert

from billingone_api.database.fast import fetch, fetch_one, prepare
from billingone_api.database.sealed import answer_place
from billingone_api.database.tables.idempotency import idempotency_keys
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.cipher import Cipher, DecryptionFailed
from billingone_api.kit.errors import Conflict
from billingone_api.kit.idempotency import Answer, Ask, KeyInUse, KeyReused

_OF: Final = idempotency_keys.c
_TURN: Final = prepare(
    select(
        func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("turn"), 0)).label("taken")
    )
)
_A_DAY_AGO: Final = func.now() - text("interval '24 hours'")
_GIVEN: Final = prepare(
    select(_OF.fingerprint, _OF.answer).where(
        own(idempotency_keys), _OF.slot == bindparam("slot"), _OF.kept_at > _A_DAY_AGO
    )
)
_NEW: Final = insert(idempotency_keys).values(
    organisation_id=bindparam("organisation_id"),
    slot=bindparam("slot"),
    fingerprint=bindparam("fingerprint"),
    answer=bindparam("answer"),
    kept_at=func.now(),
)
_KEEP: Final = prepare(
    # what stands there already is older than a day
    _NEW.on_conflict_do_update(
        index_elements=["organisation_id", "slot"],
        set_={
            "fingerprint": _NEW.excluded.fingerprint,
            "answer": _NEW.excluded.answer,
            "kept_at": _NEW.excluded.kept_at,
        },
    )
)


class AnswerLost(Conflict):
    """The request was done, but its answer is under a key that has left the ring."""

    code = "idempotency_answer_lost"
    title = "It was done, and what was answered is not known any more"


class PostgresAnswers:
    """Of one caller; encrypted, good for 24 hours, and then the housekeeping's to take away."""

    def __init__(self, work: UnitOfWork, cipher: Cipher, *, principal: str) -> None:
        self._work = work
        self._cipher = cipher
        self._principal = principal

    async def given(self, ask: Ask) -> Answer | None:
        slot = self._slot(ask)
        turn = f"idempotency:{self._work.organisation_id}:{slot.hex()}"
        row = await fetch_one(self._work.connection, _TURN, turn=turn)
        if row is None or not row["taken"]:
            raise KeyInUse
        # A statement of its own: it has to see what was committed before the turn was taken.
        kept = await fetch_one(
            self._work.connection, _GIVEN, organisation_id=self._work.organisation_id, slot=slot
        )
        if kept is None:
            return None
        if kept["fingerprint"] != ask.fingerprint:
            raise KeyReused("Take a new key for a new request.")
        return self._opened(kept["answer"], slot)

    async def keep(self, ask: Ask, answer: Answer) -> None:
        slot = self._slot(ask)
        sealed = self._cipher.encrypt(answer.written(), context=self._place(slot))
        organisation_id = self._work.organisation_id
        await fetch(
            self._work.connection,
            _KEEP,
            organisation_id=organisation_id,
            slot=slot,
            fingerprint=ask.fingerprint,
            answer=sealed,
        )

    def _opened(self, sealed: bytes, slot: bytes) -> Answer:
        try:
            return Answer.read(self._cipher.decrypt(sealed, context=self._place(slot)))
        except DecryptionFailed as error:
            raise AnswerLost("Look whether it is there; a new key would do it again.") from error

    def _slot(self, ask: Ask) -> bytes:
        return hashlib.sha256(ask.slot + self._principal.encode(errors="surrogatepass")).digest()

    def _place(self, slot: bytes) -> tuple[str, ...]:
        return answer_place(self._work.organisation_id, slot)
