"""PanelOne's door: its services push organisations and clients and end sessions."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response, status

from billingone_api.billing.access.wiring import OrganisationId
from billingone_api.billing.clients.models import PushStatus
from billingone_api.billing.clients.schemas.queries import ClientId
from billingone_api.billing.clients.service.pushing import push
from billingone_api.billing.clients.wiring import TheClientRegister
from billingone_api.billing.counts.service import push as push_all_counts
from billingone_api.billing.counts.wiring import TheCountRegister
from billingone_api.billing.panelone import batches, count_batches
from billingone_api.billing.panelone.count_schemas import CountBatch, CountsPushed
from billingone_api.billing.panelone.schemas import (
    BatchResult,
    ClientBatch,
    ClientPush,
    ClientPushed,
    OrganisationPush,
    OrganisationPushed,
    RevokedSessions,
)
from billingone_api.billing.panelone.service import end_sessions
from billingone_api.billing.panelone.wiring import (
    ClientPusher,
    CountPusher,
    Introducer,
    SessionRevoker,
    TheRevocations,
    pushed_organisation,
)
from billingone_api.kit.idempotency import Once
from billingone_api.kit.problems import request_id
from billingone_api.request import TheOrigin, TheProcess, Work

router = APIRouter(prefix="/panelone", tags=["panelone"], route_class=Once)


def _created(model: Any) -> dict[int | str, dict[str, Any]]:
    return {status.HTTP_201_CREATED: {"model": model, "description": "It was not known before."}}


_STATUS: Final = {PushStatus.CREATED: status.HTTP_201_CREATED}


@router.put(
    "/organisations/{organisation_id}",
    operation_id="push_organisation",
    summary="Tell of an organisation, new or changed",
    responses=_created(OrganisationPushed),
    dependencies=[Introducer],
)
async def push_organisation(
    organisation_id: OrganisationId,
    body: OrganisationPush,
    process: TheProcess,
    origin: TheOrigin,
    response: Response,
) -> OrganisationPushed:
    """Time zone and reporting currency may also be chosen here by people.

    Their choice stays until PanelOne sends another value than it sent last. What holds is in the
    answer.
    """
    did, facts = await pushed_organisation(organisation_id, body.facts(), process, origin)
    response.status_code = _STATUS.get(did, status.HTTP_200_OK)
    return OrganisationPushed.of(organisation_id, did, facts)


@router.put(
    "/clients/{client_id}",
    operation_id="push_client",
    summary="Tell of a client, new or changed",
    responses=_created(ClientPushed),
    dependencies=[ClientPusher],
)
async def push_client(
    client_id: ClientId,
    body: ClientPush,
    register: TheClientRegister,
    work: Work,
    response: Response,
) -> ClientPushed:
    """Replaces the master record.

    The Pax8 company it names becomes the client's, with its subscriptions, unless another client
    names the same one or a person has decided.
    """
    (did,) = await push([body.record(client_id)], register, tell=work.tell)
    response.status_code = _STATUS.get(did, status.HTTP_200_OK)
    return ClientPushed(id=client_id, status=did)


@router.post(
    "/clients:batch",
    operation_id="push_clients",
    summary="Tell of up to 1,000 clients",
    dependencies=[ClientPusher],
)
async def push_clients(
    body: ClientBatch, register: TheClientRegister, work: Work, request: Request
) -> BatchResult:
    """As though the rows came one by one in their order: where an id comes twice, the last holds.

    A bad row is `invalid` with the reason and spoils no other.
    """
    readings = batches.read(body.clients, request_id=request_id(request.scope))
    statuses = await push(batches.records(readings), register, tell=work.tell)
    return BatchResult(results=list(batches.results(readings, statuses)))


@router.post(
    "/counts",
    operation_id="push_counts",
    summary="Tell what clients use, up to 5,000 counts",
    dependencies=[CountPusher],
)
async def push_counts(
    body: CountBatch,
    register: TheCountRegister,
    process: TheProcess,
    work: Work,
    request: Request,
) -> CountsPushed:
    """Each is kept under client, metric, source and instant: the same again changes nothing.

    A bad row is `invalid` with the reason and spoils no other.
    """
    told = request_id(request.scope)
    readings = count_batches.read(body.counts, request_id=told)
    kept = await push_all_counts(
        count_batches.counts(readings), register, now=process.clock.now(), tell=work.tell
    )
    return CountsPushed(results=list(count_batches.results(readings, kept, request_id=told)))


@router.post(
    "/sessions:revoke",
    operation_id="revoke_sessions",
    summary="End a session, or every session of a person, at once",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[SessionRevoker],
)
async def revoke_sessions(
    body: RevokedSessions, revocations: TheRevocations, process: TheProcess, work: Work
) -> None:
    """The very next request with such a token is refused with `session_revoked`."""
    await end_sessions(body.revocation(now=process.clock.now()), revocations, tell=work.tell)
