"""Days on which SuperOps does not do what it should: nothing is lost, and it is said what to do."""

from typing import Any

import pytest
from tests.billing.invoices.superops.test_agreement import agree
from tests.support.clock import SetClock
from tests.support.disturbed import Disturbed
from tests.support.superops import HELPDESKS, TOKEN
from tests.support.superops_copied import CopiedSuperOps, steps_of

from billingone_api.billing.invoices.adapters.superops.lists import MOST_IN_A_ROW
from billingone_api.billing.invoices.jobs import SuperOpsSource
from billingone_api.billing.invoices.walks import AT_ONCE
from billingone_api.sandbox.superops.accounts import Role


def may_not(copied: CopiedSuperOps, *operations: str) -> None:
    """The connected user's role loses rights."""
    tokens = copied.there.tokens.known
    tokens[TOKEN] = (copied.there.home, Role("Fewer", forbidden=frozenset(operations)))


@pytest.mark.parametrize("manner", ["plain", "wrapped", "classified", "status"])
async def test_a_limit_in_mid_sync_parks_the_run_until_it_may_go_on(
    copied: CopiedSuperOps, clock: SetClock, manner: str
) -> None:
    await copied.control("/manners", {"limit": manner})
    await copied.control("/limits", {"minute": 40})
    calls = copied.watched()
    sync_id = await copied.asked()
    run = await copied.goes_on(sync_id)
    assert (run["status"], run["problem"]["code"]) == ("running", "provider_rate_limited")
    assert run["resumes_at"] is not None
    assert await copied.attention() == (None, None), "a limit is nothing to be mended"
    parked = 0
    while run["finished_at"] is None:
        parked += 1
        assert parked < 10
        clock.move(minutes=2)
        run = await copied.goes_on(sync_id)
    assert (run["status"], run["problem"]) == ("partial", None)
    assert calls.seen <= 2 * len(copied.ids()), "what was kept is not asked for again"
    await copied.control("/limits", {"minute": None})
    await agree(copied)


async def test_a_full_sync_that_is_parked_does_not_begin_anew(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    first = await copied.sync()
    count = len(copied.ids())
    await copied.control("/limits", {"minute": 35})
    calls = copied.watched()
    sync_id = await copied.asked(mode="full")
    parked, run = 0, await copied.goes_on(sync_id)
    while run["finished_at"] is None:
        parked += 1
        clock.move(minutes=2)
        run = await copied.goes_on(sync_id)
    assert parked >= 2
    assert calls.seen <= count + parked * AT_ONCE, "what this run has read it does not read again"
    step = steps_of(run)["invoices"]["counts"]
    assert (step["unchanged"], step["changed"]) == (count - 2, 0)
    assert step["quarantined"] == steps_of(first)["invoices"]["counts"]["quarantined"] == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [("trial_expired", "trial"), ("paused", "paused"), ("cancelled", "cancelled")],
)
async def test_a_subscription_that_ends_in_mid_sync_needs_a_person(
    copied: CopiedSuperOps, state: str, words: str
) -> None:
    async def mood(place: str) -> None:
        if place == "fetch invoices 1":
            await copied.control("/subscription", {"state": state})

    run = await copied.sync(source=Disturbed(SuperOpsSource(), mood))
    assert (run["status"], run["problem"]["code"]) == ("failed", "subscription_ended")
    code, said = await copied.attention()
    assert code == "subscription_ended"
    assert said is not None
    assert words in said
    assert "Renew it there" in said
    assert await copied.one("SELECT count(*) FROM superops_clients") > 0, "what was copied stays"


async def test_a_token_that_was_regenerated_needs_a_person_once(copied: CopiedSuperOps) -> None:
    await copied.control("/tokens/regenerate", {"token": TOKEN})
    run = await copied.sync()
    assert (run["status"], run["problem"]["code"]) == ("failed", "credentials_rejected")
    code, said = await copied.attention()
    assert code == "credentials_rejected"
    assert said is not None
    assert "Create a new API token in SuperOps and save it here" in said


@pytest.mark.parametrize(
    ("operation", "word"), [("getClientList", "clients"), ("getInvoiceList", "invoices")]
)
async def test_a_right_that_is_lost_and_cannot_be_done_without_needs_a_person(
    copied: CopiedSuperOps, operation: str, word: str
) -> None:
    await copied.sync()
    before = await agree(copied)
    may_not(copied, operation)
    run = await copied.sync()
    assert (run["status"], run["problem"]["code"]) == ("failed", "permission_denied")
    code, said = await copied.attention()
    assert code == "permission_denied"
    assert said is not None
    assert f"does not let us read {word}" in said
    assert "role in SuperOps that may see them all" in said
    may_not(copied)
    await copied.sync()
    assert await copied.attention() == (None, None)
    assert await agree(copied) == before


async def test_invoices_alone_may_be_opened_by_nobody(copied: CopiedSuperOps) -> None:
    """The list may be read, and none of its invoices: that is no quarantine."""
    may_not(copied, "getInvoice")
    run = await copied.sync()
    assert (run["status"], run["problem"]["code"]) == ("failed", "permission_denied")
    await copied.connect(HELPDESKS)
    assert (await copied.sync())["problem"]["code"] == "permission_denied"


