"""Decides whom a client's invoices go to first."""

from collections.abc import Sequence
from uuid import UUID

from billingone_api.billing.clients.errors import ContactNotFound
from billingone_api.billing.clients.models import Contact, Primary
from billingone_api.billing.clients.ports import Contacts
from billingone_api.kit.errors import NotFound
from billingone_api.kit.events import Tell, changed


async def choose(
    client_id: UUID, primary: Primary, contacts: Contacts, *, by: str, tell: Tell
) -> Sequence[Contact]:
    """How they stand then. Raises NotFound, and ContactNotFound for what is none of theirs."""
    if not await contacts.exists(client_id):
        raise NotFound
    found = await contacts.of(client_id)
    if not any(one.primary == primary for one in found):
        raise ContactNotFound("That record has no such address; read the client again.")
    before = await contacts.primary(client_id)
    if before != primary:
        await contacts.choose(client_id, primary, by=by)
        about = str(client_id)
        tell(changed("client.contact_chosen", "client", about, before=before, after=primary))
    return await contacts.of(client_id)


async def forget(client_id: UUID, contacts: Contacts, *, tell: Tell) -> Sequence[Contact]:
    """Back to the first address of all. Raises NotFound."""
    if not await contacts.exists(client_id):
        raise NotFound
    before = await contacts.primary(client_id)
    if before is not None:
        await contacts.forget(client_id)
        about = str(client_id)
        tell(changed("client.contact_released", "client", about, before=before, after=None))
    return await contacts.of(client_id)
