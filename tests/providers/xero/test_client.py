"""What is asked of Xero, and what its answers come to."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs
from tests.providers.xero.conftest import (
    API,
    CORRELATION,
    ENDPOINTS,
    EXPIRED,
    ORGANISATION,
    SCOPE_MISSING,
    TENANT,
    TENANT_LOST,
    CountedSlots,
    FakeTokens,
    Xero,
    answer,
    invoice,
    page,
    problem,
)
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.answers import LARGEST_ANSWER
from billingone_api.kit.http.errors import HttpRateLimited
from billingone_api.kit.http.limits import Unlimited
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.providers.xero.client import XeroClient, XeroTenant
from billingone_api.providers.xero.errors import (
    FilterRefused,
    Limit,
    LimitReached,
    ScopeMissing,
    TenantLost,
)
from billingone_api.providers.xero.limits import XeroLimits
from billingone_api.providers.xero.lists import Batch

T = TypeVar("T")

SINCE = datetime(2026, 11, 20, 3, 14, 7, 999999, tzinfo=UTC)
LISTS = ["invoices", "credit_notes", "overpayments", "prepayments", "payments", "contacts"]
PATHS = {
    "invoices": "Invoices",
    "credit_notes": "CreditNotes",
    "overpayments": "Overpayments",
    "prepayments": "Prepayments",
    "payments": "Payments",
    "contacts": "Contacts",
}
COMMON = {"page": "1", "pageSize": "500", "order": "UpdatedDateUTC ASC"}
OWN = {
    "invoices": {"unitdp": "4", "includeArchived": "true", "where": 'Type=="ACCREC"'},
    "credit_notes": {"unitdp": "4", "where": 'Type=="ACCRECCREDIT"'},
    "overpayments": {"unitdp": "4"},
    "prepayments": {"unitdp": "4"},
    "payments": {},
    "contacts": {"includeArchived": "true"},
}
HIGH_VOLUME = answer(
    {"Type": "HighVolumeException", "Message": "Your request is not filtering efficiently."}, 400
)

COVER_ALL = (
    "The consent given in Xero does not cover this. Reconnect Xero and leave everything ticked."
)
NOT_CONNECTED = (
    "This organisation is no longer connected in Xero. "
    "Reconnect Xero as a user who has access to it."
)


async def all_of(batches: AsyncIterator[Batch[Any]]) -> list[Batch[Any]]:
    return [batch async for batch in batches]


@pytest.mark.parametrize("name", LISTS)
async def test_each_list_is_asked_for_with_all_that_it_needs(
    name: str, client: XeroClient, xero: Xero, turns: Turns
) -> None:
    route = xero.on(PATHS[name], page(PATHS[name]))
    assert await all_of(getattr(client, name)(SINCE)) == []
    sent = route.calls.last.request
    assert str(sent.url.copy_with(query=None)) == f"{API}/{PATHS[name]}"
    assert dict(sent.url.params) == COMMON | OWN[name]
    assert "order=UpdatedDateUTC%20ASC" in str(sent.url)
    assert sent.headers["Authorization"] == "Bearer eyJ.1.sig"
    assert sent.headers["xero-tenant-id"] == TENANT
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["If-Modified-Since"] == "2026-11-20T03:14:07"
    assert sent.content == b""
    assert (route.call_count, turns.taken) == (1, 1)


@pytest.mark.parametrize("name", LISTS)
async def test_a_full_walk_filters_by_no_time(name: str, client: XeroClient, xero: Xero) -> None:
    route = xero.on(PATHS[name], page(PATHS[name], pages=0))
    await all_of(getattr(client, name)())
    assert "If-Modified-Since" not in route.calls.last.request.headers


async def test_a_walk_over_two_pages_says_after_each_where_to_go_on(
    client: XeroClient, xero: Xero
) -> None:
    at = datetime(2026, 11, 20, 3, 14, 7, 221000, tzinfo=UTC)
    later = at + timedelta(minutes=5)
    route = xero.on(
        "Invoices",
        page("Invoices", invoice(1, at=at), pages=2, items=2),
        page("Invoices", invoice(1, at=at), invoice(2, at=later)),
    )
    first, second = await all_of(client.invoices())
    second_before = datetime(2026, 11, 20, 3, 14, 6, tzinfo=UTC)
    assert [one.invoice_id[-1] for one in first.records] == ["1"]
    assert (first.since, first.newest, first.total) == (second_before, at, 2)
    assert [one.invoice_id[-1] for one in second.records] == ["2"]
    assert (second.newest, second.total) == (later, 2)
    # Two minutes before the newest change: what is written late is still found.
    assert second.cursor == datetime(2026, 11, 20, 3, 17, 7, 221000, tzinfo=UTC)
    asked = [call.request for call in route.calls]
    assert [request.url.params["page"] for request in asked] == ["1", "1"]
    assert asked[1].headers["If-Modified-Since"] == "2026-11-20T03:14:06"


async def test_a_bad_record_does_not_stop_the_walk(client: XeroClient, xero: Xero) -> None:
    xero.on("Invoices", page("Invoices", invoice(1), invoice(2, Total="lots"), invoice(3)))
    (batch,) = await all_of(client.invoices())
    assert [one.invoice_id[-1] for one in batch.records] == ["1", "3"]
    assert [(one.source_id, one.reason) for one in batch.rejects] == [
        (invoice(2)["InvoiceID"], "/Total: It is not a number.")
    ]


async def test_a_page_of_others_only_still_says_where_to_go_on(
    client: XeroClient, xero: Xero
) -> None:
    xero.on("Invoices", page("Invoices", invoice(1, at=SINCE, Type="ACCPAY")))
    (batch,) = await all_of(client.invoices())
    assert (batch.records, batch.rejects) == ((), ())
    assert batch.newest == SINCE.replace(microsecond=999000)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"Invoices": None},
        {"Invoices": {}},
        {"invoices": []},
        {"Payments": []},
        "Invoices",
    ],
)
async def test_what_holds_no_list_is_not_taken_for_an_empty_one(
    body: Any, client: XeroClient, xero: Xero
) -> None:
    xero.on("Invoices", answer(body))
    with pytest.raises(MalformedAnswer, match="no list of Invoices"):
        await all_of(client.invoices())


@pytest.mark.parametrize("block", [None, [], "1", {"pageCount": "1"}, {"pageCount": True}])
async def test_a_page_that_does_not_say_how_many_there_are_is_read_until_nothing_is_new(
    block: Any, client: XeroClient, xero: Xero
) -> None:
    body = {"Invoices": [invoice(1)], "pagination": block, "DateTimeUTC": "soon"}
    route = xero.on("Invoices", answer(body))
    (batch,) = await all_of(client.invoices())
    assert (len(batch.records), batch.total, route.call_count) == (1, None, 2)


async def test_a_list_that_is_not_at_its_address_is_no_empty_one(
    client: XeroClient, xero: Xero
) -> None:
    xero.on("Invoices", httpx.Response(404))
    with pytest.raises(MalformedAnswer, match="no Invoices at their address"):
        await all_of(client.invoices())


async def test_a_page_of_too_many_bytes_is_asked_for_again_by_halves(
    client: XeroClient, xero: Xero, waits: Waits
) -> None:
    endless = httpx.Response(200, content=b" " * (LARGEST_ANSWER + 1))
    route = xero.on("Invoices", endless, endless, page("Invoices", invoice()))
    (batch,) = await all_of(client.invoices())
    assert len(batch.records) == 1
    assert [call.request.url.params["pageSize"] for call in route.calls] == ["500", "250", "125"]
    assert waits.seconds == []


async def test_a_filter_that_is_too_much_for_xero_is_left_out_from_then_on(
    client: XeroClient, xero: Xero
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    route = xero.on(
        "Invoices",
        HIGH_VOLUME,
        page("Invoices", invoice(1, at=at), invoice(2, at=at, Type="ACCPAY"), pages=2, items=3),
        page("Invoices", invoice(3, at=at + timedelta(hours=1))),
    )
    batches = await all_of(client.invoices(at - timedelta(days=1)))
    assert [one.invoice_id[-1] for batch in batches for one in batch.records] == ["1", "3"]
    asked = [call.request for call in route.calls]
    assert ["where" in request.url.params for request in asked] == [True, False, False]
    assert {request.url.params["order"] for request in asked} == {"UpdatedDateUTC ASC"}
    assert asked[1].headers["If-Modified-Since"] == "2026-11-19T00:00:00"
    assert asked[2].headers["If-Modified-Since"] == "2026-11-19T23:59:59"


async def test_a_list_that_is_too_much_without_a_filter_ends_in_an_error(
    client: XeroClient, xero: Xero
) -> None:
    route = xero.on("Invoices", HIGH_VOLUME)
    with pytest.raises(FilterRefused):
        await all_of(client.invoices())
    assert route.call_count == 2


async def test_a_request_that_is_refused_for_another_reason_is_not_asked_twice(
    client: XeroClient, xero: Xero
) -> None:
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "no", "Elements": []}
    route = xero.on("Invoices", answer(body, 400))
    with pytest.raises(MalformedAnswer, match="HTTP 400") as caught:
        await all_of(client.invoices())
    assert type(caught.value) is MalformedAnswer
    assert route.call_count == 1


async def test_ids_are_asked_for_in_chunks_of_forty_with_their_lines(
    client: XeroClient, xero: Xero
) -> None:
    ids = [UUID(int=number) for number in range(81)]
    route = xero.on(
        "Invoices",
        page("Invoices", invoice(1), invoice(2, Type="ACCPAY")),
        page("Invoices", invoice(3)),
        page("Invoices"),
    )
    found = await client.invoices_by_id(ids)
    assert [one.invoice_id[-1] for one in found.records] == ["1", "3"]
    asked = [dict(call.request.url.params) for call in route.calls]
    assert [len(query["IDs"].split(",")) for query in asked] == [40, 40, 1]
    assert ",".join(query.pop("IDs") for query in asked) == ",".join(map(str, ids))
    assert asked[0] == {
        "page": "1",
        "pageSize": "40",
        "order": "UpdatedDateUTC ASC",
        "unitdp": "4",
        "includeArchived": "true",
    }
    assert all(len(str(call.request.url)) < 2000 for call in route.calls)


async def test_no_ids_are_no_call(client: XeroClient, xero: Xero) -> None:
    route = xero.on("Contacts", page("Contacts"))
    assert (await client.contacts_by_id([])).records == ()
    assert not route.called


async def test_the_organisation_is_one_record(client: XeroClient, xero: Xero) -> None:
    route = xero.on("Organisation", answer({"Organisations": [ORGANISATION]}))
    found = await client.organisation()
    assert (found.organisation_id, found.base_currency) == (TENANT, "AUD")
    assert dict(route.calls.last.request.url.params) == {}


@pytest.mark.parametrize(
    "rows", [[], [ORGANISATION, ORGANISATION], [{"Name": "without an id"}], ["x"]]
)
async def test_what_is_not_the_one_organisation_is_not_used(
    rows: list[Any], client: XeroClient, xero: Xero
) -> None:
    xero.on("Organisation", answer({"Organisations": rows}))
    with pytest.raises(MalformedAnswer, match="one organisation"):
        await client.organisation()


async def test_accounts_come_all_at_once(client: XeroClient, xero: Xero) -> None:
    rows = [{"AccountID": "a1", "Status": "ARCHIVED"}, {"AccountID": "a2"}, {"Code": "200"}]
    route = xero.on("Accounts", answer({"Accounts": rows}))
    found = await client.accounts()
    assert [one.account_id for one in found.records] == ["a1", "a2"]
    assert [one.reason for one in found.rejects] == ["/AccountID: It is missing."]
    assert (route.call_count, dict(route.calls.last.request.url.params)) == (1, {})


@pytest.mark.parametrize(
    ("outcome", "kind", "sentence"),
    [
        (problem(401, SCOPE_MISSING), ScopeMissing,
         COVER_ALL),
        (problem(403, TENANT_LOST), TenantLost,
         NOT_CONNECTED),
        (answer({"detail": TENANT_LOST}, 403), TenantLost, None),
        (httpx.Response(403, text=TENANT_LOST), TenantLost, None),
        (httpx.Response(403, text="<html>Access Denied</html>"), PermissionDenied, None),
        (answer({"Instance": TENANT_LOST}, 403), PermissionDenied, None),
        (problem(401, EXPIRED), CredentialsRejected,
         "Xero does not accept the credentials. Reconnect Xero."),
        (httpx.Response(401), CredentialsRejected, None),
        (httpx.Response(412), MalformedAnswer, None),
        (httpx.Response(503, text="The Xero API is currently offline for maintenance"),
         ProviderUnavailable, "Xero does not answer at the moment; try again later."),
        (httpx.Response(501), ProviderUnavailable, None),
        (httpx.Response(200, text="<html>"), MalformedAnswer, None),
        (httpx.Response(302, headers={"Location": "https://login.xero.com"}),
         MalformedAnswer, None),
        (httpx.Response(429), ProviderRateLimited,
         "Xero allows no more calls this minute."),
    ],
)  # fmt: skip
async def test_each_refusal_is_told_in_words_to_act_on(
    outcome: httpx.Response,
    kind: type[ProviderError],
    sentence: str | None,
    client: XeroClient,
    xero: Xero,
) -> None:
    outcome.headers["Xero-Correlation-Id"] = CORRELATION
    xero.on("Invoices", outcome)
    with capture_logs() as logs, pytest.raises(kind) as caught:
        await all_of(client.invoices())
    assert type(caught.value) is kind or kind is ProviderRateLimited
    assert sentence is None or str(caught.value) == sentence
    assert (caught.value.provider, caught.value.correlation_id) == ("xero", CORRELATION)
    assert [entry["correlation_id"] for entry in logs] == [CORRELATION]
    told = "".join(traceback.format_exception(caught.value)) + str(logs)
    assert "eyJ" not in told


async def test_no_answer_has_no_number(client: XeroClient, xero: Xero) -> None:
    xero.on("Invoices", *[httpx.ConnectError("refused")] * 4)
    with pytest.raises(ProviderUnavailable) as caught:
        await all_of(client.invoices())
    assert caught.value.correlation_id is None


async def test_an_expired_token_is_replaced_once_and_the_same_page_read(
    client: XeroClient, xero: Xero, tokens: FakeTokens
) -> None:
    route = xero.on("Invoices", problem(401, EXPIRED), page("Invoices", invoice()))
    assert len(await all_of(client.invoices())) == 1
    assert tokens.refused == ["eyJ.1.sig"]
    sent = [call.request.headers["Authorization"] for call in route.calls]
    assert sent == ["Bearer eyJ.1.sig", "Bearer eyJ.2.sig"]


async def test_a_scope_that_is_missing_is_found_out_behind_an_expired_token(
    client: XeroClient, xero: Xero, tokens: FakeTokens
) -> None:
    route = xero.on("Invoices", problem(401, EXPIRED), problem(401, SCOPE_MISSING))
    with pytest.raises(ScopeMissing):
        await all_of(client.invoices())
    assert (route.call_count, len(tokens.refused), tokens.forgotten) == (2, 1, 0)


async def test_a_lost_organisation_leaves_the_tokens_alone(
    client: XeroClient, xero: Xero, tokens: FakeTokens
) -> None:
    route = xero.on("Invoices", problem(403, TENANT_LOST))
    with pytest.raises(TenantLost):
        await all_of(client.invoices())
    assert (route.call_count, tokens.refused, tokens.forgotten) == (1, [], 0)


async def test_what_is_left_of_the_day_is_read_from_every_answer(
    client: XeroClient, xero: Xero, limits: XeroLimits
) -> None:
    assert limits.left_today is None
    headers = {"X_DayLimit_Remaining": "4721", "X_MinLimit_Remaining": "57"}
    xero.on("Organisation", answer({"Organisations": [ORGANISATION]}, **headers))
    await client.organisation()
    assert limits.left_today == 4721
    xero.on("Accounts", problem(403, TENANT_LOST, X_DayLimit_Remaining="4720"))
    with pytest.raises(TenantLost):
        await client.accounts()
    assert limits.left_today == 4720
    xero.on("Accounts", page("Accounts"))
    await client.accounts()
    assert limits.left_today == 4720


@pytest.mark.parametrize("told", [b"", b"many", b"-1", b"1.5", b"9" * 10, b"\xb2", b"\xd9\xa1"])
async def test_what_is_no_count_changes_nothing(
    told: bytes, client: XeroClient, xero: Xero, limits: XeroLimits
) -> None:
    body = json.dumps({"Organisations": [ORGANISATION]})
    headers = [(b"X-DayLimit-Remaining", told)]
    xero.on("Organisation", httpx.Response(200, content=body, headers=headers))
    await client.organisation()
    assert limits.left_today is None


async def test_a_minutes_limit_is_waited_for(client: XeroClient, xero: Xero, waits: Waits) -> None:
    limited = httpx.Response(429, headers={"Retry-After": "41", "X-Rate-Limit-Problem": "minute"})
    xero.on("Invoices", limited, page("Invoices", invoice()))
    assert len(await all_of(client.invoices())) == 1
    assert waits.seconds == [41.5]


@pytest.mark.parametrize(
    ("headers", "limit", "retry_after"),
    [
        ({"Retry-After": "90", "X-Rate-Limit-Problem": "minute"}, Limit.MINUTE, 90),
        ({"Retry-After": "90", "X-Rate-Limit-Problem": "Concurrent"}, Limit.CONCURRENT, 90),
        ({"Retry-After": "90", "X-Rate-Limit-Problem": "AppMinute"}, Limit.APP_MINUTE, 90),
        ({"Retry-After": "66975", "X-Rate-Limit-Problem": "Day"}, Limit.DAY, 66975),
        ({"Retry-After": "66975"}, Limit.DAY, 66975),
        ({"Retry-After": "121", "X-Rate-Limit-Problem": "new"}, Limit.DAY, 121),
        ({"Retry-After": "120", "X-Rate-Limit-Problem": "new"}, Limit.MINUTE, 120),
        ({"X-Rate-Limit-Problem": "day"}, Limit.DAY, 3600),
    ],
)
async def test_the_limit_that_was_hit_is_named(
    headers: dict[str, str],
    limit: Limit,
    retry_after: float,
    client: XeroClient,
    xero: Xero,
    waits: Waits,
) -> None:
    xero.on("Invoices", httpx.Response(429, headers=headers))
    with pytest.raises(LimitReached) as caught:
        await all_of(client.invoices())
    assert (caught.value.limit, caught.value.retry_after) == (limit, retry_after)
    assert waits.seconds == []


async def test_a_call_holds_a_slot_and_none_while_it_waits(
    http: httpx.AsyncClient, xero: Xero, slots: CountedSlots, tokens: FakeTokens, clock: SetClock
) -> None:
    held_during_waits: list[int] = []

    async def sleep(seconds: float) -> None:
        held_during_waits.append(slots.held)

    client = XeroClient(
        XeroTenant(TENANT, tokens),
        http=http,
        endpoints=ENDPOINTS,
        limiter=Unlimited(),
        slots=slots,
        clock=clock,
        sleep=sleep,
    )
    during: list[int] = []

    def answered(request: httpx.Request) -> httpx.Response:
        during.append(slots.held)
        return httpx.Response(503) if len(during) == 1 else page("Accounts")

    xero.router.get(f"{API}/Accounts").mock(side_effect=answered)
    await client.accounts()
    assert (during, held_during_waits, slots.held) == ([1, 1], [0], 0)


async def test_five_calls_at_once_hold_five_slots(
    client: XeroClient, xero: Xero, slots: CountedSlots
) -> None:
    everybody_is_here = asyncio.Barrier(5)

    async def answered(request: httpx.Request) -> httpx.Response:
        await everybody_is_here.wait()
        return page("Accounts")

    xero.router.get(f"{API}/Accounts").mock(side_effect=answered)
    await asyncio.gather(*(client.accounts() for _ in range(5)))
    assert (slots.most, slots.held) == (5, 0)


async def test_whoever_keeps_the_turns_is_told_of_every_limit(
    client: XeroClient, xero: Xero, turns: Turns
) -> None:
    day = httpx.Response(429, headers={"X-Rate-Limit-Problem": "day"})
    xero.on("Accounts", page("Accounts"), day)
    await client.accounts()
    with pytest.raises(LimitReached):
        await client.accounts()
    good, limited = turns.outcomes
    assert good is None
    assert isinstance(limited, HttpRateLimited)
    assert limited.retry_after == 3600


async def test_a_turn_that_is_hours_away_is_a_days_limit(
    http: httpx.AsyncClient, xero: Xero, tokens: FakeTokens, clock: SetClock, waits: Waits
) -> None:
    class Parked(Turns):
        async def wait_turn(self) -> None:
            raise HttpRateLimited("xero is left alone", retry_after=40_000)

    client = XeroClient(
        XeroTenant(TENANT, tokens),
        http=http,
        endpoints=ENDPOINTS,
        limiter=Parked(),
        slots=Unlimited(),
        clock=clock,
        sleep=waits,
    )
    route = xero.on("Accounts", page("Accounts"))
    with pytest.raises(LimitReached) as caught:
        await client.accounts()
    assert (caught.value.limit, caught.value.retry_after) == (Limit.DAY, 40_000)
    assert (route.called, waits.seconds) == (False, [])


async def test_a_failure_in_mid_walk_leaves_what_was_read_and_where_to_go_on(
    client: XeroClient, xero: Xero
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    day = httpx.Response(429, headers={"Retry-After": "66975", "X-Rate-Limit-Problem": "day"})
    rest = page("Invoices", invoice(2, at=at + timedelta(hours=1)))
    route = xero.on("Invoices", page("Invoices", invoice(1, at=at), pages=2, items=2), day, rest)
    batches = client.invoices()
    first = await anext(batches)
    assert [one.invoice_id[-1] for one in first.records] == ["1"]
    with pytest.raises(LimitReached):
        await anext(batches)
    (again,) = await all_of(client.invoices(first.since))
    assert [one.invoice_id[-1] for one in again.records] == ["2"]
    assert route.calls.last.request.headers["If-Modified-Since"] == "2026-11-19T23:59:59"