@pytest.mark.parametrize(
    ("operation", "step", "word"),
    [
        ("getAssetList", "assets", "assets"),
        ("getClientUserAssociationList", "users", "client users"),
    ],
)
async def test_without_what_can_be_done_without_the_rest_is_copied(
    copied: CopiedSuperOps, operation: str, step: str, word: str
) -> None:
    await copied.sync()
    table = f"superops_{step}"
    kept = await copied.one(f"SELECT count(*) FROM {table} WHERE gone_at IS NULL")  # noqa: S608 - a test's own words
    new = await copied.add(displayId="NEW-1")
    may_not(copied, operation)
    run = await copied.sync()
    assert (run["status"], run["problem"]) == ("partial", None)
    steps = steps_of(run)
    assert {name for name, one in steps.items() if one["status"] == "partial"} == {step}
    assert f"SuperOps does not let us read {word}." in steps[step]["notice"]
    assert "stays, and grows old" in steps[step]["notice"]
    assert (await copied.kept(new))["number"] == "NEW-1"
    count = await copied.one(f"SELECT count(*) FROM {table} WHERE gone_at IS NULL")  # noqa: S608 - a test's own words
    assert count == kept > 0


@pytest.mark.parametrize("how", ["html:200", "html:502", "garbage", "503", "drop"])
async def test_an_answer_that_is_none_is_asked_for_again_and_then_later(
    copied: CopiedSuperOps, how: str
) -> None:
    copied.sandbox.faults.add(how, provider="superops", after=5, times=20)
    sync_id = await copied.asked()
    run = await copied.goes_on(sync_id)
    assert run["status"] == "running"
    assert run["problem"]["code"] in {"provider_unavailable", "provider_malformed"}
    copied.sandbox.faults.clear()
    run = await copied.goes_on(sync_id)
    assert (run["status"], run["problem"]) == ("partial", None)
    await agree(copied)


@pytest.mark.parametrize("how", ["no_data", "empty_data", "type_validation_failed"])
async def test_an_answer_of_success_that_holds_nothing_removes_nothing(
    copied: CopiedSuperOps, how: str
) -> None:
    await copied.sync()
    before = await agree(copied)
    await copied.breaks(how, "getInvoiceList", after=1, times=None)
    run = await copied.sync()
    assert run["status"] == "running"
    await copied.is_mended()
    assert await agree(copied) == before


async def test_an_invoice_that_superops_fails_at_waits_aside_and_the_others_are_kept(
    copied: CopiedSuperOps,
) -> None:
    # The fuller question fails at once, the plainer one after four tries.
    await copied.breaks("internal", "getInvoice", after=3, times=5)
    run = await copied.sync()
    assert (run["status"], run["counts"]["quarantined"]) == ("partial", 3)
    reasons = [row["reason"] for row in await copied.rows("SELECT reason FROM quarantined_records")]
    assert any("SuperOps fails at reading invoices" in reason for reason in reasons)
    await copied.is_mended()
    run = await copied.sync()
    assert run["counts"]["quarantined"] == 2
    await agree(copied)


async def test_invoices_that_superops_fails_at_one_after_the_other_are_no_fault_of_theirs(
    copied: CopiedSuperOps,
) -> None:
    await copied.breaks("internal", "getInvoice", after=3, times=None)
    sync_id = await copied.asked()
    run = await copied.goes_on(sync_id)
    assert (run["status"], run["problem"]["code"]) == ("running", "provider_unavailable")
    aside = await copied.rows("SELECT FROM quarantined_records WHERE kind = 'invoices'")
    assert len(aside) <= MOST_IN_A_ROW
    await copied.is_mended()
    run = await copied.goes_on(sync_id)
    assert run["status"] == "partial"
    await agree(copied)


async def test_an_invoice_that_goes_while_the_list_is_read_is_gone(
    copied: CopiedSuperOps, clock: SetClock
) -> None:
    await copied.sync()
    [first, *_] = [
        key for key in copied.ids() if copied.there.home.invoices.get(key)["statusEnum"] == "PAID"
    ]
    clock.move(days=1)
    await copied.change(first, totalAmount="1")
    await copied.breaks("entity_does_not_exist", "getInvoice", times=None)
    run = await copied.sync()
    assert run["counts"]["gone"] == 1
    assert (await copied.kept(first))["gone_at"] is not None


async def test_counts_may_come_as_text_and_ids_as_numbers(copied: CopiedSuperOps) -> None:
    await copied.control("/manners", {"counts_as_text": True})
    run = await copied.sync()
    assert run["status"] == "partial"
    owners: list[dict[str, Any]] = await copied.rows("SELECT contact_id FROM invoices")
    known = set(copied.ids("clients"))
    assert {row["contact_id"] for row in owners} <= known
    await agree(copied)


async def test_a_connection_saved_anew_ends_the_run(copied: CopiedSuperOps) -> None:
    async def mood(place: str) -> None:
        if place == "fetch invoices 1":
            await copied.connect(currency="NZD")

    run = await copied.sync(source=Disturbed(SuperOpsSource(), mood))
    assert (run["status"], run["problem"]["code"]) == ("cancelled", "connection_changed")
