"""How many requests are under way at a time, on all machines together."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from tests.support.databases import Database

from billingone_api.billing.integrations.adapters.slots import PostgresSlots
from billingone_api.kit.ids import new_id
from billingone_api.process import Process


@dataclass
class Crowd:
    """How many are inside, and how many there were at most."""

    inside: int = 0
    most: int = 0

    async def visit(self, slots: PostgresSlots) -> None:
        async with slots.slot():
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.02)
            self.inside -= 1


def slots_of(process: Process, organisation_id: UUID, count: int = 2) -> PostgresSlots:
    patient = replace(process, sleep=asyncio.sleep)
    return PostgresSlots(patient, organisation_id=organisation_id, provider="xero", count=count)


async def test_no_more_than_allowed_are_inside_on_two_machines(
    process: Process, other_process: Process, organisation_id: UUID
) -> None:
    crowd = Crowd()
    both = [slots_of(machine, organisation_id) for machine in (process, other_process)]
    await asyncio.gather(*(crowd.visit(slots) for slots in both * 5))
    assert crowd.most == 2


async def test_organisations_do_not_wait_for_each_other(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    elsewhere = await database.add_organisation(new_id(), name="Redgum")
    one, other = (slots_of(process, owner, 1) for owner in (organisation_id, elsewhere))
    async with asyncio.timeout(20), one.slot(), other.slot():
        pass


async def test_a_slot_is_given_back_whatever_happens_inside(
    database: Database, process: Process, organisation_id: UUID
) -> None:
    slots = slots_of(process, organisation_id, 1)
    with pytest.raises(RuntimeError):
        async with slots.slot():
            raise RuntimeError
    task = asyncio.create_task(Crowd().visit(slots))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    rows = await database.as_owner("SELECT 1 FROM provider_slots WHERE lease IS NOT NULL")
    assert rows == []


@pytest.mark.parametrize("until", ["0 hours", "1 hour"])
async def test_the_slot_of_a_worker_that_died_is_taken_over(
    database: Database, process: Process, organisation_id: UUID, until: str
) -> None:
    slots = slots_of(process, organisation_id, 1)
    async with slots.slot():
        await database.as_owner(
            "UPDATE provider_slots SET leased_until = now() + $1::text::interval", until
        )
        async with asyncio.timeout(20), slots.slot():
            pass


async def test_fewer_slots_than_before_are_obeyed_at_once(
    process: Process, organisation_id: UUID
) -> None:
    crowd = Crowd()
    await Crowd().visit(slots_of(process, organisation_id, 4))
    fewer = slots_of(process, organisation_id, 1)
    await asyncio.gather(*(crowd.visit(fewer) for _ in range(3)))
    assert crowd.most == 1
