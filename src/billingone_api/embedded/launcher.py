"""Starts one server in a folder, waits until it is ready, and stops it: what both servers share."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from billingone_api.embedded.errors import EmbeddedServerError, advice, explained
from billingone_api.embedded.identity import AS_OURSELVES, Identity
from billingone_api.embedded.orphans import Footprint, stop_orphan

LOOPBACK = "127.0.0.1"
KEEPER = Path(__file__).with_name("keeper.py")
READY_SECONDS = 60.0
STOP_SECONDS = 45.0  # longer than a keeper's grace
PAUSE_SECONDS = 0.01
ATTEMPTS = 20
RETRY_SECONDS = 0.1
LOG_LINES = 15
PASSING_TROUBLES = (
    "Address already in use",  # another program took the port since it was found free
    "pre-existing shared memory block",  # a killed server's children are still leaving
)


@dataclass(frozen=True, slots=True)
class Program:
    """A server as the launcher sees it: its command for a port, and what it says when ready."""

    command: Callable[[int], list[str]]
    ready_line: str
    identity: Identity = AS_OURSELVES
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = READY_SECONDS
    attempts: int = ATTEMPTS


class Launcher:
    """Runs one server behind a keeper, so that it ends with this process however that ends.

    A port, once found, is kept: a server that is stopped and started again is found where it was.
    """

    def __init__(
        self, name: str, folder: Path, *, footprint: Footprint, stop_signal: signal.Signals
    ) -> None:
        self._name = name
        self._folder = folder
        self._footprint = footprint
        self._stop_signal = stop_signal
        self._log = folder / f"{name.lower()}.log"
        self._lock: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._port: int | None = None

    @property
    def port(self) -> int:
        if self._port is None:
            raise EmbeddedServerError(f"{self._name} has no port yet: start it first.")
        return self._port

    @property
    def is_running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def claim(self) -> None:
        """Make the folder ours alone, and stop what a killed program left running in it."""
        with explained(f"Preparing {self._folder} for {self._name}", self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_lock()
        stop_orphan(self._footprint, self._stop_signal)

    def run(self, program: Program) -> None:
        """Start, on a free port unless it has one, and return when the server is ready."""
        with explained(f"Starting {self._name}", self._folder):
            for _ in range(program.attempts):
                port = self._port or free_port()
                self._spawn(program, port)
                if self._becomes_ready(program):
                    self._port = port
                    return
                if not any(trouble in self._said() for trouble in PASSING_TROUBLES):
                    break
                time.sleep(RETRY_SECONDS)
            raise self._failure()

    def stop(self) -> None:
        """Stop and wait; nothing happens where nothing runs."""
        self._dismiss_keeper()
        if self._lock is not None:
            stop_orphan(self._footprint, self._stop_signal)  # should its keeper have been killed
            os.close(self._lock)
            self._lock = None

    def _dismiss_keeper(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        try:
            keeper.communicate(b".", timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise EmbeddedServerError(f"{self._name} does not stop: see {self._log}.") from error

    def _take_lock(self) -> None:
        # Held by this process alone, so the kernel gives it back even after a SIGKILL.
        if self._lock is not None:
            return
        lock = os.open(self._folder / f"{self._name.lower()}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise EmbeddedServerError(
                f"Another running program uses {self._folder} for {self._name}:"
                " stop that one, or choose another folder."
            ) from error
        self._lock = lock

    def _spawn(self, program: Program, port: int) -> None:
        self._dismiss_keeper()
        account = program.identity.account
        keeper = [sys.executable, "-I", "-S", str(KEEPER), str(self._stop_signal.value)]
        keeper.append(f"{account.uid}:{account.gid}" if account else "-")
        with self._open_log() as log:
            # Its own session: Ctrl+C is for the program, which stops its servers last.
            self._keeper = subprocess.Popen(  # noqa: S603 - our own script, no shell
                [*keeper, *program.identity.prefix, *program.command(port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env=environment() | dict(program.environment),
            )

    def _open_log(self) -> BinaryIO:
        # Statements that failed stand in it, and others may pass through the folder.
        handle = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return os.fdopen(handle, "wb")

    def _becomes_ready(self, program: Program) -> bool:
        deadline = time.monotonic() + program.ready_seconds
        while self.is_running:
            if program.ready_line in self._said():
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
        return False

    def _said(self) -> str:
        return self._log.read_text(errors="replace")

    def _failure(self) -> EmbeddedServerError:
        said = self._said()
        last_lines = "\n".join(said.splitlines()[-LOG_LINES:])
        ended = "did not become ready" if self.is_running else "ended while starting"
        sentence = f"{self._name} {ended}. {advice(said, self._folder)}".strip()
        return EmbeddedServerError(f"{sentence}\n{last_lines}")


def environment() -> dict[str, str]:
    """Ours without PG*, which would point the tools elsewhere, and with messages in English."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
