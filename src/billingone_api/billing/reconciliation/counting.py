"""Lets the counts of SuperOps follow its lists, the mapping and the settings, whoever changes them.

One link moves the counts of the clients that it names, in its own transaction. What may move those
of many is due work, so that nobody who asks waits for a whole organisation to be counted.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from billingone_api.billing.reconciliation.wiring import (
    COUNTING_KIND,
    due,
    fence,
    no_longer_due,
    organisation_of,
    rely_on_mapping,
    settings_in,
    with_fresh_counts,
)
from billingone_api.billing.syncs.models import Claim, LeaseLost
from billingone_api.billing.syncs.ports import Sources
from billingone_api.kit.events import Event
from billingone_api.kit.tasks import carried_through
from billingone_api.process import Process
from billingone_api.request import Work

# What a master record says of SuperOps.
_NAMED: Final = "superops_client_id"
_ONE_LINK: Final = frozenset({"client_link.set", "client_link.removed"})
_ONE_CLIENT: Final = frozenset({"client.created", "client.updated"})
# Told of as numbers: whose records they were is not said.
_MANY: Final = frozenset({"client_links.changed", "client_links.undone", "clients.pushed"})
_SETTINGS: Final = "reconciliation_settings.updated"
# By which a device is in use or is not.
_OF_DEVICES: Final = frozenset({"idle_device_days", "ignored_device_names"})


async def follow_changes(process: Process, work: Work) -> None:
    """A subscriber: what SuperOps lists is counted for whom it belongs to now, by what holds now.

    Snapshots that were taken keep what they froze.
    """
    if any(_moves_many(event) for event in work.events):
        await due(work, COUNTING_KIND)
        work.after_commit.append(process.bell.ring)
        return
    clients = {client for event in work.events for client in _moved(event)}
    if clients:
        settings = await (await settings_in(work)).read()
        await with_fresh_counts(work, settings, now=process.clock.now(), clients=clients)


async def count_anew(process: Process, _: Sources, claim: Claim) -> None:
    """All that SuperOps lists is counted; due in the transaction that ended a run, or moved it."""

    async def transaction() -> None:
        async with process.work(claim.organisation_id) as work:
            await rely_on_mapping(work)
            try:
                await fence(work, claim, seconds=process.settings.worker_lease_seconds)
            except LeaseLost:
                return
            if await organisation_of(work):
                settings = await (await settings_in(work)).read()
                await with_fresh_counts(work, settings, now=process.clock.now())
            await no_longer_due(work, claim.kind, claim.key)

    await carried_through(transaction())


def _moves_many(event: Event) -> bool:
    if event.action in _ONE_CLIENT:
        # Whose the record was before, another client's perhaps, is not said.
        return any(side.get(_NAMED) is not None for side in (event.before, event.after))
    if event.action == _SETTINGS:
        return not _OF_DEVICES.isdisjoint(event.after)
    return event.action in _MANY


def _moved(event: Event) -> Iterator[UUID]:
    if event.action in _ONE_LINK and str(event.resource_id).startswith("superops/"):
        for side in (event.before, event.after):
            if side.get("client_id") is not None:
                yield side["client_id"]
