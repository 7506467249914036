import asyncio
from datetime import timedelta

import pytest
from tests.support.clock import SetClock

from billingone_api.kit.http.breaker import CircuitBreaker
from billingone_api.kit.http.errors import (
    CircuitOpen,
    HttpError,
    HttpGarbled,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)

AWAY = HttpUnavailable("away")
REFUSED = HttpRefused("no", status=404, body=b"")


@pytest.fixture
def breaker(clock: SetClock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock, failures=3, cool_down=timedelta(seconds=30))


def call(breaker: CircuitBreaker, outcome: BaseException | None = None) -> None:
    with breaker.guard():
        if outcome is not None:
            raise outcome


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(HttpUnavailable) as caught:
            call(breaker, AWAY)
        assert caught.value is AWAY


def assert_shut_out(breaker: CircuitBreaker) -> None:
    with pytest.raises(CircuitOpen):
        call(breaker)
    assert breaker.is_open


def test_it_opens_with_the_third_failure_in_a_row(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    assert not breaker.is_open
    fail(breaker)
    assert_shut_out(breaker)


def test_an_answer_in_between_begins_the_count_anew(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    call(breaker)
    fail(breaker, 2)
    assert not breaker.is_open


@pytest.mark.parametrize("answer", [REFUSED, HttpRateLimited("slow down")])
def test_a_refusal_is_an_answer(breaker: CircuitBreaker, answer: HttpError) -> None:
    fail(breaker, 2)
    with pytest.raises(type(answer)):
        call(breaker, answer)
    fail(breaker, 2)
    assert not breaker.is_open


def test_an_answer_nobody_can_read_is_a_failure(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        with pytest.raises(HttpGarbled):
            call(breaker, HttpGarbled("<html>"))
    assert breaker.is_open


def test_being_shut_out_does_not_lengthen_the_while(
    breaker: CircuitBreaker, clock: SetClock
) -> None:
    fail(breaker, 3)
    clock.move(seconds=29)
    assert_shut_out(breaker)
    clock.move(seconds=1)
    call(breaker)
    assert not breaker.is_open


def test_a_failed_trial_opens_it_for_another_while(
    breaker: CircuitBreaker, clock: SetClock
) -> None:
    fail(breaker, 3)
    clock.move(seconds=30)
    fail(breaker)
    clock.move(seconds=29)
    assert_shut_out(breaker)
    clock.move(seconds=1)
    call(breaker)
    assert not breaker.is_open


def test_a_trial_that_is_refused_closes_it(breaker: CircuitBreaker, clock: SetClock) -> None:
    fail(breaker, 3)
    clock.move(seconds=30)
    with pytest.raises(HttpRefused):
        call(breaker, REFUSED)
    assert not breaker.is_open


def test_only_one_call_tries(breaker: CircuitBreaker, clock: SetClock) -> None:
    fail(breaker, 3)
    clock.move(seconds=30)
    with breaker.guard():
        assert_shut_out(breaker)
    call(breaker)


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyError("ours")])
def test_a_trial_cut_off_leaves_the_next_call_to_try(
    breaker: CircuitBreaker, clock: SetClock, end: BaseException
) -> None:
    fail(breaker, 3)
    clock.move(seconds=30)
    with pytest.raises(type(end)):
        call(breaker, end)
    assert breaker.is_open
    call(breaker)
    assert not breaker.is_open


def test_a_clock_set_back_does_not_keep_it_open(breaker: CircuitBreaker, clock: SetClock) -> None:
    fail(breaker, 3)
    clock.move(days=-1)
    call(breaker)
    assert not breaker.is_open
