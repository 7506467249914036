from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.providers.xero.dates import parse_day, parse_instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("/Date(1539993600000+0000)/", datetime(2018, 10, 20, tzinfo=UTC)),
        ("/Date(1584585851380)/", datetime(2020, 3, 19, 2, 44, 11, 380000, UTC)),
        ("/Date(1511827200000-0500)/", datetime(2017, 11, 28, tzinfo=UTC)),
        ("/Date(-1000+0000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2018-11-02T16:31:30Z", datetime(2018, 11, 2, 16, 31, 30, tzinfo=UTC)),
        ("2026-11-18T21:20:07.7179250", datetime(2026, 11, 18, 21, 20, 7, 717925, UTC)),
        ("2019-12-07T18:46:19.5165409", datetime(2019, 12, 7, 18, 46, 19, 516540, UTC)),
        ("2026-11-01T00:30:00.001", datetime(2026, 11, 1, 0, 30, 0, 1000, UTC)),
        ("2019-03-12 22:08:55+00:00", datetime(2019, 3, 12, 22, 8, 55, tzinfo=UTC)),
        ("2026-11-24T11:00:00+11:00", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("/Date(0+0000)/", None),
        ("/Date(0)/", None),
        ("1970-01-01T00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("/Date(-62135596800000+0000)/", None),
        ("/Date(-2208988800001+0000)/", None),
        ("/Date(-2208988800000+0000)/", datetime(1900, 1, 1, tzinfo=UTC)),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_an_instant_is_one_in_each_of_their_shapes(sent: str | None, meant: object) -> None:
    assert parse_instant(sent) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("/Date(1539993600000+0000)/", date(2018, 10, 20)),
        ("/Date(1539993600000+1300)/", date(2018, 10, 20)),
        ("/Date(1539993600000-0800)/", date(2018, 10, 20)),
        ("2018-10-20T00:00:00", date(2018, 10, 20)),
        ("2018-10-20 00:00:00", date(2018, 10, 20)),
        ("2018-10-20T00:00:00+13:00", date(2018, 10, 20)),
        ("2018-10-20", date(2018, 10, 20)),
        ("/Date(0+0000)/", None),
        ("1970-01-01T00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_a_day_of_the_calendar_whatever_the_offset(
    sent: str | None, meant: object
) -> None:
    found = parse_day(sent)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    "sent",
    [
        "soon", "20/10/2018", "2018-10", "/Date()/", "/Date(abc)/", "/Date(15399936000001234567)/",
        "/Date(999999999999999999)/", "/Date(-999999999999999999)/", "Date(1539993600000)",
        "/Date(1539993600000+0000)", "/Date(1539993600000Z)/", "2018-02-30T00:00:00",
        "2018-10-20T24:00:00", "2018-10-20T25:00:00Z", "2018-10-20T00:00:00Zulu", "2018-13-01",
        "0001-01-01T00:00:00+14:00", "\uff12018-10-20", "/Date(\u0661)/",
        0, 1539993600000, True, 1.5, [], {}, b"2018-10-20", date(2018, 10, 20),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_date_of_theirs_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_instant(sent)


@pytest.mark.parametrize("sent", ["2018-02-30", "2018-02-30T00:00:00", "soon", 7])
def test_what_is_no_day_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_day(sent)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1)),  # noqa: DTZ001 - the zone comes below
    st.sampled_from(["", "+0000", "+1300", "-0800"]),
)
def test_every_millisecond_survives_its_wrapper(moment: datetime, suffix: str) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    sent = f"/Date({(moment - EPOCH) // timedelta(milliseconds=1)}{suffix})/"
    assert parse_instant(sent) == (None if moment == EPOCH else moment)


@given(
    st.text()
    | st.from_regex(r"/Date\(-?\d{1,20}([+-]\d{4})?\)/")
    | st.from_regex(r"\d{4}-\d\d-\d\d.*")
)
def test_no_text_breaks_the_reading(sent: str) -> None:
    for parse in (parse_instant, parse_day):
        try:
            found: object = parse(sent)  # type: ignore[operator]  # one of two functions
        except ValueError as error:
            assert str(error).startswith("It is not a date")  # noqa: PT017 - either way is right
        else:
            assert found is None or isinstance(found, date)
