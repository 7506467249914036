"""Weeks of bad days, by seed: whatever happened, what is kept ends equal to what Xero has.

STORMS=4 is as many seeds for each kind of weather.
"""

import os
import random
from contextlib import suppress
from typing import Any

import pytest
from tests.support.clock import SetClock
from tests.support.copied import Copied
from tests.support.disturbed import Disturbed
from tests.support.figures import Tally
from tests.support.reckoning import money_kept
from tests.support.sources import Crash

from billingone_api.billing.invoices.jobs import XeroSource
from billingone_api.sandbox.app import Sandbox, SandboxSettings, create_sandbox
from billingone_api.sandbox.xero.limits import XeroLimits
from billingone_api.sandbox.xero.room import XeroSettings

FAULTS = ("429:1", "500", "503", "html:502", "garbage", "half_body", "drop", "duplicate", "shift")
LIES = ("empty_list", "short_page")
"""Nothing tells these from the truth; what they hid is found by the next full sweep."""
LISTS = ("Invoices", "CreditNotes", "Overpayments", "Prepayments", "Payments", "Contacts", "*")
DAYS = 4


@pytest.fixture
def sandbox(clock: SetClock) -> Sandbox:
    xero = XeroSettings(invoices=150, lines=2, planted_bad=2, limits=XeroLimits.lifted())
    return create_sandbox(SandboxSettings(clients=8, xero=xero, clock=clock, algorithms=("ES256",)))


class Storm:
    """Chance, and what it has done."""

    def __init__(
        self, copied: Copied, clock: SetClock, *, seed: int, faults: tuple[str, ...]
    ) -> None:
        self.copied = copied
        self.faults = faults
        self.clock = clock
        self.chance = random.Random(seed)  # noqa: S311 - a seed tells the same story twice
        self.deaths = 0

    async def somebody_works_in_xero(self) -> None:
        book = self.copied.tenant.ledger.invoices
        for _ in range(self.chance.randrange(1, 8)):
            self.clock.move(seconds=self.chance.randrange(1, 90))
            record = book.record(self.chance.choice(book.keys()))
            with suppress(KeyError):
                await self.copied.mutate(self._change(record))

    def _change(self, record: dict[str, Any]) -> dict[str, Any]:
        of = {"id": record["InvoiceID"]}
        is_open = record["Status"] == "AUTHORISED" and record["Type"] == "ACCREC"
        # What cannot be read is not to be reckoned with either.
        if is_open and isinstance(record["AmountDue"], float) and record["AmountDue"] > 1:
            part: dict[str, Any] = {"do": "pay", "amount": "0.55", **of}
            return self.chance.choice([{"do": "pay", **of}, part, {"do": "void", **of}])
        reference = {"Reference": f"Turn {self.chance.randrange(1000)}"}
        change = {"do": "change", "kind": "invoice", "fields": reference, **of}
        return self.chance.choice([change, {"do": "add"}, {"do": "touch", "count": 9}])

    async def something_goes_wrong(self) -> None:
        for _ in range(self.chance.randrange(4)):
            rule = {
                "fault": self.chance.choice(self.faults),
                "provider": "xero",
                "path": f"/api.xro/2.0/{self.chance.choice(LISTS)}",
                "after": self.chance.randrange(3),
                "times": self.chance.randrange(1, 4),
            }
            await self.copied.control("/faults", [rule])

    async def mood(self, place: str) -> None:
        if self.chance.random() < 0.06:
            self.deaths += 1
            raise Crash
        if place.startswith("fetch") and self.chance.random() < 0.2:
            await self.somebody_works_in_xero()

    async def sync(self, mode: str) -> None:
        sync_id = await self.copied.asked(mode=mode)
        run = await self.copied.seen(sync_id)
        while run["finished_at"] is None:
            await self.copied.left_alone_long_enough()
            with suppress(Crash):
                await self.copied.goes_on(sync_id, source=Disturbed(XeroSource(), self.mood))
            run = await self.copied.seen(sync_id)
        assert run["status"] in {"succeeded", "partial", "failed"}


@pytest.mark.parametrize("seed", range(int(os.environ.get("STORMS", "1"))))
@pytest.mark.parametrize(("faults", "last"), [(FAULTS, "delta"), (FAULTS + LIES, "full")])
async def test_whatever_happens_the_books_end_equal(
    copied: Copied, clock: SetClock, seed: int, faults: tuple[str, ...], last: str, tally: Tally
) -> None:
    storm = Storm(copied, clock, seed=seed, faults=faults)
    for _ in range(DAYS):
        await storm.something_goes_wrong()
        await storm.sync(storm.chance.choice(["delta", "delta", "full"]))
        clock.move(hours=storm.chance.randrange(1, 30))
        await storm.somebody_works_in_xero()
    await copied.process.http.delete(f"{copied.host.removesuffix('/xero')}/_sandbox/faults")
    await copied.left_alone_long_enough()
    clock.move(hours=1)
    run = await copied.sync(mode=last)
    assert run["status"] in {"succeeded", "partial"}, run
    assert await money_kept(copied.database) == await copied.money_told()
    sentence = "12: {} deaths in {} seeded storms over Xero's books, which ended equal"
    tally(sentence, storm.deaths, f"{last} {seed}")
