"""What goes wrong in one simulation, all of it drawn from the seed.

Each seed chooses a few kinds of fault and how often they strike: a world in which everything goes
wrong at once never gets far enough to break in an interesting place.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.door import Fate, Life
from tests.simulation.pax8 import LISTS, Account, Answer, Record
from tests.simulation.virtual import loop

PASSING: Final = ("refused", "hangs", "lost", "500", "503", "408", "429", "cut", "emptied")
ODD: Final = ("doubled", "short", "401")
LONG: Final = (None, 0, 1, 20, 59, 61, 600, 7200, 86_400)


@dataclass(frozen=True)
class Spell:
    """A while during which every request has the same fault."""

    begins: float
    ends: float
    fault: str
    retry_after: int | None


@dataclass
class Faults:
    """Strikes until the world is calmed; counts what the checks have to allow for."""

    chance: random.Random
    account: Account
    seconds: float
    tell: Callable[[str], None]
    is_calm: bool = False
    interruptions: int = 0
    answers: float = 0.0
    changes: float = 0.0
    deaths: float = 0.0
    freezes: float = 0.0
    breaks: float = 0.0
    rings_lost: float = 0.0
    spells: list[Spell] = field(default_factory=list)

    @classmethod
    def drawn(
        cls,
        chance: random.Random,
        account: Account,
        *,
        seconds: float,
        tell: Callable[[str], None],
    ) -> "Faults":
        def sometimes(share: float, most: float) -> float:
            return chance.uniform(0, most) if chance.random() < share else 0.0

        faults = cls(chance, account, seconds, tell)
        faults.answers = sometimes(0.5, 0.3)
        faults.changes = sometimes(0.5, 0.4)
        faults.deaths = sometimes(0.4, 0.03)
        faults.freezes = sometimes(0.3, 0.02)
        faults.breaks = sometimes(0.3, 0.03)
        faults.rings_lost = chance.choice((0.0, 0.0, 0.5, 1.0))
        if chance.random() < 0.3:
            begins = chance.uniform(0, seconds)
            ends = begins + chance.expovariate(1 / 20)
            fault = chance.choice(PASSING)
            faults.spells.append(Spell(begins, ends, fault, chance.choice(LONG)))
        return faults

    @property
    def is_redis_gone(self) -> bool:
        """For good: calm does not bring it back, and the sweep has to find what is due."""
        return self.rings_lost == 1.0

    def is_heard(self) -> bool:
        """Whether one ring of the bell reaches one worker."""
        lost = self.rings_lost if not self.is_calm or self.is_redis_gone else 0.0
        return self.chance.random() >= lost

    def calm(self) -> None:
        self.is_calm = True

    def around(self, life: Life, statement: str) -> Fate:
        """What happens to a worker at one statement."""
        fate = Fate(seconds=self.chance.expovariate(500))
        if self.is_calm:
            return fate
        if not statement.startswith("BEGIN;"):
            fate.dies_before, fate.dies_after = self._either(self.deaths)
            fate.breaks_before, fate.breaks_after = self._either(self.breaks)
            self.interruptions += any(
                (fate.dies_before, fate.dies_after, fate.breaks_before, fate.breaks_after)
            )
        if self.chance.random() < self.freezes:
            self.freeze(life)
        return fate

    def freeze(self, life: Life) -> None:
        """Longer than its lease: others take over meanwhile, and then it goes on."""
        self.interruptions += 1
        life.frozen_until = loop().time() + self.chance.uniform(20, 90)
        self.tell(f"{life.name} is frozen until {life.frozen_until:.3f}")

    def answer(self, life: Life, path: str) -> Answer:
        """What happens to one request; the list may change before it is answered."""
        seconds = self.chance.uniform(0.02, 0.4)
        if self.is_calm:
            return Answer(seconds)
        if self.chance.random() < self.changes:
            self.change()
        if self.chance.random() < self.freezes:
            self.freeze(life)
        if self.chance.random() < self.deaths:
            self.interruptions += 1
            self.tell(f"{life.name} dies while it asks for {path}")
            life.die()
        now = loop().time()
        for spell in self.spells:
            if spell.begins <= now < spell.ends:
                return Answer(seconds, spell.fault, spell.retry_after)
        if self.chance.random() < self.answers:
            fault = self.chance.choice(PASSING + ODD)
            retry = self.chance.choice(LONG) if fault in {"429", "503"} else None
            return Answer(seconds, fault, retry)
        return Answer(seconds)

    def change(self) -> None:
        """One record comes, goes, changes, or cannot be read any more."""
        kind = self.chance.choice(LISTS)
        records = self.account.lists[kind]
        what = self.chance.choice(("add", "add", "remove", "change", "spoil", "swap"))
        self.tell(f"pax8: {what} in {kind}")
        if what == "add" or not records:
            self.account.add(kind)
            return
        place = self.chance.randrange(len(records))
        match what:
            case "remove":
                self.account.remove(kind, place)
            case "swap":
                self.account.remove(kind, place)
                self.account.add(kind)
            case "change":
                change(records[place])
            case "spoil":
                spoil(records[place])

    def shrink(self) -> None:
        """Most of the subscriptions are gone, and more than are believed."""
        while len(self.account.lists["subscriptions"]) > 2:
            self.account.remove("subscriptions", 0)

    def _either(self, share: float) -> tuple[bool, bool]:
        if self.chance.random() >= share:
            return False, False
        before = self.chance.random() < 0.5
        return before, not before


def change(record: Record) -> None:
    """It says something else, and can be read (again)."""
    record.pop("spoilt", None)
    if "companyId" in record:
        record["quantity"] = record.get("quantity", 0) + 1 if _is_number(record) else 1
    else:
        record["name"] = f"{record['name'] if isinstance(record['name'], str) else 'Client'}*"


def spoil(record: Record) -> None:
    """It cannot be read any more."""
    record["spoilt"] = True
    record["quantity" if "companyId" in record else "name"] = {"nobody": "reads this"}


def _is_number(record: Record) -> bool:
    return isinstance(record["quantity"], int)
