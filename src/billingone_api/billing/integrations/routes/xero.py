"""Connects Xero: consent, the organisation that is read, the app, the test, the end."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response, status

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations.consents import Who
from billingone_api.billing.integrations.models import XERO
from billingone_api.billing.integrations.schemas.integrations import (
    PASSED,
    IntegrationOut,
    TestFailed,
    TestPassed,
    tested,
)
from billingone_api.billing.integrations.schemas.xero import (
    LOST,
    XeroAppIn,
    XeroAppOut,
    XeroAuthorisation,
    XeroCallback,
    XeroChoice,
    XeroConsent,
    XeroOrganisationList,
    XeroOrganisationOut,
)
from billingone_api.billing.integrations.wiring import apps, consents, xero
from billingone_api.billing.integrations.wiring.common import (
    TheOverview,
    read_integrations,
    write_integrations,
    write_outside,
)
from billingone_api.kit.etags import IfMatch, digest, expected_version, tag, tag_with_state, tagged
from billingone_api.kit.idempotency import Once, harmless
from billingone_api.kit.openapi import problems
from billingone_api.request import TheIdentity, TheOrigin, TheProcess, Work

router = APIRouter(prefix="/integrations/xero", tags=["integrations"], route_class=Once)

Writer = Annotated[Caller, Depends(write_integrations)]
Outside = Annotated[Caller, Depends(write_outside)]
_TESTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "What Xero said: also a test that failed is an answer.",
        "content": {
            "application/json": {
                "examples": {"passed": {"value": PASSED}, "failed": {"value": LOST}}
            }
        },
    }
}
_CONNECTED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "model": IntegrationOut,
        "description": "It was not connected before.",
        "headers": tagged()[200]["headers"],
    }
}


async def who_asks(identity: TheIdentity) -> Who:
    return Who(identity.subject, identity.session_id)


TheOneWhoAsks = Annotated[Who, Depends(who_asks)]


@router.post(
    "/authorise",
    operation_id="authorise_xero",
    summary="Begin to connect Xero",
    responses=problems(409),
    dependencies=[Depends(write_integrations)],
)
async def authorise_xero(
    who: TheOneWhoAsks, work: Work, process: TheProcess, response: Response
) -> XeroAuthorisation:
    """Send the browser to `url`. Xero sends it back to the web app, which posts what it brings.

    The answer is taken for ten minutes, once, and from the same person in the same session. Also
    the way to reconnect: nothing changes until consent was given.
    """
    response.headers["Cache-Control"] = "no-store"
    return XeroAuthorisation.model_validate(await consents.authorise(work, process, who=who))


@router.post(
    "/callback",
    operation_id="connect_xero",
    summary="Hand in what Xero sent back",
    responses=problems(409, 503),
)
@harmless
async def connect_xero(
    caller: Outside,
    who: TheOneWhoAsks,
    process: TheProcess,
    origin: TheOrigin,
    body: XeroCallback,
    response: Response,
) -> XeroConsent:
    """Exchanges the code, within ten seconds, and keeps the consent.

    A single organisation is read from now on, and so is the one that is connected, where it was
    consented again; otherwise one has to be chosen. 409 says what to do where the state or the
    code is not good (any more), consent was refused, or it does not reach far enough.
    """
    response.headers["Cache-Control"] = "no-store"
    answered = consents.Answered(body.code, body.error)
    settled = await consents.complete(
        process, caller, who=who, state=body.state, answered=answered, origin=origin
    )
    return XeroConsent.model_validate(settled, from_attributes=True)


@router.get(
    "/organisations",
    operation_id="list_xero_organisations",
    summary="Organisations of Xero that may be chosen",
    dependencies=[Depends(read_integrations)],
)
async def list_xero_organisations(work: Work, process: TheProcess) -> XeroOrganisationList:
    """Those for which consent was given; connect Xero again to add others."""
    found = await consents.organisations(work, process)
    return XeroOrganisationList(items=[XeroOrganisationOut.model_validate(one) for one in found])


@router.put(
    "",
    operation_id="choose_xero_organisation",
    summary="Choose the organisation that is read",
    responses=problems(409, 412, 428) | tagged(is_read=False) | _CONNECTED,
)
async def choose_xero_organisation(
    caller: Writer,
    process: TheProcess,
    work: Work,
    overview: TheOverview,
    body: XeroChoice,
    response: Response,
    if_match: IfMatch = None,
) -> IntegrationOut:
    """Another one ends the syncs under way; what was read of the one before is kept apart.

    `If-Match` takes the tag of the integration, connected or not.
    """
    is_first = await consents.choose(
        work, process, caller, body.tenant_id, expected=expected_version(if_match)
    )
    response.status_code = status.HTTP_201_CREATED if is_first else status.HTTP_200_OK
    found = await overview.of(XERO)
    shown = IntegrationOut.model_validate(found)
    tag_with_state(response, version=found.version, state=shown.model_dump_json())
    return shown


@router.delete(
    "",
    operation_id="disconnect_xero",
    summary="Disconnect Xero",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def disconnect_xero(caller: Outside, process: TheProcess, origin: TheOrigin) -> None:
    """Ends the connection of this organisation at Xero, and of no other; what was read stays.

    Where Xero does not answer it is disconnected here all the same. Also 204 where it was not
    connected.
    """
    await consents.disconnect(process, caller.organisation.id, origin=origin)


@router.post(
    "/test",
    operation_id="test_xero",
    summary="Try the connection to Xero",
    responses=problems(409) | _TESTED,
)
@harmless
async def try_xero(
    caller: Outside, process: TheProcess, origin: TheOrigin
) -> TestPassed | TestFailed:
    """Asks Xero now, for ten seconds at most, and says what to do where it fails.

    The integration's `attention` follows what is found; 409 `not_connected` where it is not.
    """
    return tested(await xero.try_xero(process, caller.organisation.id, origin=origin))


@router.get(
    "/app",
    operation_id="get_xero_app",
    summary="The app that asks for consent",
    responses=tagged(),
    dependencies=[Depends(read_integrations)],
)
async def get_xero_app(work: Work, process: TheProcess, response: Response) -> XeroAppOut:
    """BillingOne's, unless the organisation saved one of its own."""
    return await _shown(work, process, response)


@router.put(
    "/app",
    operation_id="save_xero_app",
    summary="Save an app of your own",
    responses=tagged(is_read=False),
)
async def save_xero_app(
    caller: Writer, work: Work, process: TheProcess, body: XeroAppIn, response: Response
) -> XeroAppOut:
    """Register `redirect_uri` with it first. A consent belongs to the app it was given to.

    With another client id, connect Xero again: the consent there is can be renewed no more.
    """
    await apps.save_app(work, process, caller, body.given())
    return await _shown(work, process, response)


@router.delete(
    "/app",
    operation_id="remove_xero_app",
    summary="Remove your own app",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(write_integrations)],
)
async def remove_xero_app(work: Work, process: TheProcess) -> None:
    """Consent is asked for in BillingOne's name again; connect Xero again with it."""
    await apps.remove_app(work, process)


async def _shown(work: Work, process: TheProcess, response: Response) -> XeroAppOut:
    shown = XeroAppOut.model_validate(await apps.app_shown(work, process))
    tag(response, version=digest(shown.model_dump_json()))
    return shown
