"""What has gone from Xero's lists, and what in them cannot be read."""

from tests.support.clock import SetClock
from tests.support.copied import Copied


async def test_what_a_full_sweep_does_not_meet_gets_a_tombstone_and_a_delta_removes_nothing(
    copied: Copied, clock: SetClock
) -> None:
    source_id = await copied.add()
    await copied.sync()
    count, first = await copied.living(), clock.now()
    clock.move(hours=2)
    record = copied.tenant.ledger.invoices.record(source_id)
    copied.remove(source_id)
    run = await copied.sync()
    assert (run["counts"]["gone"], await copied.living()) == (0, count)
    run = await copied.sync(mode="full")
    assert (run["counts"]["gone"], await copied.living()) == (1, count - 1)
    assert await copied.versions(source_id, "gone_at", "state") == [
        (1, first, None, "approved"),
        (2, clock.now(), clock.now(), "approved"),
    ]
    assert len(await copied.lines(source_id)) == 1
    copied.tenant.ledger.invoices.put(source_id, record, updated=1)
    run = await copied.sync(mode="full")
    assert (run["counts"]["gone"], await copied.living()) == (0, count)


async def test_a_list_that_shrinks_suspiciously_removes_nothing_unless_a_person_confirms(
    copied: Copied,
) -> None:
    await copied.sync()
    count = await copied.living()
    rows = await copied.rows("SELECT source_id FROM invoices WHERE state <> 'void' LIMIT 130")
    copied.remove(*(row["source_id"] for row in rows))
    run = await copied.sync(mode="full")
    [notice] = [one["notice"] for one in run["steps"] if one["notice"]]
    # what was deleted over there has gone already, and is not counted
    deleted = await copied.rows("SELECT FROM invoices WHERE source_status = 'DELETED'")
    assert notice.startswith(f"Xero no longer lists 130 of {count - len(deleted)} invoices.")
    assert (run["status"], run["counts"]["gone"], await copied.living()) == ("partial", 0, count)
    run = await copied.sync(mode="full", confirm_removals=True)
    assert (run["counts"]["gone"], await copied.living()) == (130, count - 130)


async def test_a_draft_that_was_deleted_and_is_hidden_is_buried_once(
    copied: Copied, clock: SetClock
) -> None:
    await copied.sync()
    [draft, *_] = await copied.rows("SELECT source_id FROM invoices WHERE state = 'draft'")
    await copied.control("/xero/manners", {"deleted_hidden": True})
    await copied.mutate({"do": "void", "id": draft["source_id"]})
    clock.move(hours=1)
    run = await copied.sync(mode="full")
    # those that were deleted when they were first read have gone already
    assert run["counts"]["gone"] == 1
    assert (await copied.kept(draft["source_id"]))["gone_at"] == clock.now()


async def test_an_archived_account_stays_and_a_new_one_is_met_within_a_day(
    copied: Copied, clock: SetClock
) -> None:
    await copied.sync()
    [account, *_] = await copied.rows("SELECT source_id FROM accounts WHERE class = 'REVENUE'")
    await copied.change(account["source_id"], kind="account", Status="ARCHIVED", Code="999")
    clock.move(hours=2)
    await copied.sync()
    assert (await copied.kept(account["source_id"], "accounts"))["code"] != "999"
    clock.move(days=1)
    await copied.sync()
    row = await copied.kept(account["source_id"], "accounts")
    assert (row["code"], row["source_status"], row["gone_at"]) == ("999", "ARCHIVED", None)


# What cannot be read


async def test_an_invoice_that_cannot_be_read_is_put_aside_and_released_once_it_can(
    copied: Copied, clock: SetClock
) -> None:
    source_id = await copied.add()
    await copied.sync()
    clock.move(hours=1)
    await copied.change(source_id, Total="to be agreed")
    run = await copied.sync()
    assert (run["status"], run["counts"]["quarantined"]) == ("partial", 1)
    [row] = await copied.rows("SELECT * FROM quarantined_records WHERE record_key = $1", source_id)
    assert (row["source"], row["kind"], row["reason"]) == (
        "xero",
        "invoices",
        "/Total: It is not a number.",
    )
    assert (await copied.kept(source_id))["total"] == 110
    await copied.sync(mode="full")
    assert (await copied.kept(source_id))["gone_at"] is None, "it was met"
    clock.move(hours=1)
    await copied.change(source_id, Total=110.0, Reference="Mended")
    await copied.sync()
    assert (await copied.kept(source_id))["reference"] == "Mended"
    assert (
        await copied.rows("SELECT FROM quarantined_records WHERE record_key = $1", source_id) == []
    )
