"""Tells what the figures mean."""

import hashlib
from functools import cache
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May
from billingone_api.billing.definitions.catalogue import catalogue
from billingone_api.billing.definitions.schemas import DefinitionsOut
from billingone_api.kit.etags import tag, tagged

router = APIRouter(tags=["definitions"])

read_definitions: Final = May(Permission.DASHBOARD_READ)
Reader = Annotated[Caller, Depends(read_definitions)]


@router.get(
    "/definitions",
    operation_id="get_definitions",
    summary="What every figure means",
    responses=tagged(),
)
async def get_definitions(_: Reader, response: Response) -> DefinitionsOut:
    """Figures with formula, unit and source; badges, reasons for exclusion and billing terms.

    It changes with the program alone, which its `ETag` tells.
    """
    known, version = _definitions()
    tag(response, version=version)
    return known


@cache
def _definitions() -> tuple[DefinitionsOut, str]:
    known = DefinitionsOut.model_validate(catalogue())
    return known, hashlib.sha256(known.model_dump_json().encode()).hexdigest()[:16]
