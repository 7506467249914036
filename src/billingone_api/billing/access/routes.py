"""Tells callers who they are here."""

from fastapi import APIRouter, Response

from billingone_api.billing.access.schemas import Me
from billingone_api.billing.access.wiring import SignedInPerson, TheRegister
from billingone_api.request import TheProcess

router = APIRouter(tags=["access"])


@router.get("/me", operation_id="get_me", summary="Who is signed in, and what they may do")
async def get_me(
    caller: SignedInPerson, known: TheRegister, process: TheProcess, response: Response
) -> Me:
    """The person, the organisation, the role with its permissions, and the app switcher."""
    response.headers["Cache-Control"] = "no-store"
    return Me.of(caller, process.settings, is_onboarded=await known.is_onboarded())
