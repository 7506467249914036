from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.providers.dates import parse_day, parse_moment


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2021-01-01T08:30:00Z", datetime(2021, 1, 1, 8, 30, tzinfo=UTC)),
        ("2020-12-01T13:20:13.153-0700", datetime(2020, 12, 1, 20, 20, 13, 153000, UTC)),
        ("2020-12-03", date(2020, 12, 3)),
        ("2000-10-31T01:30:00.000-05:00", datetime(2000, 10, 31, 6, 30, tzinfo=UTC)),
        ("2026-11-24T01:00:00", datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ("2026-11-24 01:00:00Z", datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ("2026-11-24T01:00Z", datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ("2026-11-24T01:00:00.1234567Z", datetime(2026, 11, 24, 1, 0, 0, 123456, UTC)),
        ("2026-11-24T00:30:00+1030", datetime(2026, 11, 23, 14, tzinfo=UTC)),
        (" 2026-11-24 ", date(2026, 11, 24)),
        ("2024-02-29", date(2024, 2, 29)),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_each_shape_says_the_same(sent: str | None, meant: object) -> None:
    found = parse_moment(sent)
    assert found == meant
    assert type(found) is type(meant)
    assert not isinstance(found, datetime) or found.tzinfo is UTC


@pytest.mark.parametrize(
    "sent",
    [
        "soon", "24/11/2026", "11-24-2026", "2026-11", "2026", "20261124", "2026-W48-2",
        "2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "2026-11-24T24:00:00Z",
        "2026-11-24T25:00:00Z", "2026-11-24T01:60:00Z", "2026-11-24T01:00:60Z", "2026-11-24T01Z",
        "2026-11-24T01:00:00+99:99", "2026-11-24T01:00:00 UTC", "2026-11-24T", "2026-11-24Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-24T01:00:00,5Z",
        "\uff12026-11-24", "\u0662\u0660\u0662\u0666-11-24", "2026-11-24\x00", "\ud800",
        "2026-11-24\n2026-11-24",
        0, 1795482000, True, 1.5, [], {}, ["2026-11-24"], b"2026-11-24", date(2026, 11, 24),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_date_of_theirs_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_moment(sent)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        (" 2026-11-24T00:30:00+1030", date(2026, 11, 24)),
        ("2026-11-24T23:30:00-05:00", date(2026, 11, 24)),
        ("2026-11-24T23:59:59.999", date(2026, 11, 24)),
        (" ", None),
        (None, None),
    ],
)
def test_a_day_is_the_one_that_is_written(sent: str | None, meant: date | None) -> None:
    found = parse_day(sent)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize("sent", ["24/11/2026", "2026-11-31", "2026-11-24T", 20261124, True])
def test_what_is_no_date_is_no_day(sent: Any) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_day(sent)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])))
def test_an_instant_survives_both_ways_to_write_its_offset(instant: datetime) -> None:
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        return
    with_colon = instant.isoformat()
    without = with_colon[:-3] + with_colon[-2:]
    assert parse_moment(with_colon) == parse_moment(without) == utc


@given(
    st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d*)?(Z|[+-]\d\d:?\d\d)?")
)
def test_no_text_breaks_the_reading(sent: str) -> None:
    try:
        found = parse_moment(sent)
    except ValueError as error:
        assert str(error).startswith("It is not a date")  # noqa: PT017 - either way is right
        return
    assert found is None or isinstance(found, date)
