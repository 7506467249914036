"""Connects SuperOps: its token, tested before it is saved."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Response, status

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations.models import SUPEROPS
from billingone_api.billing.integrations.schemas.integrations import IntegrationOut
from billingone_api.billing.integrations.schemas.superops import (
    FAILED,
    PASSED,
    TOKEN,
    SuperOpsConnectIn,
    SuperOpsFailed,
    SuperOpsPassed,
    SuperOpsTestIn,
    tested,
)
from billingone_api.billing.integrations.wiring import superops
from billingone_api.billing.integrations.wiring.common import (
    TheOverview,
    write_integrations,
    write_outside,
)
from billingone_api.kit.etags import OptionalIfMatch, expected_version, tag_with_state, tagged
from billingone_api.kit.idempotency import Once, harmless
from billingone_api.kit.openapi import problems
from billingone_api.request import TheOrigin, TheProcess, Work

router = APIRouter(prefix="/integrations/superops", tags=["integrations"], route_class=Once)

Writer = Annotated[Caller, Depends(write_integrations)]
Tester = Annotated[Caller, Depends(write_outside)]
Given = Annotated[
    SuperOpsTestIn | None,
    Body(
        openapi_examples={
            "unsaved": {"summary": "A token not saved yet", "value": TOKEN},
            "saved": {"summary": "The saved one", "value": {}},
        }
    ),
]
_TESTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "What SuperOps said: also a test that failed is an answer.",
        "content": {
            "application/json": {
                "examples": {"passed": {"value": PASSED}, "failed": {"value": FAILED}}
            }
        },
    }
}
_CREATED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "model": IntegrationOut,
        "description": "It was not connected before.",
        "headers": tagged()[200]["headers"],
    }
}


@router.post(
    "/test",
    operation_id="test_superops",
    summary="Try a token for SuperOps",
    responses=problems(409) | _TESTED,
)
@harmless
async def try_superops(
    caller: Tester, process: TheProcess, origin: TheOrigin, body: Given = None
) -> SuperOpsPassed | SuperOpsFailed:
    """Asks SuperOps now, for ten seconds at most, and says what to do where it fails.

    Clients, invoices and devices are asked for one by one, and what the token may not read is
    said of each; it passes without devices. A token that is sent is tried and nothing is kept of
    it. Without a body the saved one is tried, and the integration's `attention` follows what is
    found; 409 `not_connected` or `superops_token_needed` where none is saved.
    """
    told = body.told() if body else None
    organisation_id = caller.organisation.id
    return tested(await superops.try_superops(process, organisation_id, told, origin=origin))


@router.put(
    "",
    operation_id="connect_superops",
    summary="Save a token for SuperOps",
    responses=problems(409, 412) | tagged(is_read=False) | _CREATED,
)
async def connect_superops(
    caller: Writer,
    process: TheProcess,
    work: Work,
    overview: TheOverview,
    body: SuperOpsConnectIn,
    response: Response,
    if_match: OptionalIfMatch = None,
) -> IntegrationOut:
    """Saves without asking SuperOps: test first.

    Another token, account or currency than the saved one ends the syncs that run with it and
    clears `attention`; the same changes nothing. The token may be left out to change the currency
    alone: 409 `superops_token_needed` where none is saved for this account. A first connection is
    synced nightly, for the first time in a minute; a schedule that somebody chose stays. `If-Match`
    is heeded where it is sent.
    """
    expected = None if if_match is None else expected_version(if_match)
    is_first = await superops.connect_superops(
        work, process, caller, body.credentials.told(), expected=expected
    )
    response.status_code = status.HTTP_201_CREATED if is_first else status.HTTP_200_OK
    found = await overview.of(SUPEROPS)
    shown = IntegrationOut.model_validate(found)
    tag_with_state(response, version=found.version, state=shown.model_dump_json())
    return shown
