"""Xero's webhooks: whose they are, and what they tell of."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.bodies import NotJson, read_json
from billingone_api.providers.records import RecordReader, Reject
from billingone_api.providers.xero.payloads.wire import CamelPayload, Guid, Moment, Words
from billingone_api.providers.xero.provider import XERO

SIGNATURE_HEADER: Final = "x-xero-signature"


class Event(CamelPayload):
    """Something of an organisation was created or changed; what, has to be asked for.

    INVOICE speaks of bills as well. Nothing is ever deleted: it is an UPDATE. Without its date one
    event could not be told from the next.
    """

    resource_id: Guid
    tenant_id: Guid
    event_date_utc: Moment
    tenant_type: Words = None
    event_category: Words = None
    event_type: Words = None

    @property
    def key(self) -> str:
        """The same for the same event, however often it is delivered: Xero numbers none."""
        told = (self.tenant_id, self.event_category, self.resource_id, self.event_type)
        return ":".join(part or "" for part in (*told, self.event_date_utc.isoformat()))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of Xero's: events of several organisations, or none at all."""

    events: tuple[Event, ...]
    rejects: tuple[Reject, ...]

    @property
    def is_intent_to_receive(self) -> bool:
        """Xero only tries whether signatures are checked; the answer is the signature's."""
        return not self.events and not self.rejects


_READER: Final = RecordReader(Event, id_name="resourceId")


def is_signed(body: bytes, *, signature: str | None, key: Secret) -> bool:
    """Of the bytes as they came; false where there is no key, so that nothing passes unsigned."""
    if not key or signature is None:
        return False
    digest = hmac.digest(key.reveal().encode(), body, hashlib.sha256)
    return hmac.compare_digest(base64.b64encode(digest), signature.encode(errors="replace"))


def read_delivery(body: bytes) -> Delivery:
    """Of a signed body only; raises MalformedAnswer for what holds no list of events."""
    try:
        told = read_json(body)
    except NotJson as error:
        raise XERO.malformed("a webhook is not JSON") from error
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list):
        raise XERO.malformed("there is no list of events in a webhook")
    return Delivery(*_READER.read(events))
