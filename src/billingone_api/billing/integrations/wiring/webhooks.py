"""Xero's webhooks: judged by their signature, then told to whoever reads the organisation."""

from collections import defaultdict
from uuid import UUID

import structlog

from billingone_api.billing.integrations.adapters.webhooks import PostgresWebhooks
from billingone_api.billing.integrations.models import XERO
from billingone_api.kit.cipher import Secret
from billingone_api.kit.metrics import UNREADABLE_WEBHOOKS
from billingone_api.process import Process
from billingone_api.providers.errors import MalformedAnswer
from billingone_api.providers.xero.webhooks import (
    SIGNATURE_HEADER,
    Delivery,
    is_signed,
    read_delivery,
)

__all__ = ["SIGNATURE_HEADER", "take_xero"]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def take_xero(process: Process, body: bytes, *, signature: str | None) -> bool:
    """Whether it is Xero's; then everything in it that is ours has been taken.

    What cannot be read is told and dropped: sent again it would be the same, and the next sync
    finds all.
    """
    kept = process.settings.xero_webhook_key
    key = Secret(kept.get_secret_value() if kept else "")
    if not is_signed(body, signature=signature, key=key):
        return False
    try:
        delivery = read_delivery(body)
    except MalformedAnswer as error:
        _lament(1, reason=error.sentence)
        return True
    if delivery.rejects:
        _lament(len(delivery.rejects), reason=delivery.rejects[0].reason)
    if delivery.events:
        await _tell(process, delivery)
    return True


def _lament(events: int, *, reason: str) -> None:
    UNREADABLE_WEBHOOKS.labels(XERO).inc(events)
    log.warning("xero_webhook_unreadable", events=events, reason=reason)


async def _tell(process: Process, delivery: Delivery) -> None:
    webhooks = PostgresWebhooks(process, XERO)
    keys_of: defaultdict[str, set[str]] = defaultdict(set)
    for event in delivery.events:
        keys_of[event.tenant_id].add(event.key)
    theirs: defaultdict[UUID, set[str]] = defaultdict(set)
    for tenant_id, organisation_id in await webhooks.routes(keys_of):
        theirs[organisation_id] |= keys_of[tenant_id]
    for organisation_id, keys in sorted(theirs.items()):
        new = await webhooks.take(organisation_id, keys, at=process.clock.now())
        log.info("xero_webhook", organisation=str(organisation_id), events=len(keys), new=new)
