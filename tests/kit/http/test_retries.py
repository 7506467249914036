from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.http.retries import LONGEST_RETRY_AFTER, RetryPolicy, read_retry_after

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
DAY = 24 * 3600.0

policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10),
    first_wait=st.floats(0.01, 10),
    first_wait_when_limited=st.floats(0.01, 60),
    patience=st.floats(0.01, 600),
    jitter=st.sampled_from([lambda: 0.0, lambda: 0.5, lambda: 0.999]),
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 400, DAY),
        ("Tue, 24 Nov 2026 03:00:30 GMT", 30.0),
        ("Tuesday, 24-Nov-26 03:00:30 GMT", 30.0),
        ("Tue Nov 24 03:00:30 2026", 30.0),
        ("Tue, 24 Nov 2026 14:00:30 +1100", 30.0),
        ("Thu, 24 Nov 2044 03:00:00 GMT", DAY),
    ],
)
def test_a_wait_is_a_number_of_seconds_or_a_date_and_a_day_at_most(
    value: str, seconds: float
) -> None:
    assert read_retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "   ",
        "-1",
        "+5",
        "1.5",
        "1e3",
        "NaN",
        "Infinity",
        "soon",
        "٣",
        "²",
        "5 seconds",
        "\x00",
        "Tue, 24 Nov 2026 02:59:59 GMT",
        "Tue, 24 Nov 2026 03:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 24 Nov 99999999999999999999 03:00:00 GMT",
        "Tue, 24 Nov 2026 03:00:00 +99999999999999999999",
        "Tue, 24 Nov 2026 99:00:00 GMT",
    ],
)
def test_what_names_no_moment_to_come_is_as_good_as_absent(value: str | None) -> None:
    assert read_retry_after(value, now=NOW) is None


@given(
    st.text()
    | st.datetimes().map(lambda day: day.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,9} [\d:]{1,9} [+-]\d{1,9}")
)
def test_no_header_whatever_breaks_the_reading(value: str) -> None:
    seconds = read_retry_after(value, now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


@given(st.integers(1, int(DAY)))
def test_a_date_says_the_same_as_its_distance(seconds: int) -> None:
    date = (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert read_retry_after(date, now=NOW) == read_retry_after(str(seconds), now=NOW) == seconds


@given(
    policy=policies,
    limited=st.booleans(),
    retry_after=st.none() | st.floats(0, LONGEST_RETRY_AFTER),
)
def test_after_the_last_attempt_nobody_is_asked_again(
    *, policy: RetryPolicy, limited: bool, retry_after: float | None
) -> None:
    assert policy.wait(policy.attempts, limited=limited, retry_after=retry_after) is None


@given(
    policy=policies,
    attempt=st.integers(1, 9),
    limited=st.booleans(),
    retry_after=st.floats(0, LONGEST_RETRY_AFTER),
)
def test_who_names_a_time_is_not_asked_before_it(
    *, policy: RetryPolicy, attempt: int, limited: bool, retry_after: float
) -> None:
    wait = policy.wait(attempt, limited=limited, retry_after=retry_after)
    if attempt < policy.attempts and retry_after <= policy.patience:
        assert wait is not None
        assert retry_after <= wait <= retry_after + 1
    else:
        assert wait is None


@given(policy=policies, attempt=st.integers(1, 9), limited=st.booleans())
def test_an_own_wait_is_neither_nothing_nor_beyond_our_patience(
    *, policy: RetryPolicy, attempt: int, limited: bool
) -> None:
    wait = policy.wait(attempt, limited=limited, retry_after=None)
    assert (wait is None) == (attempt >= policy.attempts)
    assert wait is None or 0 < wait <= policy.patience


@pytest.mark.parametrize(
    ("limited", "jitter", "waits"),
    [
        (False, 0.0, [0.25, 0.5, 1.0]),
        (False, 0.5, [0.375, 0.75, 1.5]),
        (True, 0.0, [10.0, 20.0, 40.0]),
        (True, 0.5, [12.5, 25.0, 50.0]),
    ],
)
def test_waits_double_and_outlast_a_minute_after_a_429(
    *, limited: bool, jitter: float, waits: list[float]
) -> None:
    policy = RetryPolicy(jitter=lambda: jitter)
    assert [
        policy.wait(attempt, limited=limited, retry_after=None) for attempt in (1, 2, 3)
    ] == waits
    assert policy.wait(4, limited=limited, retry_after=None) is None
