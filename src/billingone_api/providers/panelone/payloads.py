"""What PanelOne says of a client, read leniently."""

from dataclasses import dataclass

from billingone_api.providers.records import Identifier, Payload, Reject, Text


class ExternalIds(Payload):
    """The same client in other tools; each may be missing."""

    pax8_company_id: Identifier | None = None
    xero_contact_id: Identifier | None = None
    superops_client_id: Identifier | None = None
    tax_number: Text | None = None
    domains: tuple[Text, ...] | None = None


class ClientRecord(Payload):
    """A client of the organisation's; `active` None where PanelOne does not say."""

    id: Identifier
    name: Text | None = None
    active: bool | None = None
    external_ids: ExternalIds | None = None


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Some clients, and where to go on; the last page has no `next_cursor`."""

    records: tuple[ClientRecord, ...]
    rejects: tuple[Reject, ...]
    next_cursor: str | None
