"""Workers in processes of their own, which can be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.api import settings_for
from tests.support.databases import ROOT, Database


def environment(database: Database, **more: str) -> dict[str, str]:
    settings = settings_for(database)
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
        "PANELONE_ISSUER": settings.panelone_issuer,
        "PANELONE_ALGORITHMS": "HS256",
        "PANELONE_SHARED_SECRET": "7c1f9be2a4d84b0f9d3e6a5c8b7f0e1d2c3b4a59687f6e5d",
        "WORKER_LEASE_SECONDS": "1",
        "WORKER_HEARTBEAT_SECONDS": "0.3",
        "WORKER_SWEEP_SECONDS": "0.2",
        **more,
    }


@contextmanager
def worker_process(
    database: Database, file: Path, place: str, *, source: str = "pax8", **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """It stands still at `place` for as long as the file is there; `more` is environment."""
    script = ROOT / "tests/support/worker_process.py"
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(script), str(file), place, source],
        env=environment(database, **more),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
