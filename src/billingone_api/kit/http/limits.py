"""Whose turn it is to ask, how many may ask at once, and when nobody may."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from billingone_api.kit.http.errors import HttpError


class Limiter(Protocol):
    """Keeps our requests to somebody below their rate, across whoever shares it.

    It is told what became of each request, so that one who was told to slow down, or got no
    answer, speaks for all.
    """

    async def wait_turn(self) -> None:
        """Raises HttpRateLimited or CircuitOpen where the turn is further off than a wait."""
        ...

    async def heed(self, error: HttpError | None) -> None:
        """None for an answer that can be used, and for one that says that they failed at it."""
        ...


class Slots(Protocol):
    """Keeps the number of our requests under way to somebody below their limit."""

    def slot(self) -> AbstractAsyncContextManager[object]:
        """Held while a request is under way: neither before its turn nor between attempts."""
        ...


class Unlimited:
    """For those who set no rate: it is always our turn."""

    async def wait_turn(self) -> None:
        return

    async def heed(self, error: HttpError | None) -> None:  # noqa: ARG002 - nobody to tell
        return

    def slot(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()
