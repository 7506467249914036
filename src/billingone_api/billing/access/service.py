"""Decides who is let in, and with which permissions."""

from uuid import UUID

from billingone_api.billing.access.models import (
    PERMISSIONS,
    SCOPES,
    Admission,
    Caller,
    Grant,
    Organisation,
    Permission,
    Role,
)
from billingone_api.billing.access.ports import Register
from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.errors import (
    Forbidden,
    OrganisationMismatch,
    OrganisationUnknown,
    PersonRequired,
    RoleUnknown,
    SessionRevoked,
)


async def admit(identity: Identity, register: Register) -> Caller:
    """Raises RoleUnknown, OrganisationUnknown or SessionRevoked; judges no permission yet."""
    grant = granted(identity)
    organisation = _admitted(await register.admission(identity))
    return Caller(
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        organisation=organisation,
        role=grant.role,
        permissions=grant.permissions,
    )


def granted(identity: Identity) -> Grant:
    """What the token says its bearer may do; raises RoleUnknown."""
    if identity.is_service:
        return Grant(None, frozenset(SCOPES & identity.scopes))
    role = _role(identity.role)
    return Grant(role, PERMISSIONS[role])


def require(caller: Caller | Grant, permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in caller.permissions:
        who = "This token's scope" if caller.role is None else f"The role {caller.role}"
        raise Forbidden(f"{who} does not include {permission}.")


def require_person(caller: Caller) -> None:
    """Raises PersonRequired."""
    if caller.role is None:
        raise PersonRequired("This is about the signed-in person; a service is none.")


def require_service(caller: Caller | Grant) -> None:
    """Raises Forbidden."""
    if caller.role is not None:
        raise Forbidden("Only PanelOne's services call this.")


def require_organisation(identity: Identity, organisation_id: UUID) -> None:
    """Raises OrganisationMismatch where a path names another organisation than the token."""
    if identity.organisation_id not in {None, organisation_id}:
        raise OrganisationMismatch("The token speaks for another organisation than the path names.")


def require_welcome(admission: Admission | None) -> None:
    """A new organisation is; raises OrganisationUnknown for an ended one, or SessionRevoked."""
    if admission is not None:
        _admitted(admission)


def _role(word: str | None) -> Role:
    try:
        return Role(word or "")
    except ValueError:
        known = ", ".join(Role)
        raise RoleUnknown(f"The token names no role we know; known are {known}.") from None


def _admitted(admission: Admission | None) -> Organisation:
    if admission is None:
        raise OrganisationUnknown("PanelOne has not told us of this organisation yet.")
    if admission.ended_at is not None:
        raise OrganisationUnknown("This organisation has been ended in PanelOne.")
    if admission.is_revoked:
        raise SessionRevoked("PanelOne has ended this session; sign in again.")
    return admission.organisation
