"""Lets the counts of SuperOps follow its lists and the mapping, whoever changes them."""

from typing import Final

from billingone_api.billing.reconciliation.wiring import (
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


async def follow_mapping(process: Process, work: Work) -> None:
    """A subscriber: what SuperOps lists is counted for whom it belongs to now, at once.

    Snapshots that were taken keep what they froze.
    """
    if any(_moves(event) for event in work.events):
        settings = await (await settings_in(work)).read()
        await with_fresh_counts(work, settings, now=process.clock.now())


async def count_anew(process: Process, _: Sources, claim: Claim) -> None:
    """What a run of SuperOps has brought is counted; due in the transaction that ended the run."""

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


def _moves(event: Event) -> bool:
    if event.action in _ONE_LINK:
        return str(event.resource_id).startswith("superops/")
    if event.action in _ONE_CLIENT:
        return any(side.get(_NAMED) is not None for side in (event.before, event.after))
    return event.action in _MANY
