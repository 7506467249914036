"""Decides what a new API key may do and how long it lives."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from billingone_api.billing.access.models import KEY_SCOPES, Caller, Permission
from billingone_api.billing.api_keys.models import ApiKey
from billingone_api.billing.api_keys.ports import KeyRing
from billingone_api.kit.auth.api_keys import hash_of, written
from billingone_api.kit.errors import NotFound, Pointer, ValidationFailed
from billingone_api.kit.events import Tell, changed
from billingone_api.kit.ids import new_id


async def make(
    ring: KeyRing,
    name: str,
    *,
    scopes: Sequence[Permission],
    lifetime: timedelta,
    caller: Caller,
    now: datetime,
    tell: Tell,
) -> tuple[ApiKey, str]:
    """The key as it is kept, and as its bearer has to send it, which nobody can tell again.

    Raises ValidationFailed for a scope that its maker lacks, or that no key is given.
    """
    _check(scopes, caller)
    key_id = new_id()
    secret = written(key_id)
    key = ApiKey(
        id=key_id,
        name=name,
        scopes=sorted(set(scopes)),
        created_by=caller.label,
        created_at=now,
        expires_at=now + lifetime,
        last_used_at=None,
    )
    await ring.add(key, hashed=hash_of(secret))
    tell(changed("api_key.created", "api_key", str(key.id), before=None, after=key.told))
    return key, secret


async def found(ring: KeyRing, key_id: UUID) -> ApiKey:
    """Raises NotFound."""
    key = await ring.find(key_id)
    if key is None:
        raise NotFound
    return key


async def revoke(ring: KeyRing, key_id: UUID, *, tell: Tell) -> None:
    """Raises NotFound."""
    key = await found(ring, key_id)
    if not await ring.revoke(key_id):
        raise NotFound
    tell(changed("api_key.revoked", "api_key", str(key_id), before=key.told, after=None))


def _check(scopes: Sequence[Permission], caller: Caller) -> None:
    grantable = KEY_SCOPES & caller.permissions
    beyond = [
        Pointer("body", f"/scopes/{place}", "scope_not_grantable", "Is not yours to give to a key.")
        for place, scope in enumerate(scopes)
        if scope not in grantable
    ]
    if beyond:
        raise ValidationFailed("A key may do no more than whoever makes it.", errors=beyond)
