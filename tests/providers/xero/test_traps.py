"""The traps of Xero's contract page, section 0: a test for each, by its number and name."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.providers.xero.conftest import (
    APP,
    CONNECTIONS,
    ENDPOINTS,
    EXPIRED,
    SCOPE_MISSING,
    TENANT_LOST,
    FakeTokens,
    Xero,
    answer,
    held,
    invoice,
    page,
    problem,
    token_answer,
)
from tests.support.outside import Waits

from billingone_api.kit.cipher import Secret
from billingone_api.kit.http.bodies import read_json
from billingone_api.providers.errors import CredentialsRejected, ProviderUnavailable
from billingone_api.providers.xero.client import XeroClient
from billingone_api.providers.xero.consent import XeroApp, authorise_url
from billingone_api.providers.xero.errors import (
    InvalidGrant,
    Limit,
    LimitReached,
    ScopeMissing,
    ScopeRefused,
    TenantLost,
)
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.lists import PAYMENTS
from billingone_api.providers.xero.payloads.documents import Invoice
from billingone_api.providers.xero.scopes import BROAD, GRANULAR
from billingone_api.providers.xero.webhooks import is_signed, read_delivery

AT = datetime(2026, 11, 20, 3, 14, 7, 221000, tzinfo=UTC)


async def invoices(client: XeroClient, since: datetime | None = None) -> list[Invoice]:
    return [one async for batch in client.invoices(since) for one in batch.records]


async def only_invoice(client: XeroClient, xero: Xero, **changed: Any) -> Invoice:
    xero.on("Invoices", page("Invoices", invoice(1, **changed)))
    (found,) = await invoices(client)
    return found


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        # As raw bytes the slashes are escaped; JSON takes the escapes away.
        ({"Date": json.loads(r'"\/Date(1539993600000+0000)\/"')}, date(2018, 10, 20)),
        ({"Date": "/Date(1539993600000-0800)/"}, date(2018, 10, 20)),
        ({"Date": "/Date(1539993600000)/"}, date(2018, 10, 20)),
        ({"Date": "/Date(1539993600000+0000)/", "DateString": "2018-10-21T00:00:00"},
         date(2018, 10, 21)),
        ({"Date": "/Date(-86400000+0000)/"}, date(1969, 12, 31)),
        ({"Date": "/Date(0+0000)/"}, None),
        ({"Date": "/Date(-62135596800000+0000)/"}, None),
    ],
)  # fmt: skip
async def test_trap_1_dates_are_calendar_dates_in_a_wrapper_of_milliseconds(
    sent: dict[str, str], meant: date | None, client: XeroClient, xero: Xero
) -> None:
    found = await only_invoice(client, xero, **({"DateString": None} | sent))
    assert found.day == meant


async def test_trap_2_a_list_is_never_asked_for_without_a_page_from_1(
    client: XeroClient, xero: Xero
) -> None:
    route = xero.on("Invoices", page("Invoices", invoice()))
    (found,) = await invoices(client)
    query = route.calls.last.request.url.params
    assert query["page"] == "1"
    assert "summaryOnly" not in query
    assert len(found.line_items) == 1


async def test_trap_3_modified_since_is_a_filter_to_the_second_in_utc(
    client: XeroClient, xero: Xero
) -> None:
    sydney = (AT + timedelta(microseconds=778999)).astimezone(UTC)
    route = xero.on("Invoices", page("Invoices", invoice(1, at=AT)))
    (batch,) = [one async for one in client.invoices(sydney)]
    assert route.calls.last.request.headers["If-Modified-Since"] == "2026-11-20T03:14:07"
    # The window overlaps; what comes twice is the same record, by id and instant.
    assert batch.cursor == AT - timedelta(seconds=120)


async def test_trap_4_a_refresh_token_rotates_and_one_that_was_lost_is_told_apart(
    identity: XeroIdentity, xero: Xero
) -> None:
    xero.on_token(
        token_answer(2),
        httpx.ReadTimeout("the answer is lost"),
        answer({"error": "invalid_grant"}, 400),
    )
    first = await identity.refresh(held())
    assert (first.access_token, first.refresh_token) == (Secret("eyJ.2.sig"), Secret("opaque-2"))
    # The same old token is good for a while: nothing says that the consent is gone.
    with pytest.raises(ProviderUnavailable):
        await identity.refresh(first)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first)


async def test_trap_5_one_consent_reaches_many_organisations_and_none_is_chosen_for_people(
    identity: XeroIdentity, xero: Xero
) -> None:
    rows = [
        {"id": "c1", "tenantId": "t1", "tenantType": "PRACTICE"},
        {"id": "c2", "tenantId": "t2", "tenantType": "ORGANISATION"},
        {"id": "c3", "tenantId": "t3", "tenantType": "ORGANISATION"},
    ]
    xero.on_connections(answer(rows))
    assert [one.tenant_id for one in await identity.connections(held())] == ["t2", "t3"]


async def test_trap_6_one_connection_ends_by_its_own_id_and_the_consent_is_not_revoked(
    identity: XeroIdentity, xero: Xero
) -> None:
    deletion = xero.router.delete(f"{CONNECTIONS}/c2").mock(return_value=httpx.Response(204))
    await identity.disconnect("c2", held=held())
    assert (deletion.call_count, xero.router.calls.call_count) == (1, 1)


async def test_trap_7_scopes_are_configuration_and_a_refused_one_is_told(
    identity: XeroIdentity, xero: Xero
) -> None:
    assert not set(GRANULAR) & {"accounting.transactions.read", "accounting.reports.read"}
    older = XeroApp(APP.client_id, APP.client_secret, APP.redirect_uri, BROAD)
    url = authorise_url(older, endpoints=ENDPOINTS, state="s", verifier=Secret("v"))
    assert "accounting.transactions.read" in url
    xero.on_token(answer({"error": "invalid_scope"}, 400))
    with pytest.raises(ScopeRefused):
        await identity.exchange("code", verifier=Secret("v"))


def test_trap_8_scopes_are_separated_by_percent_20() -> None:
    url = authorise_url(APP, endpoints=ENDPOINTS, state="s", verifier=Secret("v"))
    query = urlsplit(url).query
    assert "&scope=offline_access%20accounting.invoices.read%20" in query
    assert "+" not in query


async def test_trap_9_a_missing_scope_is_a_401_that_no_new_token_cures(
    client: XeroClient, xero: Xero, tokens: FakeTokens
) -> None:
    route = xero.on("Invoices", problem(401, SCOPE_MISSING))
    with pytest.raises(ScopeMissing):
        await invoices(client)
    assert (route.call_count, tokens.refused, tokens.forgotten) == (1, [], 0)


async def test_trap_9_an_expired_token_is_replaced_once_and_never_again(
    client: XeroClient, xero: Xero, tokens: FakeTokens
) -> None:
    route = xero.on("Invoices", problem(401, EXPIRED))
    with pytest.raises(CredentialsRejected):
        await invoices(client)
    assert (route.call_count, len(tokens.refused), tokens.forgotten) == (2, 1, 1)


async def test_trap_9_a_lost_organisation_is_a_403(client: XeroClient, xero: Xero) -> None:
    xero.on("Invoices", problem(403, TENANT_LOST))
    with pytest.raises(TenantLost):
        await invoices(client)


@pytest.mark.parametrize("retry_after", ["66975", None])
async def test_trap_10_a_days_limit_is_never_slept_on(
    retry_after: str | None, client: XeroClient, xero: Xero, waits: Waits
) -> None:
    headers = {"X-Rate-Limit-Problem": "day"} | (
        {"Retry-After": retry_after} if retry_after else {}
    )
    route = xero.on("Invoices", httpx.Response(429, headers=headers))
    with pytest.raises(LimitReached, match="no more calls today") as caught:
        await invoices(client)
    assert caught.value.limit is Limit.DAY
    assert caught.value.retry_after == (66975 if retry_after else 3600)
    assert (route.call_count, waits.seconds) == (1, [])


async def test_trap_11_overdue_is_no_status_of_theirs(client: XeroClient, xero: Xero) -> None:
    found = await only_invoice(client, xero, DueDateString="2020-01-31T00:00:00")
    assert (found.status, found.due_date) == ("AUTHORISED", date(2020, 1, 31))
    assert not [name for name in Invoice.model_fields if "overdue" in name]


async def test_trap_12_bills_share_the_list_and_are_passed_over(
    client: XeroClient, xero: Xero
) -> None:
    rows = [invoice(1), invoice(2, Type="ACCPAY"), invoice(3, Type="ACCPAYCREDIT")]
    route = xero.on("Invoices", page("Invoices", *rows))
    assert [one.invoice_id[-1] for one in await invoices(client)] == ["1"]
    assert route.calls.last.request.url.params["where"] == 'Type=="ACCREC"'


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("invoices", "Invoices"),
        ("credit_notes", "CreditNotes"),
        ("overpayments", "Overpayments"),
        ("prepayments", "Prepayments"),
    ],
)
async def test_trap_13_unit_prices_are_asked_for_to_four_places(
    name: str, path: str, client: XeroClient, xero: Xero
) -> None:
    route = xero.on(path, page(path))
    [batch async for batch in getattr(client, name)()]
    assert route.calls.last.request.url.params["unitdp"] == "4"


async def test_trap_14_numbers_go_through_no_float(client: XeroClient, xero: Xero) -> None:
    exact = Decimal("123456789012.123456")
    found = await only_invoice(client, xero, Total=exact, LineItems=[{"UnitAmount": exact}])
    assert (found.total, found.line_items[0].unit_amount) == (exact, exact)


def test_trap_15_batch_payments_write_numbers_and_flags_in_quotes() -> None:
    body = b"""{"PaymentID": "p1", "Amount": 50.0, "TaxNumbeType": "sic", "ID": "p1",
        "BatchPaymentID": "b1", "BatchPayment": {"BatchPaymentID": "b1", "TotalAmount": "50.00",
        "IsReconciled": "false", "Date": "/Date(1791158400000+0000)/"}}"""
    found = PAYMENTS.readable([read_json(body)])
    assert found.rejects == ()
    batch = found.records[0].batch_payment
    assert batch is not None
    assert (batch.total_amount, batch.is_reconciled) == (Decimal("50.00"), False)
    assert batch.day == date(2026, 10, 5)


async def test_trap_16_dates_of_connections_have_seven_decimals_and_are_utc(
    identity: XeroIdentity, xero: Xero
) -> None:
    row = {"id": "c1", "tenantId": "t1", "tenantType": "ORGANISATION"}
    xero.on_connections(answer([row | {"createdDateUtc": "2019-12-07T18:46:19.5165400"}]))
    (found,) = await identity.connections(held())
    assert found.created_date_utc == datetime(2019, 12, 7, 18, 46, 19, 516540, UTC)


@pytest.mark.parametrize(
    "outcome",
    [
        httpx.Response(503, text="The Xero API is currently offline for maintenance"),
        httpx.Response(500, text="<html>"),
        httpx.Response(429),
        httpx.Response(200, text="<html>"),
        httpx.Response(200),
    ],
)
async def test_trap_17_a_body_that_is_no_json_is_tried_again(
    outcome: httpx.Response, client: XeroClient, xero: Xero, waits: Waits
) -> None:
    route = xero.on("Invoices", outcome, page("Invoices", invoice()))
    assert len(await invoices(client)) == 1
    assert (route.call_count, len(waits.seconds)) == (2, 1)


def test_trap_18_a_webhook_is_signed_in_its_raw_bytes_irregular_spaces_and_all() -> None:
    key = Secret("zYxW9876543210exampleSigningKey==")
    raw = (
        b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
        b'"entropy": "FXNGWLCCGVANWHKILRUB"}'
    )
    signature = "Mec7v8AE3BKy2fjvJQ2F3Y/vJEdV5kmrofPspzvXiZ8="
    assert is_signed(raw, signature=signature, key=key)
    assert not is_signed(json.dumps(json.loads(raw)).encode(), signature=signature, key=key)
    assert read_delivery(raw).is_intent_to_receive


async def test_trap_19_a_delta_is_one_call_of_large_pages_and_says_what_is_left_of_the_day(
    client: XeroClient, xero: Xero, limits: XeroLimits
) -> None:
    route = xero.on("Invoices", page("Invoices", invoice(1, at=AT), X_DayLimit_Remaining="912"))
    await invoices(client, AT)
    sent = route.calls.last.request
    assert (route.call_count, sent.url.params["pageSize"]) == (1, "500")
    assert "If-Modified-Since" in sent.headers
    assert limits.left_today == 912
