"""Planted faults of many kinds: each is found, and nothing else is; `make bench` has thousands."""

import pytest
from tests.support.faulty import FAULTS, METRICS, SUITES, Lines, fill, portfolio
from tests.support.figures import Figure
from tests.support.reconciled import House

CLIENTS = 60


async def found(house: House) -> Lines:
    for metric in METRICS:
        await house.rule(metric, *SUITES[metric])
    await house.snapshot()
    rows = await house.database.as_owner("SELECT client_id, metric, status FROM snapshot_lines")
    return {(row["client_id"], row["metric"]): row["status"] for row in rows}


@pytest.mark.parametrize("faulty", [0, 2 * len(FAULTS)])
async def test_every_planted_fault_is_found_and_nothing_else(
    house: House, figure: Figure, faulty: int
) -> None:
    made = portfolio(seed=1 + faulty, clients=CLIENTS, faulty=faulty)
    await fill(house.database, house.organisation_id, made.clients)
    lines = await found(house)
    assert lines == made.expected
    wrong = [status for status in lines.values() if status != "matched"]
    (snapshot,) = (await house.read("/snapshots"))["items"]
    assert (snapshot["outcome"], bool(wrong)) == (("partial", True) if faulty else ("clean", False))
    figure(f"reconciliation: {CLIENTS} clients, {faulty} planted faults: {len(wrong)} findings")
