"""What the document's words ask and no schema can: put right in cases that mean to be good."""

import itertools
import os
from typing import Any

import schemathesis
from schemathesis import GenerationMode

NUMBERS = itertools.count()
KNOWN = {
    "client_id": os.environ["CLIENT"],
    "client_secret": "letters-and-signs",
    "currency": "USD",  # a rate is for another currency than the one that is reported
    "exclusions": [],  # of clients that there are
    "invoice_id": os.environ["INVOICE"],
    "patterns": ["*365*"],  # some letters besides the stars
    "products": ["product-1"],  # that there are
    "rate": "1.5312",  # more than 0
    "ratio": "1",  # the same
    "reporting_currency": "AUD",
    "schedule_time_zone": "Asia/Tokyo",
    "scopes": ["clients:read"],  # a key may do what its maker may
    "sources": ["pax8"],
    "subdomain": "bluegumit",
    "time_zone": "Asia/Tokyo",
    "token": "letters-and-signs",
    "valid_on": "2026-11-01",
}


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: Any) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            mend(place)
    mend_query(case.query)
    if "source_id" in case.path_parameters:
        is_product = "/products/" in case.operation.path
        case.path_parameters["source_id"] = "product-1" if is_product else "company-Rimu"
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(NUMBERS)}"  # a new one for a new request
    case.body = mended_body(case.operation.path, case.body)
    if "428" in case.operation.definition.raw["responses"] or "If-Match" in case.headers:
        case.headers["If-Match"] = "*"  # whichever version there is


def mend_query(query: dict[str, Any]) -> None:
    query.pop("cursor", None)  # nobody can make one up
    for name in ("renews", "issued", "due", "amount"):
        if f"{name}_from" in query:
            query.pop(f"{name}_to", None)  # it may not be the earlier one, or the less


def mended_body(path: str, body: Any) -> Any:
    if path.endswith("/sessions:revoke"):
        return {"session_id": "session-7"}  # or a user since an instant, never both
    if path.endswith("/xero/accounts") and body:
        return {"mappings": [{"account_id": "account-1", "category": "other"}]}  # it is there
    if path.endswith("/mapping/import"):
        return "source,source_id,client_id\n"  # the columns that every file has
    if isinstance(body, dict):
        mend_words(body)
    return body


def mend_words(body: dict[str, Any]) -> None:
    """What goes with one word and not with another."""
    if body.get("count_sources"):
        body["count_sources"] = {"devices": "superops"}  # names of metrics
    if body.get("confirm_removals"):
        body["sources"] = ["pax8"]  # whose removals they are
    for wish in body.get("changes") or ():
        wish["client_id"] = os.environ["CLIENT"] if wish["do"] in {"assign", "reject"} else None
        if wish["do"] != "ignore":
            wish["reason"] = None
    if "lines" in body:
        body["until"] = "2027-11-30" if body["kind"] == "expected" else None
        body["assignee"] = "Farah Nair" if body["kind"] == "assign" else None


def mend(place: dict[str, Any]) -> None:
    for name, value in place.items():
        if isinstance(value, dict):
            mend(value)
        elif name in KNOWN and value is not None:
            place[name] = KNOWN[name]
        elif isinstance(value, str) and not value.strip():
            place[name] = "not blank"
        elif isinstance(value, float) and value.is_integer():
            place[name] = int(value)  # an integer to JSON Schema, however it is written
