"""PostgreSQL stands behind the audit log; its guards and its subscriber have their names here."""

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any

from fastapi import Depends

from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.wiring import May, MayOutside
from billingone_api.billing.audit.adapters.postgres import PostgresAudit
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.process import Process
from billingone_api.request import Work

read_audit = May(Permission.AUDIT_READ)
export_audit = MayOutside(Permission.AUDIT_READ)

Exporter = Annotated[Caller, Depends(export_audit)]


async def audit_in(work: Work) -> PostgresAudit:
    return PostgresAudit(work)


TheAudit = Annotated[PostgresAudit, Depends(audit_in)]


async def write_down(process: Process, work: UnitOfWork) -> None:
    """A subscriber: an entry for everything that a transaction tells of."""
    await PostgresAudit(work).add(work.events, work.origin, at=process.clock.now())


def exported(process: Process, caller: Caller, filters: Mapping[str, Any]) -> AsyncGenerator[bytes]:
    async def chunks(work: Work) -> AsyncGenerator[bytes]:
        return PostgresAudit(work).rows(filters)

    return process.streamed(caller.organisation.id, chunks)
