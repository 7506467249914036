from typing import Any

import pytest
from tests.support.api import Api

from billingone_api.billing.access.models import Role
from billingone_api.billing.definitions.models import (
    Badge,
    Exclusion,
    InvoiceBadge,
    InvoiceExclusion,
    MatchedBy,
    RevenueCategory,
)
from billingone_api.billing.fourway.schemas.summaries import FourWayCurrencyOut

PATH = "/v1/definitions"


async def served(api: Api) -> Any:
    answer = await api.viewer.get(PATH)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_may_know_what_figures_mean(api: Api, role: Role) -> None:
    assert (await api.as_role(role).get(PATH)).status_code == 200


async def test_strangers_and_services_without_the_scope_may_not(api: Api) -> None:
    assert (await api.nobody.get(PATH)).status_code == 401
    assert (await api.service("dashboard:read").get(PATH)).status_code == 200
    assert (await api.service("clients:read").get(PATH)).status_code == 403


async def test_definitions_the_caller_has_are_304(api: Api) -> None:
    answer = await api.viewer.get(PATH)
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "private, no-cache"
    again = await api.viewer.get(PATH, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b"")


async def test_billing_terms_are_served_with_their_months(api: Api) -> None:
    assert (await served(api))["billing_terms"] == [
        {"billing_term": "Monthly", "months": 1},
        {"billing_term": "Annual", "months": 12},
        {"billing_term": "1-Year", "months": 12},
        {"billing_term": "2-Year", "months": 24},
        {"billing_term": "3-Year", "months": 36},
    ]


async def test_badges_are_served_with_pax8s_words_and_days(api: Api) -> None:
    badges = {one["badge"]: one for one in (await served(api))["badges"]}
    assert list(badges) == list(Badge)
    assert all(one["meaning"] for one in badges.values())
    words = {name: [one["source_status"] for one in of["statuses"]] for name, of in badges.items()}
    assert words == {
        "active": ["Active", "Activated", "PendingCancel"],
        "trial": ["Trial"],
        "pending": [
            "Activated",
            "PendingManual",
            "PendingAutomated",
            "PendingActivation",
            "WaitingForDetails",
        ],
        "suspended": [],
        "cancelled": ["PendingCancel", "Cancelled"],
        "unknown": [],
    }
    assert badges["active"]["statuses"] == [
        {"source_status": "Active", "when": None},
        {"source_status": "Activated", "when": "from the day on which it starts"},
        {
            "source_status": "PendingCancel",
            "when": "until the day on which it ends, that day included",
        },
    ]


async def test_badges_of_invoices_are_served_with_both_systems_words_and_days(api: Api) -> None:
    badges = {one["badge"]: one for one in (await served(api))["invoice_badges"]}
    assert list(badges) == list(InvoiceBadge)
    assert all(one["meaning"] for one in badges.values())
    words = {
        name: [f"{one['source']} {one['source_status']}" for one in of["statuses"]]
        for name, of in badges.items()
    }
    approved = ["xero AUTHORISED"]
    in_superops = ["superops APPROVED", "superops OVERDUE"]
    assert words == {
        "draft": ["xero DRAFT", "superops DRAFT"],
        "submitted": ["xero SUBMITTED", *approved, *in_superops],
        "overdue": [*approved, *in_superops],
        "paid": [*approved, "xero PAID", *in_superops, "superops PAID"],
        "void": ["xero VOIDED", "xero DELETED", "superops VOID"],
        "unknown": [],
    }
    always = {one["when"] is None for one in badges["overdue"]["statuses"]}
    assert always == {False}


async def test_what_keeps_an_invoice_out_and_what_accounts_earn_is_served(api: Api) -> None:
    known = await served(api)
    for name, words in (
        ("invoice_exclusions", list(InvoiceExclusion)),
        ("revenue_categories", list(RevenueCategory)),
    ):
        assert [one["word"] for one in known[name]] == words
        assert all(one["meaning"] for one in known[name])


async def test_that_the_same_invoice_counts_once_is_served_with_what_pairs_two(api: Api) -> None:
    rule = (await served(api))["invoice_duplicates"]
    assert "counted once, as Xero's" in rule["meaning"]
    ways = {one["word"]: one["meaning"] for one in rule["ways"]}
    assert list(ways) == list(MatchedBy), "in the order they are tried"
    assert all(ways.values())


async def test_reasons_are_served_in_the_order_in_which_they_are_looked_for(api: Api) -> None:
    reasons = (await served(api))["exclusions"]
    assert [one["word"] for one in reasons] == list(Exclusion)
    assert all(one["meaning"] for one in reasons)


async def test_every_figure_of_the_dashboard_is_defined(api: Api) -> None:
    page = (await api.viewer.get("/v1/dashboard")).json()
    figures = {one["key"]: one for one in (await served(api))["figures"]}
    shown = {*page["cards"], "cost", "trial_mrr", "margin", "reporting", "unmapped", "is_stale"}
    shown |= page["receivables"].keys()
    cards = (await api.viewer.get("/v1/invoices/summary")).json()["cards"]
    shown |= cards.keys() - {"pending"}  # on the dashboard: pending_invoices
    shown |= FourWayCurrencyOut.model_fields.keys() & {"leak"}
    assert shown == figures.keys()
    for figure in figures.values():
        words = (figure[name] for name in ("name", "meaning", "formula", "unit", "source"))
        assert all(words)


async def test_the_settings_that_figures_depend_on_are_explained(api: Api) -> None:
    choices = {one["setting"]: one for one in (await served(api))["price_basis"]}
    known = (await api.viewer.get("/v1/settings/billing")).json()
    for setting, values in (
        ("pax8_price_is", ["sell", "buy"]),
        ("annual_price_is", ["year", "month"]),
    ):
        assert [one["word"] for one in choices[setting]["values"]] == values
        assert known[setting] in values
