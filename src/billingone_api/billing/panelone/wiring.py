"""PostgreSQL stands behind what PanelOne pushes; the guards of its routes have their names here."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from billingone_api.billing.access.models import Permission
from billingone_api.billing.access.wiring import ServiceMay, ServiceMayIntroduce
from billingone_api.billing.clients.models import PushStatus
from billingone_api.billing.panelone.adapters.postgres import (
    PostgresOrganisations,
    PostgresRevocations,
)
from billingone_api.billing.panelone.models import OrganisationFacts
from billingone_api.billing.panelone.ports import Revocations
from billingone_api.billing.panelone.service import push_organisation
from billingone_api.kit.events import Origin
from billingone_api.process import Process
from billingone_api.request import Work

introduce_organisations = ServiceMayIntroduce()
push_clients = ServiceMay(Permission.CLIENTS_PUSH)
push_counts = ServiceMay(Permission.COUNTS_PUSH)
revoke_sessions = ServiceMay(Permission.SESSIONS_REVOKE)

Introducer = Depends(introduce_organisations)
ClientPusher = Depends(push_clients)
CountPusher = Depends(push_counts)
SessionRevoker = Depends(revoke_sessions)


async def revocations(work: Work) -> Revocations:
    return PostgresRevocations(work)


TheRevocations = Annotated[Revocations, Depends(revocations)]


async def pushed_organisation(
    organisation_id: UUID, facts: OrganisationFacts, process: Process, origin: Origin
) -> tuple[PushStatus, OrganisationFacts]:
    """In a transaction for the organisation the path names: the token may speak for every one."""
    async with process.work(organisation_id, origin=origin) as work:
        known = PostgresOrganisations(work, at=process.clock.now())
        return await push_organisation(facts, known, about=organisation_id, tell=work.tell)
