"""Signatures of the bytes as they came, and what the events say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import MalformedAnswer
from billingone_api.providers.xero.webhooks import SIGNATURE_HEADER, is_signed, read_delivery

# The vectors of the contract page, section 5; the spaces of the first one are Xero's.
KEY = Secret("zYxW9876543210exampleSigningKey==")
INTENT = (
    b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
    b'"entropy": "FXNGWLCCGVANWHKILRUB"}'
)
OF_INTENT = "Mec7v8AE3BKy2fjvJQ2F3Y/vJEdV5kmrofPspzvXiZ8="
UPDATE = (
    b'{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/'
    b'a03ffcd2-5d91-4c7e-b483-318584e9e439","resourceId":"a03ffcd2-5d91-4c7e-b483-318584e9e439",'
    b'"tenantId":"e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4","tenantType":"ORGANISATION",'
    b'"eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-20T03:14:07.221"}],'
    b'"firstEventSequence":418,"lastEventSequence":418,"entropy":"QWERTYUIOPASDFGHJKLZ"}'
)
OF_UPDATE = "BhyodPlSbZTt3zD81Z2yRkeO+xkKBC3zPdG09ZLbQ+M="


def event(**changed: Any) -> dict[str, Any]:
    return {
        "resourceId": "r1",
        "tenantId": "t1",
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-11-20T03:14:07.221",
    } | changed


def delivery(*events: Any) -> bytes:
    return json.dumps({"events": events, "entropy": "x"}).encode()


@pytest.mark.parametrize(("body", "signature"), [(INTENT, OF_INTENT), (UPDATE, OF_UPDATE)])
def test_a_body_is_signed_as_it_came(body: bytes, signature: str) -> None:
    assert is_signed(body, signature=signature, key=KEY)
    assert SIGNATURE_HEADER == "x-xero-signature"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (INTENT, OF_UPDATE),
        (INTENT + b"\n", OF_INTENT),
        (b"", OF_INTENT),
        (INTENT, ""),
        (INTENT, None),
        (INTENT, OF_INTENT.rstrip("=")),
        (INTENT, OF_INTENT.lower()),
        (INTENT, f" {OF_INTENT}"),
        (INTENT, OF_INTENT.replace("/", "_")),
        (INTENT, "\u00fc" * 44),
        (INTENT, "\ud800"),
        (json.dumps(json.loads(INTENT)).encode(), OF_INTENT),
        (INTENT.replace(b" ", b""), OF_INTENT),
    ],
    ids=ascii,
)
def test_anything_else_is_not_signed(body: bytes, signature: str | None) -> None:
    assert not is_signed(body, signature=signature, key=KEY)


def test_without_a_key_nothing_is_signed() -> None:
    of_no_key = "zras+DY7HRFOTahYRBViXJ8b3n6kfl/rqjaFE+ch1U8="
    assert not is_signed(INTENT, signature=of_no_key, key=Secret(""))
    assert not is_signed(INTENT, signature=OF_INTENT, key=Secret("another"))


def test_an_intent_to_receive_tells_of_nothing() -> None:
    found = read_delivery(INTENT)
    assert (found.events, found.rejects, found.is_intent_to_receive) == ((), (), True)


def test_an_event_says_what_changed_where_and_when() -> None:
    found = read_delivery(UPDATE)
    (one,) = found.events
    assert (one.event_category, one.event_type) == ("INVOICE", "UPDATE")
    assert one.resource_id == "a03ffcd2-5d91-4c7e-b483-318584e9e439"
    assert one.tenant_id == "e5fcb15b-77b7-49f4-9e92-7c1e0ba8e6a4"
    assert one.event_date_utc == datetime(2026, 11, 20, 3, 14, 7, 221000, UTC)
    assert not found.is_intent_to_receive


def test_events_of_several_organisations_and_of_new_kinds_come_in_one_delivery() -> None:
    extra = {"data": {"Type": "ACCRECCREDIT", "Status": "PAID"}}
    found = read_delivery(
        delivery(
            event(),
            event(tenantId="T2", eventCategory="CREDITNOTE", **extra),
            event(eventCategory="NEW"),
        )
    )
    assert [one.tenant_id for one in found.events] == ["t1", "t2", "t1"]
    assert [one.event_category for one in found.events] == ["INVOICE", "CREDITNOTE", "NEW"]


def test_the_same_event_has_the_same_key_however_often_it_is_delivered() -> None:
    (one,), (other,) = (read_delivery(delivery(event())).events for _ in range(2))
    assert one.key == other.key
    assert one.key == "t1:INVOICE:r1:UPDATE:2026-11-20T03:14:07.221000+00:00"


@pytest.mark.parametrize(
    "changed",
    [
        {"resourceId": "r2"},
        {"tenantId": "t2"},
        {"eventCategory": "CONTACT"},
        {"eventType": "CREATE"},
        {"eventDateUtc": "2026-11-20T03:14:07.222"},
    ],
)
def test_another_event_has_another_key(changed: dict[str, Any]) -> None:
    one, other = read_delivery(delivery(event(), event(**changed))).events
    assert one.key != other.key


def test_an_event_that_cannot_be_read_spoils_no_other_and_is_no_intent() -> None:
    undated = event()
    del undated["eventDateUtc"]
    spoilt = [event(tenantId=None), event(eventDateUtc=None), event(eventDateUtc=" "), undated, "x"]
    found = read_delivery(delivery(*spoilt[:2], event(), *spoilt[2:]))
    assert len(found.events) == 1
    assert [reject.reason for reject in found.rejects] == [
        "/tenantId: It is not text.",
        "/eventDateUtc: It is no date.",
        "/eventDateUtc: It is no date.",
        "/eventDateUtc: It is missing.",
        "/: It is not an object.",
    ]
    assert not read_delivery(delivery("x")).is_intent_to_receive


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"events": {}}', b"\xff"])
def test_what_holds_no_events_is_no_delivery(body: bytes) -> None:
    with pytest.raises(MalformedAnswer, match="webhook"):
        read_delivery(body)
