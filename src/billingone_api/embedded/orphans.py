"""Servers left behind by a program that was killed: found by their pid file, and stopped."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from billingone_api.embedded.errors import EmbeddedServerError, explained

PATIENCE_SECONDS = 35.0  # longer than a keeper's grace
PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Footprint:
    """How a running server is recognised: where it notes its pid, its program and its folder."""

    pid_file: Path
    program: str
    folder: Path

    def pid(self) -> int | None:
        try:
            return int(self.pid_file.read_text().split("\n", maxsplit=1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def running_pid(self) -> int | None:
        """The pid, where it is still this server's: numbers are given to others after a crash."""
        pid = self.pid()
        if pid is None:
            return None
        command = f"{_command_line(pid)} "
        is_ours = f"{self.program} " in command and f" {self.folder} " in command
        return pid if is_ours else None


def stop_orphan(footprint: Footprint, stop_signal: signal.Signals) -> None:
    """Stop a server that nobody holds any more, and wait until it is gone."""
    with explained("Looking for a server left behind", footprint.folder):
        pid = footprint.running_pid()
    if pid is None:
        return
    with explained(f"Stopping process {pid}", footprint.folder), suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while footprint.running_pid() == pid:
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"Process {pid}, left behind in {footprint.folder}, does not stop: end it by hand."
            )
        time.sleep(PAUSE_SECONDS)


def _command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(  # noqa: S603 - a number is the only argument
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
