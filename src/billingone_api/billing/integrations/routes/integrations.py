"""Lists integrations, connects, tests, schedules and disconnects them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Response, status
from pydantic import BaseModel, ConfigDict

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations import service
from billingone_api.billing.integrations.models import PAX8, PROVIDERS
from billingone_api.billing.integrations.schemas.integrations import (
    FAILED,
    GIVEN,
    PASSED,
    ConnectIn,
    IntegrationList,
    IntegrationOut,
    ScheduleIn,
    TestFailed,
    TestIn,
    TestPassed,
    tested,
)
from billingone_api.billing.integrations.wiring import pax8
from billingone_api.billing.integrations.wiring.common import (
    TheIntegrations,
    TheOverview,
    TheVault,
    read_integrations,
    write_integrations,
    write_outside,
)
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import (
    IfMatch,
    OptionalIfMatch,
    expected_version,
    tag_with_state,
    tagged,
)
from billingone_api.kit.idempotency import Once, harmless
from billingone_api.kit.openapi import problems
from billingone_api.request import TheOrigin, TheProcess, Work

router = APIRouter(prefix="/integrations", tags=["integrations"], route_class=Once)

_CREATED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "model": IntegrationOut,
        "description": "It was not connected before.",
        "headers": tagged()[200]["headers"],
    }
}

_TESTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "What Pax8 said: also a test that failed is an answer.",
        "content": {
            "application/json": {
                "examples": {"passed": {"value": PASSED}, "failed": {"value": FAILED}}
            }
        },
    }
}

Writer = Annotated[Caller, Depends(write_integrations)]
Tester = Annotated[Caller, Depends(write_outside)]


class NoFilter(BaseModel):
    """A parameter that nobody knows is an error, not a shrug."""

    model_config = ConfigDict(extra="forbid")


async def unfiltered(query: Annotated[NoFilter, Query()]) -> NoFilter:
    return query


async def known(
    provider: Annotated[str, Path(description="`pax8`, `xero` or `superops`.", examples=["pax8"])],
) -> str:
    """Raises NotFound for a provider the product does not know."""
    if provider not in PROVIDERS:
        raise NotFound
    return provider


Given = Annotated[
    TestIn | None,
    Body(
        openapi_examples={
            "unsaved": {"summary": "Credentials not saved yet", "value": GIVEN},
            "saved": {"summary": "The saved ones", "value": {}},
        }
    ),
]
Provider = Annotated[str, Depends(known)]


@router.get(
    "",
    operation_id="list_integrations",
    summary="Every provider, connected or not",
    dependencies=[Depends(read_integrations), Depends(unfiltered)],
)
async def list_integrations(overview: TheOverview) -> IntegrationList:
    """How each connection fares: its status, what a person has to do, its last and next sync."""
    items = [IntegrationOut.model_validate(found) for found in await overview.all()]
    return IntegrationList(items=items)


@router.get(
    "/{provider}",
    operation_id="get_integration",
    summary="One provider, connected or not",
    responses=tagged(),
    dependencies=[Depends(read_integrations)],
)
async def get_integration(
    provider: Provider, overview: TheOverview, response: Response
) -> IntegrationOut:
    """With the `ETag` that a change of its settings needs.

    It changes with all that is shown, but as `If-Match` it is stale only once somebody changed
    credentials or schedule.
    """
    return await _shown(overview, provider, response)


@router.post(
    "/pax8/test",
    operation_id="test_pax8",
    summary="Try credentials for Pax8",
    responses=problems(409) | _TESTED,
)
@harmless
async def try_pax8(
    caller: Tester, process: TheProcess, origin: TheOrigin, body: Given = None
) -> TestPassed | TestFailed:
    """Asks Pax8 now, for ten seconds at most, and says what to do where it fails.

    Credentials that are sent are tried and nothing is kept of them. Without any the saved ones are
    tried, and the integration's `attention` follows what is found; 409 `not_connected` where none
    are saved.
    """
    given = body.given() if body else None
    organisation_id = caller.organisation.id
    return tested(await pax8.try_pax8(process, organisation_id, given, origin=origin))


@router.put(
    "/pax8",
    operation_id="connect_pax8",
    summary="Save credentials for Pax8",
    responses=problems(412) | tagged(is_read=False) | _CREATED,
)
async def connect_pax8(
    caller: Writer,
    process: TheProcess,
    work: Work,
    overview: TheOverview,
    body: ConnectIn,
    response: Response,
    if_match: OptionalIfMatch = None,
) -> IntegrationOut:
    """Saves without asking Pax8: test first.

    Other credentials than the saved ones end the syncs that run with those and clear `attention`;
    the same ones change nothing. A first connection is synced hourly, for the first time in a
    minute; a schedule that somebody chose stays. `If-Match` is heeded where it is sent.
    """
    expected = None if if_match is None else expected_version(if_match)
    is_first = await pax8.connect_pax8(
        work, process, caller, body.credentials.given(), expected=expected
    )
    response.status_code = status.HTTP_201_CREATED if is_first else status.HTTP_200_OK
    return await _shown(overview, PAX8, response)


@router.patch(
    "/{provider}",
    operation_id="update_integration",
    summary="Choose how often it is synced",
    responses=problems(409, 412, 428) | tagged(is_read=False),
    dependencies=[Depends(write_integrations)],
)
async def update_integration(
    provider: Provider,
    integrations: TheIntegrations,
    overview: TheOverview,
    work: Work,
    body: ScheduleIn,
    response: Response,
    if_match: IfMatch = None,
) -> IntegrationOut:
    """The next sync is that many minutes from now; 409 `not_connected` without credentials.

    Those after it lie on the same grid; where it is of whole days, at night in the organisation's
    time zone.
    """
    await service.reschedule(
        integrations,
        provider=provider,
        minutes=body.schedule_minutes,
        expected=expected_version(if_match),
        tell=work.tell,
    )
    return await _shown(overview, provider, response)


@router.delete(
    "/{provider}",
    operation_id="disconnect_integration",
    summary="Disconnect a provider",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(write_integrations)],
)
async def disconnect_integration(
    provider: Provider, integrations: TheIntegrations, vault: TheVault, work: Work
) -> None:
    """Removes credentials, tokens and schedule and ends its syncs; what was read stays.

    Also 204 where it was not connected.
    """
    await service.disconnect(integrations, vault, provider=provider, tell=work.tell)


async def _shown(overview: TheOverview, provider: str, response: Response) -> IntegrationOut:
    found = await overview.of(provider)
    shown = IntegrationOut.model_validate(found)
    tag_with_state(response, version=found.version, state=shown.model_dump_json())
    return shown
