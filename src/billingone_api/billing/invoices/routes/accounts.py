"""The HTTP door of account mapping, which stands among the settings of the Xero integration."""

from fastapi import APIRouter, Depends, Response

from billingone_api.billing.invoices.models import AccountMapping
from billingone_api.billing.invoices.schemas.accounts import AccountMappingOut, MappingsIn
from billingone_api.billing.invoices.service import map_accounts
from billingone_api.billing.invoices.wiring import (
    AccountMapper,
    TheChart,
    read_accounts,
    shown_accounts,
    version_of,
)
from billingone_api.kit.etags import IfMatch, expected_version, tag_with_state, tagged
from billingone_api.kit.openapi import problems
from billingone_api.request import Work

router = APIRouter(prefix="/integrations/xero/accounts", tags=["integrations"])


@router.get(
    "",
    operation_id="get_account_mapping",
    summary="What the revenue accounts of Xero earn money with",
    dependencies=[Depends(read_accounts)],
    responses=tagged(),
)
async def get_account_mapping(chart: TheChart, work: Work, response: Response) -> AccountMappingOut:
    """Every revenue account that Xero lists; a mapping that leads nowhere any more is told."""
    return await _tagged(await chart.mapping(), work, response)


@router.put(
    "",
    operation_id="put_account_mapping",
    summary="Say what the revenue accounts of Xero earn money with",
    responses=tagged(is_read=False) | problems(409, 412, 428),
)
async def put_account_mapping(
    wanted: MappingsIn,
    caller: AccountMapper,
    chart: TheChart,
    work: Work,
    response: Response,
    if_match: IfMatch = None,
) -> AccountMappingOut:
    """These mappings and no others; each account has to be among those that are listed."""
    mapping = await map_accounts(
        chart,
        [(one.account_id, one.category) for one in wanted.mappings],
        expected=expected_version(if_match),
        version=version_of,
        by=caller.label,
        tell=work.tell,
    )
    return await _tagged(mapping, work, response)


async def _tagged(mapping: AccountMapping, work: Work, response: Response) -> AccountMappingOut:
    shown = AccountMappingOut.model_validate(await shown_accounts(mapping, work))
    tag_with_state(response, version=version_of(mapping), state=shown.model_dump_json())
    return shown
