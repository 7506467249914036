"""The demo's processes: each behind a keeper, so that it ends with the demo however that ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from billingone_api.demo.errors import DemoError
from billingone_api.embedded.launcher import KEEPER

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 45.0
_PAUSE_SECONDS: Final = 0.05
_LOG_LINES: Final = 15


class Child:
    """One `billingone …` command, running until it is stopped."""

    def __init__(self, name: str, arguments: Sequence[str], *, log: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._log = log
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> Self:
        command = [sys.executable, "-m", "billingone_api.cli", *self._arguments]
        keeper = [sys.executable, "-I", "-S", str(KEEPER), str(signal.SIGTERM.value), "-"]
        try:
            with self._log.open("ab") as log:
                # Its own session: Ctrl-C is for the demo, which stops its children in order.
                self._keeper = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                    [*keeper, *command],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=dict(environment),
                )
        except OSError as error:
            raise DemoError(f"The {self.name} cannot be started: {error}.") from error
        return self

    @property
    def is_running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def wait_until_it_answers(self, url: str) -> None:
        """Raises DemoError with the end of its log if it ends, or stays silent for a minute."""
        deadline = time.monotonic() + _READY_SECONDS
        while self.is_running and time.monotonic() < deadline:
            if _answers(url):
                return
            time.sleep(_PAUSE_SECONDS)
        raise self.failure("did not answer" if self.is_running else "ended while starting")

    def failure(self, what: str) -> DemoError:
        return DemoError(f"The {self.name} {what}. It said, in {self._log}:\n{self._last_words()}")

    def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        try:
            keeper.communicate(b".", timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
