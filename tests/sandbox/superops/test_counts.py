"""Devices and people against the seats that Pax8 sells: enough, too few and too many licences."""

from collections import Counter, defaultdict

import pytest
from tests.sandbox.superops.conftest import Caller
from tests.support.clock import SetClock

from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox

IN_USE = {"Active", "Activated", "PendingCancel", "Trial"}


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    """As many clients as the demo has."""
    return create_sandbox(SandboxSettings(clock=clock, algorithms=("ES256",)))


def seats(sandbox: Sandbox, *words: str) -> Counter[str]:
    """By the company of Pax8, of the products whose name begins so."""
    sold: Counter[str] = Counter()
    for row in sandbox.portfolio.subscriptions.rows():
        name = str(row.get("productName"))
        if row["status"] in IN_USE and name.startswith(words) and isinstance(row["quantity"], int):
            sold[row["companyId"]] += row["quantity"]
    return sold


def compared(sandbox: Sandbox, sold: Counter[str], counted: Counter[str]) -> Counter[str]:
    """Over the clients of which PanelOne knows both ids."""
    found: Counter[str] = Counter()
    for row in sandbox.portfolio.clients.rows():
        ids = row["external_ids"]
        if {"pax8_company_id", "superops_client_id"} <= set(ids) and sold[ids["pax8_company_id"]]:
            over = counted[ids["superops_client_id"]] - sold[ids["pax8_company_id"]]
            found["under" if over > 0 else "over" if over < 0 else "matched"] += 1
    return found


async def test_devices_match_exceed_and_fall_short_of_licences(
    caller: Caller, sandbox: Sandbox
) -> None:
    counted = Counter(
        str(row["client"]["accountId"]) for row in await caller.everything("getAssetList")
    )
    protected = ("SentinelOne Singularity Control", "SentinelOne Singularity Complete")
    outcome = compared(sandbox, seats(sandbox, *protected), counted)
    assert min(outcome[word] for word in ("matched", "under", "over")) >= 1
    assert outcome["matched"] >= 4


async def test_people_match_exceed_and_fall_short_of_licences(
    caller: Caller, sandbox: Sandbox
) -> None:
    users = defaultdict(set)
    for row in await caller.everything("getClientUserAssociationList"):
        users[row["client"]["accountId"]].add(row["user"]["userId"])
    counted = Counter({client: len(one) for client, one in users.items()})
    suites = tuple(
        f"Microsoft 365 Business {edition} [" for edition in ("Premium", "Standard", "Basic")
    )
    outcome = compared(sandbox, seats(sandbox, *suites), counted)
    assert min(outcome[word] for word in ("matched", "under", "over")) >= 3
    assert outcome["matched"] > outcome["under"]
