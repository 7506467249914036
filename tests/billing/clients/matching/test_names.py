import pytest

from billingone_api.billing.clients.matching.identifiers import domain, external_id, tax_number
from billingone_api.billing.clients.matching.likeness import Likeness
from billingone_api.billing.clients.matching.names import names_of


def texts(said: str) -> list[str]:
    return [name.text for name in names_of(said)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Acacia Dental Pty Ltd", ["acacia dental"]),
        ("ACACIA DENTAL PTY. LTD.", ["acacia dental"]),
        ("Acacia Dental P/L", ["acacia dental"]),
        ("The Acacia Dental Company", ["acacia dental"]),
        ("Smith & Sons, Inc.", ["smith and sons"]),
        ("Smith + Sons and Co", ["smith and sons"]),
        ("Café Zoë GmbH", ["cafe zoe"]),
        ("O'Brien\u2019s Wines", ["obriens wines"]),
        ("Acacia Holdings", ["acacia holdings"]),
        ("Smith Family Trust t/a Corner Bakery", ["smith family trust", "corner bakery"]),
        ("Acacia Dental (Bondi)", ["acacia dental", "bondi"]),
        ("Pty Ltd", ["pty"]),
        ("  ", []),
        ("!!!", []),
        ("株式会社", ["株式会社"]),
    ],
)
def test_legal_forms_signs_and_accents_say_nothing(said: str, expected: list[str]) -> None:
    assert texts(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("accounts@acacia.com.au", "acacia.com.au"),
        ("https://www.Acacia.com.au/contact?x=1", "acacia.com.au"),
        ("acacia.com.au.", "acacia.com.au"),
        ("http://shop.acacia.com.au:8080", "shop.acacia.com.au"),
        ("acacia@gmail.com", None),
        ("acacia@yahoo.com.au", None),
        ("hotmail.fr", None),
        ("https://facebook.com/acacia", None),
        ("localhost", None),
        ("not a domain", None),
        ("@", None),
        ("", None),
        (None, None),
        ("a" * 300, None),
    ],
)
def test_a_domain_is_a_companys_or_none(said: str | None, expected: str | None) -> None:
    assert domain(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("51 824 753 556", "51824753556"),
        ("ABN 51-824-753-556", "51824753556"),
        ("GB123456789", "GB123456789"),
        ("00000000000", None),
        ("123456789", None),
        ("1234", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
)
def test_a_tax_number_is_letters_and_digits_or_none(said: str | None, expected: str | None) -> None:
    assert tax_number(said) == expected


def test_a_short_customer_number_names_nobody() -> None:
    assert external_id("1001") is None
    assert external_id(" 8843A9C1-x ") == "8843a9c1-x"


@pytest.mark.parametrize(
    ("one", "other", "lowest", "highest"),
    [
        ("Acacia Dental", "Dental Acacia Pty Ltd", 100, 100),
        ("AcaciaDental", "Acacia Dental", 100, 100),
        ("Acacia Dentla", "Acacia Dental Ltd", 80, 99),
        ("Bendigo Security Svcs", "Bendigo Security Services", 80, 99),
        ("BSS", "Bendigo Security Services", 80, 89),
        ("Rossi & Sons Real Estate", "Singh & Sons Real Estate", 0, 79),
        ("Acacia Dental", "Acacia Legal", 0, 79),
        ("Acacia Dental", "Banksia Wines", 0, 30),
    ],
)
def test_words_that_few_have_count_for_more(
    one: str, other: str, lowest: float, highest: float
) -> None:
    town = [f"{who} {what}" for who in "abcdefgh" for what in ("Sons Real Estate", "Dental")]
    likeness = Likeness(name for said in (*town, one, other) for name in names_of(said))
    found = likeness.of(names_of(one)[0], names_of(other)[0])
    assert lowest <= found <= highest
    assert likeness.of(names_of(other)[0], names_of(one)[0]) == pytest.approx(found, abs=6)
