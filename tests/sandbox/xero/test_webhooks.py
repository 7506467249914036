import json

import httpx
import pytest
import respx
from httpx import AsyncClient
from tests.sandbox.xero.conftest import Caller

from billingone_api.sandbox.xero.room import Xero
from billingone_api.sandbox.xero.webhooks import SIGNING_KEY, signature

HOOK = "https://api.billingone.test/v1/webhooks/xero/opaque"


INTENT = (
    '{"events":[],"firstEventSequence": 0,"lastEventSequence": 0,'
    ' "entropy": "FXNGWLCCGVANWHKILRUB"}'
)
UPDATE = (
    '{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/'
    'a03ffcd2-5d91-4c7e-b483-318584e9e439","resourceId":'
    '"a03ffcd2-5d91-4c7e-b483-318584e9e439","tenantId":'
    '"e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4","tenantType":"ORGANISATION",'
    '"eventCategory":"INVOICE","eventType":"UPDATE",'
    '"eventDateUtc":"2026-11-20T03:14:07.221"}],"firstEventSequence":418,'
    '"lastEventSequence":418,"entropy":"QWERTYUIOPASDFGHJKLZ"}'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (INTENT, "Mec7v8AE3BKy2fjvJQ2F3Y/vJEdV5kmrofPspzvXiZ8="),
        (UPDATE, "BhyodPlSbZTt3zD81Z2yRkeO+xkKBC3zPdG09ZLbQ+M="),
    ],
)
def test_signatures_are_those_of_the_vectors(body: str, expected: str) -> None:
    assert signature("zYxW9876543210exampleSigningKey==", body.encode()) == expected


def receiver(request: httpx.Request) -> httpx.Response:
    """What Xero wants of the other side: 200 for its own signature, 401 for any other."""
    good = signature(SIGNING_KEY, request.content) == request.headers["x-xero-signature"]
    return httpx.Response(200 if good else 401)


async def test_the_intent_to_receive_is_signed_well_and_badly(http: AsyncClient) -> None:
    with respx.mock:
        hook = respx.post(HOOK).mock(side_effect=receiver)
        answer = await http.post("/_sandbox/xero/webhooks/intend", json={"url": HOOK})
    answers = answer.json()["answers"]
    assert [(one["signed"], one["status"]) for one in answers] == [
        (True, 200), (False, 401), (False, 401), (True, 200),
    ]  # fmt: skip
    assert all(one["accepted"] for one in answers)
    bodies = [call.request.content for call in hook.calls]
    assert bodies[0].startswith(b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, ')
    assert len({json.loads(body)["entropy"] for body in bodies}) == 4


async def test_what_has_happened_is_told_once(
    http: AsyncClient, caller: Caller, xero: Xero
) -> None:
    changes = [
        {"do": "add"},
        {"do": "change", "kind": "contact", "id": xero.organisation.ledger.contacts.keys()[0],
         "fields": {"Name": "Renamed"}},
        {"do": "change", "kind": "credit_note",
         "id": xero.organisation.ledger.credit_notes.keys()[0], "fields": {"Status": "VOIDED"}},
        {"do": "change", "kind": "account", "id": xero.organisation.ledger.accounts.keys()[0],
         "fields": {"Name": "Renamed"}},
    ]  # fmt: skip
    ids = (await http.post("/_sandbox/xero/mutate", json=changes)).json()["ids"]
    with respx.mock:
        hook = respx.post(HOOK).mock(side_effect=receiver)
        await http.post("/_sandbox/xero/webhooks/send", json={"url": HOOK})
        await http.post("/_sandbox/xero/webhooks/send", json={"url": HOOK})
    first, second = (json.loads(call.request.content) for call in hook.calls)
    fields = ("eventCategory", "eventType", "resourceId")
    assert [tuple(one[name] for name in fields) for one in first["events"]] == [
        ("INVOICE", "CREATE", ids[0]),
        ("CONTACT", "UPDATE", ids[1]),
        ("CREDITNOTE", "UPDATE", ids[2]),
    ]
    assert first["events"][2]["data"] == {"Type": "ACCRECCREDIT", "Status": "VOIDED"}
    assert set(first["events"][0]) == {
        "resourceUrl", "resourceId", "tenantId", "tenantType", "eventCategory", "eventType",
        "eventDateUtc",
    }  # fmt: skip
    assert first["events"][0]["tenantId"] == xero.organisation.id
    assert first["events"][0]["eventDateUtc"] == "2026-11-24T00:00:00.000"
    assert (first["firstEventSequence"], first["lastEventSequence"]) == (1, 3)
    assert second["events"] == []


async def test_a_repeat_is_the_very_same_body(http: AsyncClient) -> None:
    asked = {"url": HOOK, "times": 3, "events": [{"resource": "x", "tenant": "stranger"}]}
    with respx.mock:
        hook = respx.post(HOOK).mock(side_effect=receiver)
        await http.post("/_sandbox/xero/webhooks/send", json=asked)
    assert len({call.request.content for call in hook.calls}) == 1
    assert len({call.request.headers["x-xero-signature"] for call in hook.calls}) == 1
    assert len(hook.calls) == 3
    assert json.loads(hook.calls[0].request.content)["events"][0]["tenantId"] == "stranger"


async def test_a_forged_body_can_be_sent(http: AsyncClient) -> None:
    with respx.mock:
        respx.post(HOOK).mock(side_effect=receiver)
        asked = {"url": HOOK, "signed": False}
        answer = await http.post("/_sandbox/xero/webhooks/send", json=asked)
    [one] = answer.json()["answers"]
    assert (one["status"], one["accepted"]) == (401, True)


@pytest.mark.parametrize(
    "wrong",
    [
        httpx.Response(204),
        httpx.Response(200, text="ok"),
        httpx.Response(200, headers={"Set-Cookie": "a=b"}),
        httpx.ConnectError("nobody there"),
    ],
)
async def test_xero_wants_200_without_body_or_cookies(
    http: AsyncClient, wrong: httpx.Response | Exception
) -> None:
    with respx.mock:
        if isinstance(wrong, Exception):
            respx.post(HOOK).mock(side_effect=wrong)
        else:
            respx.post(HOOK).mock(return_value=wrong)
        answer = await http.post("/_sandbox/xero/webhooks/send", json={"url": HOOK})
    assert answer.json()["answers"][0]["accepted"] is False
