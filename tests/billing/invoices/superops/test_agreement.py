"""What is kept of SuperOps and what SuperOps says, added up by two hands, agree to the cent."""

from dataclasses import fields
from pathlib import Path

import pytest
from tests.support.clock import SetClock
from tests.support.deaths import dying_everywhere, killed_and_replaced
from tests.support.figures import Figure
from tests.support.superops import superops_settings
from tests.support.superops_copied import CopiedSuperOps, steps_of
from tests.support.superops_reckoning import Told, kept, told

from billingone_api.billing.invoices.jobs import SuperOpsSource


async def agree(copied: CopiedSuperOps, currency: str = "AUD") -> Told:
    ours, theirs = await kept(copied.database), await told(copied.asking, currency)
    for part in fields(Told):
        assert getattr(ours, part.name) == getattr(theirs, part.name), part.name
    return ours


async def test_everything_agrees_to_the_cent_after_a_first_sync(
    copied: CopiedSuperOps, figure: Figure
) -> None:
    run = await copied.sync()
    assert (run["status"], run["counts"]["quarantined"]) == ("partial", 2)
    found = await agree(copied)
    assert {state for _, _, state in found.invoices} == {"draft", "approved", "paid", "void"}
    assert any(unit != round(unit, 2) for _, _, unit, *_ in found.lines.values())
    assert any(rate for *_, rate, _ in found.lines.values())
    count = sum(row[0] for row in found.invoices.values())
    figure(
        f"12: {count} invoices of SuperOps with {len(found.lines)} lines, "
        f"{sum(row[0] for row in found.assets.values())} devices and "
        f"{sum(row[0] for row in found.users.values())} users agree with a second computation"
    )


async def test_everything_agrees_after_all_that_can_happen(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    await copied.sync()
    before = await agree(copied)
    ids = [one for one in copied.ids() if one not in await quarantined(copied)]
    clock.move(days=1)
    new = await copied.add(displayId="NEW-1", invoiceDate="2026-11-24")
    await copied.change(ids[0], statusEnum="VOID")
    await copied.change(ids[1], statusEnum="PAID", paymentDate="2026-11-24T13:30:00.000")
    await copied.change(ids[2], totalAmount="20000.0049")
    await copied.remove(ids[3])
    await copied.change(ids[4], items=copied.items(ids[4])[:1], totalAmount="1.10")
    await copied.remove(copied.ids("assets")[0], kind="asset")
    await copied.remove(copied.ids("associations")[0], kind="association")
    run = await copied.sync()
    counts = steps_of(run)["invoices"]["counts"]
    assert (counts["created"], counts["changed"], counts["gone"]) == (1, 4, 1)
    after = await agree(copied)
    assert all(getattr(after, part.name) != getattr(before, part.name) for part in fields(Told))
    assert (await copied.kept(new))["number"] == "NEW-1"
    again = await copied.sync(mode="full")
    assert again["counts"]["created"] == again["counts"]["changed"] == again["counts"]["gone"] == 0
    assert await agree(copied) == after


async def quarantined(copied: CopiedSuperOps) -> set[str]:
    rows = await copied.rows("SELECT record_key FROM quarantined_records")
    return {row["record_key"] for row in rows}


async def test_a_run_whose_worker_dies_at_every_step_of_every_batch_ends_like_an_undisturbed_one(
    copied: CopiedSuperOps, figure: Figure
) -> None:
    run, died = await dying_everywhere(copied, SuperOpsSource())
    assert (run["status"], run["problem"]) == ("partial", None)
    assert (run["counts"]["gone"], run["counts"]["changed"]) == (0, 0)
    assert {"fetch invoices 2", "write invoices 2", "wrote users 2"} <= died
    await agree(copied)
    assert await copied.rows("SELECT FROM invoice_versions WHERE version > 1") == []
    figure(f"11: a sync of SuperOps that died at {len(died)} places ends like an undisturbed one")


@pytest.mark.parametrize("place", ["wrote invoices 2", "fetch users 2"])
async def test_a_worker_killed_in_mid_sync_is_replaced_and_everything_agrees(
    copied: CopiedSuperOps, tmp_path: Path, place: str
) -> None:
    settings = superops_settings(copied.host)
    run = await killed_and_replaced(copied, tmp_path, place, source="superops", settings=settings)
    assert (run["status"], run["counts"]["gone"]) == ("partial", 0)
    await agree(copied)
