"""The `billingone` command as an operator meets it: a process, its words and its exit code."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.api import KEYS
from tests.support.databases import ROOT, Database
from tests.support.people import ISSUER, SECRET

PATIENCE = 120


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


def environment_for(database: Database) -> dict[str, str]:
    """Everything that a command needs to be told."""
    return {
        "DATABASE_URL": database.application_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ENCRYPTION_KEYS": KEYS,
        "PANELONE_ISSUER": ISSUER,
        "PANELONE_ALGORITHMS": "HS256",
        "PANELONE_SHARED_SECRET": SECRET,
        "PORT": "0",
    }


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "billingone_api.cli", *arguments]


def _environment(given: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | given


def billingone(*arguments: str, environment: dict[str, str] | None = None) -> Ended:
    """Run to its end, with nothing of this process's environment but PATH."""
    ran = subprocess.run(  # noqa: S603 - our own command, no shell
        _command(*arguments),
        env=_environment(environment or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)


@contextmanager
def running(
    *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run until the block ends; whoever wants another end sends a signal inside it."""
    process = subprocess.Popen(  # noqa: S603 - our own command, no shell
        _command(*arguments),
        env=_environment(environment or {}),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
