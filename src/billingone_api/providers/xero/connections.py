"""The organisations that a consent reaches."""

from typing import Any, Final

import structlog

from billingone_api.providers.records import RecordReader
from billingone_api.providers.xero.payloads.wire import (
    CamelPayload,
    Guid,
    Instant,
    OtherGuid,
    Words,
)
from billingone_api.providers.xero.provider import XERO

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Connection(CamelPayload):
    """One organisation as one user connected it; `id` ends the connection, `tenant_id` reads it.

    Its dates are UTC's without saying so. Old ones have neither a name nor an event.
    """

    id: Guid
    tenant_id: Guid
    auth_event_id: OtherGuid = None
    tenant_type: Words = None
    tenant_name: Words = None
    created_date_utc: Instant = None
    updated_date_utc: Instant = None


_READER: Final = RecordReader(Connection)


def organisations(answer: Any) -> tuple[Connection, ...]:
    """Without the accountants' practices, which have no invoices of their own."""
    if not isinstance(answer, list):
        raise XERO.malformed("there is no list of connections in it")
    connections, rejects = _READER.read(answer)
    if rejects:
        _log.warning("xero_connections_unreadable", count=len(rejects), first=rejects[0].pointer)
    return tuple(found for found in connections if found.tenant_type == "ORGANISATION")
