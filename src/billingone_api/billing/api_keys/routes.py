"""The door at which admins make and revoke what scripts come in with."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from billingone_api.billing.access.models import Caller
from billingone_api.billing.api_keys import service
from billingone_api.billing.api_keys.schemas import (
    ApiKeyIn,
    ApiKeyMade,
    ApiKeyOut,
    ApiKeyPage,
    ApiKeyQuery,
)
from billingone_api.billing.api_keys.wiring import TheKeyRing, read_api_keys, write_api_keys
from billingone_api.kit.etags import digest, tag, tagged
from billingone_api.kit.idempotency import Once
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=Once)

Maker = Annotated[Caller, Depends(write_api_keys)]
_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "Made. `key` is never shown again.",
        "headers": {"Location": {"description": "The key.", "schema": {"type": "string"}}},
    }
}


@router.get(
    "",
    operation_id="list_api_keys",
    summary="API keys, newest first",
    dependencies=[Depends(read_api_keys)],
)
async def list_api_keys(
    query: Annotated[ApiKeyQuery, Query()], ring: TheKeyRing, process: TheProcess
) -> ApiKeyPage:
    """Those that have expired stay until somebody revokes them."""
    return ApiKeyPage.model_validate(await ring.page(query.wanted(), cursors=process.cursors))


@router.get(
    "/{api_key_id}",
    operation_id="get_api_key",
    summary="One API key",
    responses=tagged(),
    dependencies=[Depends(read_api_keys)],
)
async def get_api_key(api_key_id: UUID, ring: TheKeyRing, response: Response) -> ApiKeyOut:
    """What it may do, until when, who made it, and when it was used last."""
    key = ApiKeyOut.model_validate(await service.found(ring, api_key_id))
    tag(response, version=digest(key.model_dump_json()))
    return key


@router.post(
    "",
    operation_id="create_api_key",
    summary="Make an API key",
    status_code=status.HTTP_201_CREATED,
    responses=_MADE,
)
async def create_api_key(
    body: ApiKeyIn,
    caller: Maker,
    ring: TheKeyRing,
    process: TheProcess,
    work: Work,
    request: Request,
    response: Response,
) -> ApiKeyMade:
    """The answer shows the key once. It speaks for the organisation, not for who made it.

    It stays when its maker leaves: revoke what nobody needs.
    """
    key, secret = await service.make(
        ring,
        body.name,
        scopes=body.scopes,
        lifetime=body.lifetime,
        caller=caller,
        now=process.clock.now(),
        tell=work.tell,
    )
    response.headers["Location"] = str(request.app.url_path_for("get_api_key", api_key_id=key.id))
    response.headers["Cache-Control"] = "no-store"
    return ApiKeyMade.of(key, secret)


@router.delete(
    "/{api_key_id}",
    operation_id="revoke_api_key",
    summary="Revoke an API key",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(write_api_keys)],
)
async def revoke_api_key(api_key_id: UUID, ring: TheKeyRing, work: Work) -> None:
    """The very next request with it is refused."""
    await service.revoke(ring, api_key_id, tell=work.tell)
