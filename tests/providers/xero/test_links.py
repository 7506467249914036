from urllib.parse import parse_qs, urlsplit

import pytest

from billingone_api.providers.xero.links import contact_link, invoice_link

XERO = "https://go.xero.com"
INVOICE = "5ad1c5d5-2b1c-4f6c-8f6e-9f1f0a7d1e01"


def test_an_invoice_opens_in_its_own_organisation() -> None:
    assert invoice_link(INVOICE, web_url=XERO, short_code="!9kQx2") == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=!9kQx2"
        "&redirecturl=%2FAccountsReceivable%2FView.aspx%3FInvoiceID%3D" + INVOICE
    )


def test_a_contact_opens_in_its_own_organisation() -> None:
    found = urlsplit(contact_link("c1", web_url=XERO, short_code="!9kQx2"))
    assert parse_qs(found.query) == {"shortcode": ["!9kQx2"], "redirecturl": ["/Contacts/View/c1"]}


@pytest.mark.parametrize("short_code", [None, ""])
def test_without_a_short_code_xero_chooses_the_organisation(short_code: str | None) -> None:
    assert invoice_link(INVOICE, web_url=XERO, short_code=short_code) == (
        f"https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={INVOICE}"
    )
    assert (
        contact_link("c1", web_url=XERO, short_code=short_code)
        == "https://go.xero.com/Contacts/View/c1"
    )


def test_nothing_in_an_id_or_a_code_leads_elsewhere() -> None:
    link = invoice_link(
        "a&redirecturl=//evil.example", web_url=XERO, short_code="!a&redirecturl=//evil.example"
    )
    found = urlsplit(link)
    assert found.netloc == "go.xero.com"
    assert parse_qs(found.query) == {
        "shortcode": ["!a&redirecturl=//evil.example"],
        "redirecturl": [
            "/AccountsReceivable/View.aspx?InvoiceID=a%26redirecturl%3D%2F%2Fevil.example"
        ],
    }
