"""Processes under measurement, and what they say they used."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.apps import USED

from billingone_api.embedded.launcher import free_port

ROOT = Path(__file__).resolve().parents[2]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Used:
    cpu_seconds: float
    peak_kilobytes: int


@dataclass(frozen=True)
class Server:
    """One uvicorn process with an app of `tests.bench.apps`."""

    url: str
    process: subprocess.Popen[bytes]

    def used(self) -> Used:
        with _OPENER.open(self.url + USED, timeout=10) as answer:
            return Used(**json.load(answer))


@contextmanager
def serving(factory: str, environment: Mapping[str, str]) -> Iterator[Server]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", f"tests.bench.apps:{factory}"),
        *("--port", str(port), "--log-level", "error", "--no-access-log"),
    ]
    with running(command, environment) as process:
        server = Server(f"http://127.0.0.1:{port}", process)
        wait_for(server.url + USED)
        yield server


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - our own commands
        # Logs are written, as in production, and read by nobody.
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_for(url: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with _OPENER.open(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def peak_megabytes(process: subprocess.Popen[bytes]) -> float | None:
    """The most memory a running process had; None where the system does not tell."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return None
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
