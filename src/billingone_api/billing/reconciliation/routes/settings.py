"""The door of what snapshots are taken by."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from billingone_api.billing.reconciliation.schemas.settings import (
    ReconciliationSettingsOut,
    ReconciliationSettingsPatch,
)
from billingone_api.billing.reconciliation.service import settings as service
from billingone_api.billing.reconciliation.wiring import (
    Reader,
    TheReconciliationSettings,
    Writer,
)
from billingone_api.kit.etags import IfMatch, expected_version, tag, tagged
from billingone_api.kit.openapi import problems
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation/settings", tags=["reconciliation"])


@router.get(
    "",
    operation_id="get_reconciliation_settings",
    summary="What snapshots are taken by, and when",
    responses=tagged(),
)
async def get_reconciliation_settings(
    _: Reader, settings: TheReconciliationSettings, response: Response
) -> ReconciliationSettingsOut:
    """Whose counts speak, how old they may be, and when a snapshot is taken by itself."""
    known = await settings.read()
    shown = ReconciliationSettingsOut.of(known, dict(await settings.sources()))
    tag(response, version=known.version)
    return shown


@router.patch(
    "",
    operation_id="update_reconciliation_settings",
    summary="Change what snapshots are taken by, or when",
    responses=problems(412, 428) | tagged(is_read=False),
)
async def update_reconciliation_settings(
    _: Writer,
    settings: TheReconciliationSettings,
    process: TheProcess,
    work: Work,
    response: Response,
    body: Annotated[ReconciliationSettingsPatch, Body()],
    if_match: IfMatch = None,
) -> ReconciliationSettingsOut:
    """Snapshots that were taken stay as they are."""
    changed = await service.change_settings(
        settings,
        body.choices(),
        expected_version=expected_version(if_match),
        now=process.clock.now(),
        tell=work.tell,
    )
    tag(response, version=changed.version)
    return ReconciliationSettingsOut.of(changed, dict(await settings.sources()))
