"""The guards that stand before every route: each is an instance with a name."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from billingone_api.billing.access.adapters.postgres import PostgresRegister
from billingone_api.billing.access.models import Caller, Permission
from billingone_api.billing.access.ports import Register
from billingone_api.billing.access.service import (
    admit,
    granted,
    require,
    require_organisation,
    require_person,
    require_service,
    require_welcome,
)
from billingone_api.request import (
    TheIdentity,
    TheProcess,
    WatchingIdentity,
    Work,
    named_organisation,
)

OrganisationId = Annotated[UUID, Path(description="PanelOne's id of the organisation.")]


async def register(work: Work) -> Register:
    return PostgresRegister(work)


TheRegister = Annotated[Register, Depends(register)]


async def caller_of(identity: TheIdentity, work: Work) -> Caller:
    return await admit(identity, PostgresRegister(work))


async def caller_outside(identity: TheIdentity, process: TheProcess) -> Caller:
    """Judged in a transaction of its own, so that none is open while the handler works."""
    async with process.work(named_organisation(identity)) as work:
        return await admit(identity, PostgresRegister(work))


class May:
    """Lets those through who have a permission, inside the request's transaction."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        require(caller, self.permission)
        return caller


class MayOutside:
    """The same for handlers that stream or ask a third party: no transaction is open meanwhile."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, caller: Annotated[Caller, Depends(caller_outside)]) -> Caller:
        require(caller, self.permission)
        return caller


class MayWatch:
    """The same for streams of events, to which a ticket lets in as well as a token."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, identity: WatchingIdentity, process: TheProcess) -> Caller:
        caller = await caller_outside(identity, process)
        require(caller, self.permission)
        return caller


class ServiceMay:
    """Lets PanelOne's services through whose scope names the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        require_service(caller)
        require(caller, self.permission)
        return caller


class ServiceMayIntroduce:
    """For the one route whose organisation, named in its path, may not exist yet."""

    permission = Permission.ORGANISATIONS_PUSH

    async def __call__(
        self, organisation_id: OrganisationId, identity: TheIdentity, process: TheProcess
    ) -> None:
        grant = granted(identity)
        require_service(grant)
        require(grant, self.permission)
        require_organisation(identity, organisation_id)
        async with process.work(organisation_id) as work:
            require_welcome(await PostgresRegister(work).admission(identity))


async def person(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    require_person(caller)
    return caller


SignedInPerson = Annotated[Caller, Depends(person)]
