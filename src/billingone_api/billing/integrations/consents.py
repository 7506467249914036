"""Decides what a consent given in Xero leads to: who may end it, and which organisation is read.

A state stands for one person's wish to connect, in one session. It is compared and used up before
its code is exchanged: whoever brings a state that is not theirs is refused, whatever the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.errors import (
    NotConsented,
    StateExpired,
    StateForeign,
    StateUnknown,
    StateUsed,
)
from billingone_api.billing.integrations.models import (
    XERO,
    Connection,
    Consented,
    CredentialsUnreadable,
)
from billingone_api.billing.integrations.ports import (
    Consents,
    Given,
    Integrations,
    State,
    Vault,
)
from billingone_api.kit.events import Tell, changed

STATE_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever ends a consent, as their token says."""

    subject: str
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation as a person picks it; `new_id` names the connection it becomes."""

    tenant_id: UUID
    by: str
    at: datetime
    new_id: UUID


async def redeemed(consents: Consents, digest: bytes, *, who: Who, now: datetime) -> State:
    """The state, used up by this; the caller commits that before anything is asked of Xero."""
    state = await consents.locked_state(digest)
    if state is None:
        raise StateUnknown
    if (state.subject, state.session_id) != (who.subject, who.session_id):
        raise StateForeign
    if state.is_used:
        raise StateUsed
    if now >= state.expires_at:
        raise StateExpired
    await consents.use(digest, at=now)
    return state


async def settle(
    integrations: Integrations, consents: Consents, vault: Vault, given: Given, *, tell: Tell
) -> bool:
    """Whether the organisation is decided: it is where there is no other to choose.

    Whoever reconnects stays with the organisation that is connected, if it is consented again;
    another one is never read in its place without having been chosen.
    """
    known = await integrations.locked(XERO)
    before = None if known is None else consented_in(vault, known)
    await consents.keep(given, beside=before)
    chosen = _decided(given.reached, before, is_connected=known is not None)
    if chosen is None:
        named = {"organisations": [one.account for one in given.reached]}
        tell(changed("integration.consented", "integration", XERO, before=None, after=named))
        return False
    brought = service.Brought(chosen, by=given.by, at=given.at, new_id=given.new_id)
    await take(integrations, consents, vault, brought, expected=None, tell=tell)
    return True


async def choose(
    integrations: Integrations,
    consents: Consents,
    vault: Vault,
    choice: Choice,
    *,
    expected: int | None,
    tell: Tell,
) -> bool:
    """Whether nothing was connected before; raises NotConsented and PreconditionFailed."""
    known = await integrations.locked(XERO)
    before = None if known is None else consented_in(vault, known)
    offered = await consents.offered(beside=before, at=choice.at)
    wanted = str(choice.tenant_id)
    chosen = next((one for one in offered if one.tenant_id == wanted), None)
    if chosen is None:
        raise NotConsented
    brought = service.Brought(chosen, by=choice.by, at=choice.at, new_id=choice.new_id)
    return await take(integrations, consents, vault, brought, expected=expected, tell=tell)


async def take(
    integrations: Integrations,
    consents: Consents,
    vault: Vault,
    brought: service.Brought,
    *,
    expected: int | None,
    tell: Tell,
) -> bool:
    """Read this organisation from now on: its webhooks come here, other consents are forgotten."""
    chosen = brought.credentials
    if not isinstance(chosen, Consented):
        raise TypeError("Xero is read with a consent.")
    is_first = await service.connect(
        integrations, vault, brought, provider=XERO, expected=expected, tell=tell
    )
    await consents.keep_only(chosen)
    return is_first


async def disconnect(
    integrations: Integrations, consents: Consents, vault: Vault, *, tell: Tell
) -> None:
    """Nothing secret stays; a consent that waits for a choice goes as well."""
    await service.disconnect(integrations, vault, provider=XERO, tell=tell)
    await consents.forget()


def consented_in(vault: Vault, known: Connection) -> Consented | None:
    """What is connected; None where it cannot be read."""
    try:
        opened = vault.open(XERO, known.sealed)
    except CredentialsUnreadable:
        return None
    return opened if isinstance(opened, Consented) else None


def _decided(
    reached: Sequence[Consented], before: Consented | None, *, is_connected: bool
) -> Consented | None:
    if not is_connected:
        return reached[0] if len(reached) == 1 else None
    same = (one for one in reached if before is not None and one.tenant_id == before.tenant_id)
    return next(same, None)
