"""Whose turn it is to ask."""

from typing import Protocol


class Limiter(Protocol):
    """Keeps our requests to somebody below their rate, across whoever shares it."""

    async def wait_turn(self) -> None: ...


class Unlimited:
    """For those who set no rate: it is always our turn."""

    async def wait_turn(self) -> None:
        return
