"""Which clients a record may belong to, in which order, why, and what may apply itself."""

from typing import Any

import pytest
from tests.support.companies import generated
from tests.support.figures import Figure

from billingone_api.billing.clients.matching.suggesting import (
    Candidate,
    Matcher,
    Party,
    ReasonKind,
)

TAX = "51 824 753 556"


def client(key: str, name: str = "Acacia", **more: Any) -> Party[str]:
    return Party(key, name, **more)


def record(name: str | None = "Nothing alike", key: str = "r-1", **more: Any) -> Party[str]:
    return Party(key, name, **more)


def asked(
    one: Party[str], *clients: Party[str], others: tuple[Party[str], ...] = (), **more: Any
) -> tuple[Candidate[str], ...]:
    return Matcher(clients, [one, *others], **more).candidates(one)


def kinds(candidate: Candidate[str]) -> list[ReasonKind]:
    return [reason.kind for reason in candidate.reasons]


@pytest.mark.parametrize(
    ("said", "known", "kind"),
    [
        ({"tax": TAX}, {"tax": "51824753556"}, ReasonKind.TAX_NUMBER),
        (
            {"addresses": ("ap@acacia.example",)},
            {"addresses": ("acacia.example",)},
            ReasonKind.DOMAIN,
        ),
        ({"ids": ("ABCDEF-12345",)}, {"ids": ("abcdef-12345",)}, ReasonKind.EXTERNAL_ID),
    ],
)
def test_an_identifier_that_names_two_alone_is_sure(
    said: dict[str, Any], known: dict[str, Any], kind: ReasonKind
) -> None:
    (found,) = asked(record(**said), client("a", **known), client("b", "Banksia"))
    assert (found.client, found.is_sure, kinds(found)) == ("a", True, [kind])
    two_clients = asked(record(**said), client("a", **known), client("b", "Banksia", **known))
    two_records = asked(record(**said), client("a", **known), others=(record(key="r-2", **said),))
    assert not any(each.is_sure for each in (*two_clients, *two_records))


def test_a_domain_is_not_sure_where_the_tax_numbers_differ() -> None:
    known = client("a", tax="83 914 571 673", addresses=("acacia.example",))
    (found,) = asked(record(tax=TAX, addresses=("acacia.example",)), known)
    assert (kinds(found), found.is_sure) == ([ReasonKind.DOMAIN], False)


def test_a_name_alone_is_never_sure() -> None:
    (found,) = asked(record("Acacia Pty Ltd"), client("a"))
    assert (found.score, found.is_sure, kinds(found)) == (93, False, [ReasonKind.EXACT_NAME])


def test_freemail_says_nothing() -> None:
    assert asked(record(addresses=("a@gmail.com",)), client("a", addresses=("gmail.com",))) == ()


def test_an_identifier_is_not_sure_where_the_name_speaks_for_another() -> None:
    """A group's domain at a sister that has none of its own in PanelOne."""
    group = client("group", "Acacia Group", addresses=("acacia.example",))
    sister = client("sister", "Acacia Services")
    found = asked(record("Acacia Services P/L", addresses=("x@acacia.example",)), group, sister)
    assert {each.client: each.is_sure for each in found} == {"group": False, "sister": False}


def test_an_identifier_is_not_sure_where_another_record_has_the_clients_name() -> None:
    found = asked(
        record("Acacia Services", addresses=("x@acacia.example",)),
        client("group", "Acacia Group", addresses=("acacia.example",)),
        others=(record("Acacia Group", key="r-2"),),
    )
    assert [each.is_sure for each in found] == [False]


def test_of_two_records_that_identifiers_give_to_one_client_neither_is_sure() -> None:
    """Which of them it is, or whether both are, is a person's to say."""
    known = client("a", tax=TAX, addresses=("acacia.example",))
    one, other = record(tax=TAX), record(key="r-2", addresses=("x@acacia.example",))
    matcher = Matcher([known], [one, other])
    assert [matcher.sure(each) for each in (one, other)] == [None, None]
    assert Matcher([known], [one]).sure(one) == "a"


def test_two_identifiers_that_name_different_clients_are_not_sure() -> None:
    found = asked(
        record(tax=TAX, addresses=("x@acacia.example",)),
        client("a", tax=TAX),
        client("b", "Banksia", addresses=("acacia.example",)),
    )
    assert {each.client for each in found} == {"a", "b"}
    assert not any(each.is_sure for each in found)


def test_who_has_a_record_there_gets_no_second_one_by_itself() -> None:
    (found,) = asked(record(tax=TAX), client("a", tax=TAX), holders={"a"})
    assert not found.is_sure


def test_what_a_person_refused_is_not_suggested_and_nothing_else_becomes_sure_by_it() -> None:
    clients = (client("a", tax=TAX), client("b", "Banksia", tax=TAX))
    found = asked(record(tax=TAX), *clients, refused={"r-1": ["a"]})
    assert [(each.client, each.is_sure) for each in found] == [("b", False)]


def test_a_hidden_client_is_not_suggested_and_its_number_is_still_its_own() -> None:
    clients = (client("retired", tax=TAX), client("b", "Banksia", tax=TAX))
    found = asked(record(tax=TAX), *clients, hidden={"retired"})
    assert [(each.client, each.is_sure) for each in found] == [("b", False)]


def test_reasons_add_up_and_the_likeliest_comes_first() -> None:
    found = asked(
        record("Acacia", tax=TAX, addresses=("x@acacia.example",)),
        client("b", "Acacia Ltd"),
        client("a", "Acacia", tax=TAX, addresses=("acacia.example",)),
    )
    assert [each.client for each in found] == ["a", "b"]
    assert found[0].score == 100
    assert kinds(found[0]) == [
        ReasonKind.TAX_NUMBER,
        ReasonKind.DOMAIN,
        ReasonKind.EXACT_NAME,
    ]


def test_a_record_without_a_name_or_anything_is_nobodys() -> None:
    assert asked(record(None), client("a"), client("b", "")) == ()


def test_no_more_than_five_are_suggested() -> None:
    assert len(asked(record("Acacia"), *(client(f"c-{n}") for n in range(9)))) == 5


@pytest.mark.parametrize("seed", range(1, 7))
def test_nothing_applies_itself_to_the_wrong_client(seed: int, figure: Figure) -> None:
    town = generated(seed, companies=400)
    matcher = Matcher(town.clients, town.records)
    found = {record.key: matcher.candidates(record) for record in town.records}
    sure = [(key, one.client) for key, each in found.items() for one in each if one.is_sure]
    assert [pair for pair in sure if town.truth[pair[0]] != pair[1]] == []
    assert len(sure) > 150
    asked_for = [key for key, whose in town.truth.items() if whose]
    met = [key for key in asked_for if any(one.client == town.truth[key] for one in found[key])]
    assert len(met) / len(asked_for) > 0.94
    figure(f"clients: of 400 companies (seed {seed}) {len(sure)} apply themselves, none wrongly")
