"""What becomes of wishes, judged without anything that stores them."""

import pytest

from billingone_api.billing.clients.deeds import Do, Kind, Manner, Status, Wish
from billingone_api.billing.clients.models import Link, MasterRecord, Origin, Record, Situation
from billingone_api.billing.clients.service.judging import Judge, Known
from billingone_api.kit.ids import new_id

RECORD = Record("pax8", "c-1")
CLIENT = MasterRecord(new_id(), "Acacia", True, None, None, None, None, ())  # noqa: FBT003


def judged(
    wish: Wish, kind: Kind, *, link: Link | None = None, is_refused: bool = False
) -> tuple[Status, Link | None]:
    refused = {(RECORD, CLIENT.id)} if is_refused else set()
    known = Known({RECORD: None}, {RECORD: Situation(link, ())}, {CLIENT.id: CLIENT}, refused)
    verdict = Judge([wish], known, Manner(kind)).verdict(wish)
    return verdict.status, verdict.after


@pytest.mark.parametrize("kind", list(Kind))
def test_what_a_person_refused_while_it_was_looked_for_is_not_assigned(kind: Kind) -> None:
    wish = Wish(RECORD, Do.ASSIGN, CLIENT.id)
    found = judged(wish, kind, is_refused=True)
    if kind in {Kind.SUGGESTIONS, Kind.IDENTIFIERS}:
        assert found == (Status.UNCHANGED, None)
    else:
        assert found == (Status.CHANGED, Link(CLIENT.id, Origin.MANUAL))


def test_who_says_nothing_of_why_leaves_what_was_said() -> None:
    ours = Link(None, Origin.MANUAL, "Our own tenant")
    without = Wish(RECORD, Do.IGNORE, keeps_reason=True)
    assert judged(without, Kind.IMPORT, link=ours) == (Status.UNCHANGED, ours)
    assert judged(without, Kind.IMPORT) == (Status.CHANGED, Link(None, Origin.MANUAL))
    emptied = judged(Wish(RECORD, Do.IGNORE), Kind.IMPORT, link=ours)
    assert emptied == (Status.CHANGED, Link(None, Origin.MANUAL))
