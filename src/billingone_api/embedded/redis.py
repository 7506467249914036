"""A Redis of our own: Valkey from a wheel, in memory only, since PostgreSQL holds the truth."""

import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from billingone_api.embedded import wheels
from billingone_api.embedded.launcher import LOOPBACK, Launcher, Program
from billingone_api.embedded.orphans import Footprint


class EmbeddedRedis:
    """One Redis in a folder of its own; stopped and started again, it keeps its port, not its data.

    Raises EmbeddedServerError, with a sentence that says what to do.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._pid_file = self._folder / "redis.pid"
        self._launcher = Launcher(
            "Redis",
            self._folder,
            footprint=Footprint(self._pid_file, "valkey-server", self._folder),
            stop_signal=signal.SIGTERM,
        )

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self._launcher.port}/0"

    def start(self) -> None:
        if self._launcher.is_running:
            return
        server = wheels.redis_server()
        try:
            self._launcher.claim()
            self._launcher.run(
                Program(lambda port: self._command(server, port), "Ready to accept connections")
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._launcher.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _command(self, server: Path, port: int) -> list[str]:
        settings = {
            "bind": LOOPBACK,
            "port": str(port),
            "dir": str(self._folder),
            "pidfile": str(self._pid_file),
            "save": "",
            "appendonly": "no",
            "set-proc-title": "no",  # its folder stays on its command line, to be recognised by
        }
        return [str(server), *(part for name in settings for part in (f"--{name}", settings[name]))]
