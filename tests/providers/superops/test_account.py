import pytest

from billingone_api.kit.cipher import Secret
from billingone_api.providers.superops.account import (
    Region,
    SuperOpsAccount,
    SuperOpsEndpoints,
    subdomain_of,
)

PLANTED = "planted-secret-9c41"


@pytest.mark.parametrize(
    "pasted",
    [
        "acme",
        " ACME ",
        "acme.superops.ai",
        "acme.superops.com",
        "Acme.SuperOps.ai",
        "https://acme.superops.ai",
        "http://acme.superops.ai/",
        "https://acme.superops.ai/#/invoices?page=2",
        "acme.superops.ai?x=y",
        "acme.superops.ai#home",
        "https://acme.superops.ai/a\nb",
    ],
)
def test_a_subdomain_is_found_in_what_people_paste(pasted: str) -> None:
    assert subdomain_of(pasted) == "acme"


@pytest.mark.parametrize(
    "pasted",
    [
        "", " ", ".", ".superops.ai", "https://", "https:///x", "acme.example.com",
        "acme.superops.ai.evil.example", "a.b.superops.ai", "me@acme.superops.ai",
        "acme.superops.ai:443", "ac me", "acme_", "-acme", "acme-", "acmé", "a" * 64,
        "ftp://acme.superops.ai", "acme\r\nX: y", "acme\x00", "[::1",
        "https://[acme].superops.ai", "acme//x", "acme.superops.ai.superops.com.x",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_names_no_subdomain_of_theirs_is_refused(pasted: str) -> None:
    with pytest.raises(ValueError, match="not a subdomain of SuperOps"):
        subdomain_of(pasted)


@pytest.mark.parametrize("subdomain", ["a", "acme", "acme-it", "4u", "a" * 63])
def test_a_bare_label_is_a_subdomain(subdomain: str) -> None:
    account = SuperOpsAccount(subdomain, Region.EU, Secret("t"))
    assert account.subdomain == subdomain_of(subdomain) == subdomain


@pytest.mark.parametrize(
    "subdomain",
    ["", "Acme", "acme.superops.ai", "acme\n", "acme\r\nX-Evil: 1", "-a", "a-", "a_b", "a" * 64],
    ids=ascii,
)
def test_what_may_not_stand_in_the_header_makes_no_account(subdomain: str) -> None:
    with pytest.raises(ValueError, match=r"^It is not a subdomain of SuperOps\.$"):
        SuperOpsAccount(subdomain, Region.US, Secret("t"))


@pytest.mark.parametrize(
    "token", ["", f"{PLANTED}\n", f"{PLANTED} x", f"{PLANTED}é", "x" * 16385], ids=ascii
)
def test_what_can_be_no_token_makes_no_account_and_is_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match=r"^It is not a token of SuperOps\.$"):
        SuperOpsAccount("acme", Region.US, Secret(token))


def test_an_account_does_not_show_its_token() -> None:
    account = SuperOpsAccount("acme", Region.US, Secret(PLANTED))
    assert PLANTED not in f"{account} {account!r}"


def test_each_region_has_an_address_of_its_own() -> None:
    endpoints = SuperOpsEndpoints(us_url="https://us", eu_url="https://eu")
    assert {region: endpoints.url(region) for region in Region} == {
        Region.US: "https://us",
        Region.EU: "https://eu",
    }
