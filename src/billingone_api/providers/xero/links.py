"""Addresses that open a record in Xero, built when they are shown: a short code may change."""

from urllib.parse import quote


def invoice_link(invoice_id: str, *, web_url: str, short_code: str | None) -> str:
    """A sales invoice. Without a short code Xero opens it in the organisation used last."""
    path = f"/AccountsReceivable/View.aspx?InvoiceID={_part(invoice_id)}"
    return _opened(path, web_url, short_code)


def contact_link(contact_id: str, *, web_url: str, short_code: str | None) -> str:
    return _opened(f"/Contacts/View/{_part(contact_id)}", web_url, short_code)


def _opened(path: str, web_url: str, short_code: str | None) -> str:
    root = web_url.rstrip("/")
    if not short_code:
        return root + path
    organisation = f"shortcode={quote(short_code, safe='!')}"
    return f"{root}/organisationlogin/default.aspx?{organisation}&redirecturl={_part(path)}"


def _part(text: str) -> str:
    return quote(text, safe="")
