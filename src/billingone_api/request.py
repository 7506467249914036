"""Whose a request is, and the transaction that it works in."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import HTTPBearer

from billingone_api.database.idempotency import PostgresAnswers
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.auth.api_keys import is_api_key
from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.auth.tokens import bearer
from billingone_api.kit.errors import OrganisationMismatch
from billingone_api.kit.events import ActorKind, Origin
from billingone_api.kit.idempotency import offer
from billingone_api.kit.problems import request_id
from billingone_api.kit.requests import tell
from billingone_api.kit.tickets import MAX_EVENT_ID, MAX_TICKET
from billingone_api.process import Process

ORGANISATION_HEADER = "X-Organisation-Id"
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=MAX_EVENT_ID, description="Goes on after this event."),
]
_COUNTED = "counted"  # a request whose body is refused asks twice whose it is


async def process_of(request: Request) -> Process:
    process: Process = request.app.state.process
    return process


TheProcess = Annotated[Process, Depends(process_of)]

# Only for the document: what is wrong with a token is told by kit/auth, in one place.
_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="PanelOne",
    bearerFormat="JWT",
    description="The access token PanelOne issued to the person or to a service of its own, or an "
    "API key of the organisation (`b1_…`).",
)


# FastAPI walks all that stands below a dependency each time it is named, known already or not:
# those that every request has call each other, where naming each other would be 42 steps a list.
async def identity_of(request: Request, _: Annotated[object, Security(_scheme)]) -> Identity:
    """Whom token or key speaks for; 401 for what is not good, 429 for whoever asks too often."""
    process = await process_of(request)
    token = bearer(request.headers.get("Authorization"))
    judge = process.api_keys if is_api_key(token) else process.tokens
    return await admitted(request, process, await judge.verify(token))


async def watching_identity(
    request: Request,
    process: TheProcess,
    _: Annotated[object, Security(_scheme)],
    ticket: Annotated[
        str | None,
        Query(
            max_length=MAX_TICKET,
            description="In place of `Authorization`, where a browser cannot send it.",
        ),
    ] = None,
    last_event_id: LastEventId = None,
) -> Identity:
    """Whom the token speaks for, or else the ticket, which is good for this one stream."""
    if ticket is None or "Authorization" in request.headers:
        return await identity_of(request, None)
    path = request.scope["path"]
    identity = process.tickets.redeemed(ticket, stream=path, last_event_id=last_event_id)
    return await admitted(request, process, identity)


WatchingIdentity = Annotated[Identity, Depends(watching_identity)]


async def admitted(request: Request, process: Process, verified: Identity) -> Identity:
    """Counted before anything is done for them.

    A flood of tokens is turned away without the database; API keys are looked up before, in a
    queue of their own.
    """
    identity = _placed(verified, request.headers.get(ORGANISATION_HEADER))
    structlog.contextvars.bind_contextvars(
        organisation=str(identity.organisation_id), user=identity.subject
    )
    if not hasattr(request.state, _COUNTED):
        setattr(request.state, _COUNTED, True)
        limits = await process.limiter.admit(identity.organisation_id, identity.subject)
        tell(request.scope, limits)
    return identity


TheIdentity = Annotated[Identity, Depends(identity_of)]


def _placed(identity: Identity, named: str | None) -> Identity:
    """A service for every organisation names one; nobody else may name another than their own."""
    organisation_id = identity.organisation_id
    if named is not None:
        try:
            wanted = UUID(named)
        except ValueError:
            raise OrganisationMismatch(f"{ORGANISATION_HEADER} is not a UUID.") from None
        if organisation_id not in {None, wanted}:
            raise OrganisationMismatch(
                f"The token speaks for another organisation than {ORGANISATION_HEADER} names."
            )
        organisation_id = wanted
    return identity.of(organisation_id)


def named_organisation(identity: Identity) -> UUID:
    """Raises OrganisationMismatch for a service that speaks for all and names none."""
    if identity.organisation_id is None:
        raise OrganisationMismatch(f"Name the organisation in {ORGANISATION_HEADER}.")
    return identity.organisation_id


async def origin_of(request: Request, identity: TheIdentity) -> Origin:
    """Who asks and from where, as the audit log names them.

    The address is the peer's, or what a proxy on this machine says it is: uvicorn sees to that.
    """
    kind = ActorKind.SERVICE if identity.is_service else ActorKind.PERSON
    return Origin(
        kind=ActorKind.API_KEY if identity.api_key_id else kind,
        actor_id=str(identity.api_key_id or identity.subject),
        actor=identity.name or identity.email or identity.subject,
        role=None if identity.is_service else identity.role,
        session_id=identity.session_id,
        request_id=request_id(request.scope),
        address=request.client.host if request.client else None,
    )


TheOrigin = Annotated[Origin, Depends(origin_of)]


async def request_work(request: Request, identity: TheIdentity) -> AsyncIterator[UnitOfWork]:
    """The request's transaction, committed before the response is sent."""
    process, origin = await process_of(request), await origin_of(request, identity)
    async with process.work(named_organisation(identity), origin=origin) as work:
        offer(request, PostgresAnswers(work, process.cipher, principal=identity.subject))
        yield work


# `scope="function"`: with FastAPI's default a commit that fails has already answered 200.
Work = Annotated[UnitOfWork, Depends(request_work, scope="function")]
