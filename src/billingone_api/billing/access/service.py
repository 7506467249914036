"""Decides who is let in, and with which permissions."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from billingone_api.billing.access.models import (
    KEY_SCOPES,
    PERMISSIONS,
    SCOPES,
    Admission,
    Caller,
    CallerKind,
    Grant,
    Organisation,
    Permission,
    Role,
)
from billingone_api.billing.access.ports import Register
from billingone_api.kit.auth.api_keys import ApiKeyInvalid
from billingone_api.kit.auth.identity import Identity
from billingone_api.kit.errors import (
    Forbidden,
    OrganisationMismatch,
    OrganisationUnknown,
    PersonRequired,
    RoleUnknown,
    SessionRevoked,
)

_HOLDER: Final = {
    CallerKind.PERSON: "The role {}",
    CallerKind.SERVICE: "This token's scope",
    CallerKind.API_KEY: "The scope of this API key",
}


async def admit(identity: Identity, register: Register) -> Caller:
    """Raises RoleUnknown, OrganisationUnknown, SessionRevoked or ApiKeyInvalid.

    Judges no permission yet.
    """
    grant = granted(identity)
    admission = await register.admission(identity)
    organisation = _admitted(admission)
    caller = Caller(
        kind=grant.kind,
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        organisation=organisation,
        role=grant.role,
        permissions=grant.permissions,
    )
    return caller if grant.kind is not CallerKind.API_KEY else _by_key(caller, admission)


def granted(identity: Identity) -> Grant:
    """What the token says its bearer may do; raises RoleUnknown."""
    if identity.api_key_id is not None:
        return Grant(CallerKind.API_KEY, None, frozenset())
    if identity.is_service:
        return Grant(CallerKind.SERVICE, None, frozenset(SCOPES & identity.scopes))
    role = _role(identity.role)
    return Grant(CallerKind.PERSON, role, PERMISSIONS[role])


def require(caller: Caller | Grant, permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in caller.permissions:
        holder = _HOLDER[caller.kind].format(caller.role)
        raise Forbidden(f"{holder} does not include {permission}.")


def require_person(caller: Caller) -> None:
    """Raises PersonRequired."""
    if caller.kind is not CallerKind.PERSON:
        raise PersonRequired("This is about the signed-in person; a service or a key is none.")


def require_service(caller: Caller | Grant) -> None:
    """Raises Forbidden."""
    if caller.kind is not CallerKind.SERVICE:
        raise Forbidden("Only PanelOne's services call this.")


def require_organisation(identity: Identity, organisation_id: UUID) -> None:
    """Raises OrganisationMismatch where a path names another organisation than the token."""
    if identity.organisation_id not in {None, organisation_id}:
        raise OrganisationMismatch("The token speaks for another organisation than the path names.")


def require_welcome(admission: Admission | None) -> None:
    """A new organisation is; raises OrganisationUnknown for an ended one, or SessionRevoked."""
    if admission is not None:
        _admitted(admission)


def _by_key(caller: Caller, admission: Admission | None) -> Caller:
    if admission is None or admission.key is None:
        raise ApiKeyInvalid
    granted = frozenset(KEY_SCOPES & admission.key.scopes)
    return replace(caller, name=admission.key.name, permissions=granted)


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
