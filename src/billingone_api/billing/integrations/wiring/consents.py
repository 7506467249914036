"""How Xero is connected, switched to another organisation, and disconnected."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations import consents
from billingone_api.billing.integrations.adapters.consent_tokens import seal_tokens
from billingone_api.billing.integrations.adapters.consents import PostgresConsents
from billingone_api.billing.integrations.adapters.exchange import Bought, buy
from billingone_api.billing.integrations.adapters.xero import LONGEST_TEST, endpoints
from billingone_api.billing.integrations.errors import ConsentRefused
from billingone_api.billing.integrations.models import (
    XERO,
    ConnectionReplaced,
    Consented,
    Integration,
)
from billingone_api.billing.integrations.ports import Given, State
from billingone_api.billing.integrations.wiring.apps import app_to_ask_with
from billingone_api.billing.integrations.wiring.common import integrations, overview, vault_in
from billingone_api.billing.integrations.wiring.xero import identity_for, tokens_of
from billingone_api.kit.events import Origin, changed
from billingone_api.kit.ids import new_id
from billingone_api.process import Process
from billingone_api.providers.errors import ProviderError
from billingone_api.providers.xero.consent import authorise_url, new_verifier
from billingone_api.request import Work

_STATE_BYTES: Final = 32
# As RFC 6749 spells all of its own (4.1.2.1).
_ERROR: Final = re.compile(r"[a-z_]{1,50}")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a person is sent, and until when their answer is waited for."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Organisation:
    """One of those that a consent reaches."""

    tenant_id: UUID
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What Xero put into the address it sent the browser back to, beside the state."""

    code: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a consent."""

    choice_needed: bool
    organisations: Sequence[Organisation]
    integration: Integration


async def authorise(work: Work, process: Process, *, who: consents.Who) -> Begun:
    """Raises AppMissing."""
    app = await app_to_ask_with(work, process)
    state, verifier = secrets.token_urlsafe(_STATE_BYTES), new_verifier()
    expires_at = process.clock.now() + consents.STATE_LIFE
    begun = State(who.subject, who.session_id, app.client_id, verifier, expires_at)
    await PostgresConsents(work, process.cipher).begin(_digest(state), begun)
    asked = {"client_id": app.client_id, "expires_at": expires_at}
    work.tell(changed("integration.consent_begun", "integration", XERO, before=None, after=asked))
    where = endpoints(process.settings)
    url = authorise_url(app, endpoints=where, state=state, verifier=verifier)
    return Begun(url, expires_at)


async def complete(
    process: Process,
    caller: Caller,
    *,
    who: consents.Who,
    state: str,
    answered: Answered,
    origin: Origin,
) -> Settled:
    """The state is used up first; no transaction is open while Xero is asked.

    Without a code Xero's answer was no consent. Raises the errors of integrations.
    """
    organisation_id, now = caller.organisation.id, process.clock.now()
    async with process.work(organisation_id, origin=origin) as work:
        kept = PostgresConsents(work, process.cipher)
        begun = await consents.redeemed(kept, _digest(state), who=who, now=now)
    if answered.code is None:
        why = _word(answered.error)
        log.warning("xero_consent_refused", error=why)
        raise ConsentRefused(why)
    connected = await _connected(process, organisation_id)
    bought = await buy(
        identity_for(process, organisation_id, begun.client_id),
        answered.code,
        verifier=begun.verifier,
        connected=connected,
    )
    given = _given(process, caller, begun, bought)
    async with process.work(organisation_id, origin=origin) as work:
        is_decided = await consents.settle(
            await integrations(work, process),
            PostgresConsents(work, process.cipher),
            await vault_in(work, process),
            given,
            tell=work.tell,
        )
        return Settled(
            not is_decided,
            await organisations(work, process),
            await (await overview(work)).of(XERO),
        )


async def organisations(work: Work, process: Process) -> Sequence[Organisation]:
    """Those that may be chosen, by whichever consent can be used."""
    kept, chosen = PostgresConsents(work, process.cipher), await _chosen(work, process)
    return [
        Organisation(
            UUID(one.tenant_id),
            one.account,
            is_chosen=chosen is not None and chosen.tenant_id == one.tenant_id,
        )
        for one in await kept.offered(beside=chosen, at=process.clock.now())
    ]


async def choose(
    work: Work, process: Process, caller: Caller, tenant_id: UUID, *, expected: int | None
) -> bool:
    """Whether nothing was connected before."""
    return await consents.choose(
        await integrations(work, process),
        PostgresConsents(work, process.cipher),
        await vault_in(work, process),
        consents.Choice(tenant_id, caller.label, process.clock.now(), new_id()),
        expected=expected,
        tell=work.tell,
    )


async def disconnect(process: Process, organisation_id: UUID, *, origin: Origin) -> None:
    """At Xero the connection of this organisation alone; whether that succeeds or not, here all."""
    connected = await _connected(process, organisation_id)
    if connected is not None:
        await _leave(process, organisation_id, connected)
    async with process.work(organisation_id, origin=origin) as work:
        await consents.disconnect(
            await integrations(work, process),
            PostgresConsents(work, process.cipher),
            await vault_in(work, process),
            tell=work.tell,
        )


async def _connected(process: Process, organisation_id: UUID) -> Consented | None:
    async with process.work(organisation_id) as work:
        return await _chosen(work, process)


async def _chosen(work: Work, process: Process) -> Consented | None:
    known = await (await integrations(work, process)).find(XERO)
    vault = await vault_in(work, process)
    return None if known is None else consents.consented_in(vault, known)


def _given(process: Process, caller: Caller, begun: State, bought: Bought) -> Given:
    consent_id, tokens = new_id(), bought.tokens
    return Given(
        id=consent_id,
        client_id=begun.client_id,
        sealed_tokens=seal_tokens(
            process.cipher,
            tokens,
            organisation_id=caller.organisation.id,
            consent_id=consent_id,
        ),
        expires_at=tokens.expires_at,
        scope=" ".join(sorted(tokens.scopes)),
        reached=[
            Consented(consent_id, one.tenant_id, one.id, one.tenant_name) for one in bought.reached
        ],
        by=caller.label,
        at=process.clock.now(),
        new_id=new_id(),
    )


async def _leave(process: Process, organisation_id: UUID, connected: Consented) -> None:
    try:
        async with asyncio.timeout(LONGEST_TEST):
            kept = await tokens_of(process, organisation_id, connected.consent_id).kept()
            identity = await identity_for(process, organisation_id, kept.client_id)
            await identity.disconnect(connected.connection_id, held=kept.tokens)
    except (ProviderError, ConnectionReplaced, TimeoutError) as error:
        # What is forgotten here is read no more; in Xero the app can be disconnected by hand.
        log.warning("xero_connection_left", reason=type(error).__name__)


def _word(error: str | None) -> str | None:
    """Xero's word for why; browsers can bring anything under that name."""
    return error if error and _ERROR.fullmatch(error) else None


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
