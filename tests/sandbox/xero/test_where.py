from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.sandbox.xero.asking import instant
from billingone_api.sandbox.xero.where import BadWhere, parse
from billingone_api.sandbox.xero.wire import milliseconds

JUNE = milliseconds(datetime(2026, 6, 1, tzinfo=UTC))
ROW: dict[str, Any] = {
    "Type": "ACCREC",
    "Status": "PAID",
    "Total": 44.5,
    "Date": JUNE,
    "DueDate": None,
    "Contact.ContactID": "430fa14a-f945-44d3-9f97-5df5e28441b8",
    "Reference": "Nov managed (services)",
    "IsReconciled": True,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('Type=="ACCREC"', True),
        ('Type == "ACCPAY"', False),
        ('Type="ACCREC"', True),
        ('Type!="ACCPAY" AND Status=="PAID"', True),
        ('Type=="ACCREC"&&Status=="DRAFT"', False),
        ('Status=="DRAFT" OR Status=="PAID"', True),
        ('Status=="DRAFT"||Status=="VOIDED"', False),
        ('Type=="ACCREC" and (Status=="DRAFT" or Total>=44.5)', True),
        ('(Type=="ACCREC")', True),
        ("Total>44.5", False),
        ("Total<=44.50", True),
        ("Total > -1", True),
        ("Date>=DateTime(2026,06,01)", True),
        ("Date>DateTime(2026, 6, 1)", False),
        ("Date<DateTime(2026,06,01,00,00,01)", True),
        ("DueDate==null", True),
        ("DueDate!=null", False),
        ("DueDate>=DateTime(2020,01,01)", False),
        ('Contact.ContactID==guid("430FA14A-f945-44d3-9f97-5df5e28441b8")', True),
        ('Contact.ContactID==Guid("7cb59f93-2964-421d-bb5e-a0f7a4572a44")', False),
        ('Reference.Contains("managed")', True),
        ('Reference.StartsWith("Nov") AND Reference.EndsWith("(services)")', True),
        ('DueDate.Contains("x")', False),
        ("IsReconciled==true", True),
    ],
)
def test_a_filter_in_the_manner_of_c_sharp(text: str, holds: bool) -> None:  # noqa: FBT001 - a column of the table
    assert parse(text).test(ROW.get) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", "Type", "Type==", '=="ACCREC"', 'Type=="ACCREC" AND', '(Type=="ACCREC"', 'Type=="A" x',
        "Type==ACCREC", 'Type ~ "A"', "Date>=DateTime(2026,13,01)", "Date>=DateTime()",
        'Date>=DateTime("2026")', 'Type.Contains "A"', '"A"=="A"', "Total>=1,5",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BadWhere):
        parse(text)


def test_a_number_is_no_text() -> None:
    with pytest.raises(BadWhere, match="another type"):
        parse('Total=="44.5"').test(ROW.get)


def test_a_filter_knows_what_it_reads() -> None:
    where = parse('Type=="ACCREC" AND (Date>DateTime(2026,1,1) OR Reference.Contains("x"))')
    assert where.fields == {"Type", "Date", "Reference"}
    assert where.either
    assert not parse('Type=="ACCREC" AND Total>1').either


@given(st.text(alphabet='aT.=!<>&|()",1 -', max_size=30))
def test_no_text_whatsoever_does_worse_than_being_refused(text: str) -> None:
    try:
        parse(text).test({}.get)
    except BadWhere as error:
        assert str(error)  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-11-20T03:14:07", "2026-11-20T03:14:07"),
        ("2026-11-20T03:14:07.999", "2026-11-20T03:14:07"),
        ("2026-11-20T03:14:07Z", "2026-11-20T03:14:07"),
        ("2026-11-20T03:14:07.202-08:00", "2026-11-20T11:14:07"),
        ("2026-11-20", "2026-11-20T00:00:00"),
        ("02/11/2026", "2026-02-11T00:00:00"),
    ],
)
def test_since_when_is_read_to_the_second(text: str, means: str) -> None:
    assert instant(text) == milliseconds(datetime.fromisoformat(means).replace(tzinfo=UTC))


@pytest.mark.parametrize("text", [None, "", "yesterday", "20/11/2026 03:14", "1795144447"])
def test_what_cannot_be_read_asks_for_everything(text: str | None) -> None:
    assert instant(text) is None
