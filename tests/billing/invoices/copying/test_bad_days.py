"""Days on which Xero does not do what it should: nothing is lost, and it is said what to do."""

from typing import Any

import pytest
from tests.support.clock import SetClock
from tests.support.copied import Copied
from tests.support.disturbed import Disturbed
from tests.support.reckoning import money_kept

from billingone_api.billing.invoices.jobs import XeroSource


async def requests(copied: Copied) -> int:
    """Those that were let in, so far."""
    url = f"{copied.host.removesuffix('/xero')}/_sandbox/xero/"
    state = (await copied.process.http.get(url)).json()
    return int(sum(state["requests"].values()))


async def attention(copied: Copied) -> dict[str, Any]:
    [row] = await copied.rows("SELECT attention, attention_code FROM integrations")
    return row


async def test_a_day_that_is_used_up_in_mid_sync_parks_the_run_until_it_may_go_on(
    copied: Copied, clock: SetClock
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch invoices 1":
            await copied.control("/xero/limits/use", {"requests": 5000})

    await copied.control("/xero/limits", {"day": 5000})
    run = await copied.sync(source=Disturbed(XeroSource(), mood))
    assert (run["status"], run["problem"]["code"]) == ("running", "provider_rate_limited")
    assert "today" in run["problem"]["detail"]
    assert run["resumes_at"] is not None
    steps = {step["name"]: step for step in run["steps"]}
    assert (steps["contacts"]["status"], steps["invoices"]["status"]) == ("done", "running")
    assert (await attention(copied))["attention"] is None, "a limit is nothing to be mended"
    clock.move(hours=25)
    await copied.left_alone_long_enough()
    [sync_id] = await copied.rows("SELECT id::text FROM syncs")
    run = await copied.goes_on(sync_id["id"])
    assert (run["status"], run["problem"]) == ("partial", None)
    assert await money_kept(copied.database) == await copied.money_told()


async def test_an_organisation_that_left_us_inside_xero_needs_a_person(
    copied: Copied,
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch invoices 1":
            await copied.control("/xero/disconnect")

    run = await copied.sync(source=Disturbed(XeroSource(), mood))
    needed = await attention(copied)
    assert (run["status"], run["problem"]["code"]) == ("failed", needed["attention_code"])
    assert "no longer connected in Xero. Reconnect Xero" in needed["attention"]
    [kept] = await copied.rows("SELECT count(*) FROM invoices")
    assert kept["count"] >= 480, "what was copied until here stays"
    assert await copied.rows("SELECT FROM sync_cursors WHERE step = 'invoices'") == []


@pytest.mark.parametrize(
    ("scope", "step"),
    [
        ("accounting.settings.read", "organisation"),
        ("accounting.contacts.read", "contacts"),
        ("accounting.payments.read", "overpayments"),
    ],
)
async def test_a_scope_that_is_missing_is_said_and_asked_for_once(
    copied: Copied, scope: str, step: str
) -> None:
    await copied.control("/xero/scopes/withhold", {"scopes": [scope]})
    run = await copied.sync()
    needed = await attention(copied)
    assert (run["status"], run["problem"]["code"]) == ("failed", needed["attention_code"])
    assert "leave everything ticked" in needed["attention"]
    unfinished = [one["name"] for one in run["steps"] if one["status"] == "waiting"]
    assert unfinished[0] == step
    before = await requests(copied)
    [state] = await copied.rows("SELECT count(*) FROM due_work WHERE kind = 'sync'")
    assert state["count"] == 0, "nobody tries again"
    assert await requests(copied) == before


@pytest.mark.parametrize(("name", "after"), [("Invoices", 1), ("CreditNotes", 0)])
async def test_maintenance_told_in_plain_text_is_waited_for(
    copied: Copied, name: str, after: int
) -> None:
    path = f"/api.xro/2.0/{name}"
    rule = {"fault": "503", "provider": "xero", "path": path, "after": after, "times": 20}
    await copied.control("/faults", [rule])
    run = await copied.sync()
    assert (run["status"], run["problem"]["code"]) == ("running", "provider_unavailable")
    await copied.process.http.delete(f"{copied.host.removesuffix('/xero')}/_sandbox/faults")
    await copied.left_alone_long_enough()
    [sync_id] = await copied.rows("SELECT id::text FROM syncs")
    run = await copied.goes_on(sync_id["id"])
    assert (run["status"], run["problem"]) == ("partial", None)
    assert await money_kept(copied.database) == await copied.money_told()


async def test_a_token_that_expires_in_mid_sync_is_renewed_and_the_same_page_read(
    copied: Copied,
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch invoices 1":
            await copied.control("/xero/tokens/expire")

    run = await copied.sync(source=Disturbed(XeroSource(), mood))
    assert (run["status"], run["problem"]) == ("partial", None)
    assert await money_kept(copied.database) == await copied.money_told()


async def test_a_consent_that_has_ended_needs_a_person(copied: Copied) -> None:
    await copied.control("/xero/tokens/forget")
    await copied.control("/xero/tokens/expire")
    run = await copied.sync()
    needed = await attention(copied)
    assert (run["status"], run["problem"]["code"]) == ("failed", needed["attention_code"])
    assert "Reconnect Xero" in needed["attention"]
