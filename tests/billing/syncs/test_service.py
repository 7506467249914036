import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.billing.syncs.models import Failure, Outcome, ProblemCode, RunStatus, Wait
from billingone_api.billing.syncs.service import after

AWAY = Failure(ProblemCode.UNAVAILABLE, "Pax8 is away.")
FROM_OUTSIDE = [
    ProblemCode.CREDENTIALS_REJECTED,
    ProblemCode.PERMISSION_DENIED,
    ProblemCode.RATE_LIMITED,
    ProblemCode.UNAVAILABLE,
    ProblemCode.MALFORMED,
    ProblemCode.INTERNAL,
]
finite = st.floats(min_value=-10, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("attempts", "chance", "seconds"),
    [(1, 0, 15), (2, 0, 30), (3, 0, 60), (4, 0, 120), (1, 1, 7.5), (4, 0.5, 90)],
)
def test_each_attempt_waits_twice_as_long(attempts: int, chance: float, seconds: float) -> None:
    wait = after(AWAY, attempts=attempts, chance=chance)
    assert isinstance(wait, Wait)
    assert (wait.seconds, wait.is_attempt) == (seconds, True)


def test_the_fifth_attempt_is_the_last() -> None:
    end = after(AWAY, attempts=5, chance=0)
    assert isinstance(end, Outcome)
    assert (end.status, end.attention) == (RunStatus.FAILED, None)


def test_whoever_says_when_to_come_again_is_heeded() -> None:
    wait = after(Failure(ProblemCode.UNAVAILABLE, "Away.", 300.0), attempts=1, chance=0)
    assert isinstance(wait, Wait)
    assert wait.seconds == 300


@given(st.sampled_from(FROM_OUTSIDE), st.none() | finite, st.integers(1, 9))
def test_nobody_is_asked_again_at_once_or_never(
    code: ProblemCode, retry_after: float | None, attempts: int
) -> None:
    then = after(Failure(code, "A sentence.", retry_after), attempts=attempts, chance=0.5)
    if isinstance(then, Wait):
        assert 1 <= then.seconds <= 86_400
        assert then.problem.detail.startswith("A sentence. ")
    else:
        assert then.status is RunStatus.FAILED
        assert then.problem is not None
