"""Decides what a push changes, and until when tokens of an ended session are refused."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from billingone_api.billing.clients.models import PushStatus
from billingone_api.billing.panelone.models import OrganisationFacts, Revocation, merged
from billingone_api.billing.panelone.ports import Organisations, Revocations
from billingone_api.kit.errors import InvalidRequest
from billingone_api.kit.events import Event, Tell, changed

SKEW: Final = timedelta(seconds=60)
"""How far PanelOne's clock, which dates the tokens, may be ahead of ours."""
FOR_GOOD: Final = datetime(9999, 12, 31, tzinfo=UTC)


class IssuedBeforeInFuture(InvalidRequest):
    """Tokens that are not issued yet cannot be revoked: the person could never sign in again."""

    code = "issued_before_in_future"


async def push_organisation(
    sent: OrganisationFacts, organisations: Organisations, *, about: UUID, tell: Tell
) -> tuple[PushStatus, OrganisationFacts]:
    """What the push did, and what holds now."""
    if await organisations.introduce():
        await organisations.create(sent)
        tell(_told("created", about, before=None, after=sent))
        return PushStatus.CREATED, sent
    standing = await organisations.standing()
    facts = merged(standing, sent)
    if facts == standing.facts and sent.kept == standing.pushed:
        return PushStatus.UNCHANGED, facts
    await organisations.update(facts, pushed=sent)
    tell(_told("updated", about, before=standing.facts, after=facts))
    return PushStatus.UPDATED, facts


def _told(
    done: str, about: UUID, *, before: OrganisationFacts | None, after: OrganisationFacts
) -> Event:
    return changed(f"organisation.{done}", "organisation", str(about), before=before, after=after)


async def end_sessions(revocation: Revocation, revocations: Revocations, *, tell: Tell) -> None:
    await revocations.add(revocation)
    until = {"issued_before": revocation.issued_before}
    tell(changed("sessions.revoked", "sessions", revocation.subject, before=None, after=until))


def session_revoked(session_id: str) -> Revocation:
    """An ended session is dead for good: no token of it is good, whenever it was issued."""
    return Revocation(f"session:{session_id}", FOR_GOOD)


def user_revoked(user_id: str, *, issued_before: datetime, now: datetime) -> Revocation:
    """Raises IssuedBeforeInFuture; a later sign-in of the person is good again."""
    if issued_before > now + SKEW:
        raise IssuedBeforeInFuture("`issued_before` lies in the future; send the present instant.")
    return Revocation(f"user:{user_id}", issued_before)
