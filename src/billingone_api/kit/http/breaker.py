"""Stops asking somebody who does not answer, and tries again after a while with one request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.errors import CircuitOpen, HttpError, HttpUnavailable


class CircuitBreaker:
    """Opens after so many failures in a row; a refusal is an answer and no failure.

    Once `cool_down` has passed one request is let through: its success closes the breaker, its
    failure opens it for another while.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        failures: int = 3,
        cool_down: timedelta = timedelta(seconds=30),
    ) -> None:
        self._clock = clock
        self._limit = failures
        self._cool_down = cool_down
        self._failures = 0
        self._opened_at: datetime | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call; raises CircuitOpen instead of letting it begin."""
        is_trial = self._admit()
        try:
            yield
        except HttpUnavailable:
            self._note_failure()
            raise
        except HttpError:
            self._note_answer()
            raise
        else:
            self._note_answer()
        finally:
            # A trial that was cancelled says nothing; the next call may try.
            if is_trial:
                self._trying = False

    def _admit(self) -> bool:
        """Whether this call is the one that tries an open breaker."""
        if self._opened_at is None:
            return False
        if self._trying or not self._has_cooled_down(self._opened_at):
            raise CircuitOpen("not asked: there was no answer to the last requests")
        self._trying = True
        return True

    def _has_cooled_down(self, opened_at: datetime) -> bool:
        # A clock that was set back must not keep the breaker open until it has caught up.
        return not timedelta(0) <= self._clock.now() - opened_at < self._cool_down

    def _note_failure(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_at = self._clock.now()

    def _note_answer(self) -> None:
        self._failures = 0
        self._opened_at = None
