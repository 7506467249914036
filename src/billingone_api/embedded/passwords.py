"""The passwords of an embedded PostgreSQL: random, made once, kept beside its data."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from billingone_api.embedded.errors import EmbeddedServerError

RANDOM_BYTES = 24


@dataclass(frozen=True, slots=True, repr=False)
class Passwords:
    """One password for each role, of letters that need no quoting in SQL or a URL."""

    superuser: str
    owner: str
    application: str


def kept_passwords(file: Path) -> Passwords:
    """Those in the file, which is written at first with mode 0600."""
    if not file.exists():
        _write(file, Passwords(*(secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))))
    try:
        return Passwords(**json.loads(file.read_text()))
    except (ValueError, TypeError) as error:
        raise EmbeddedServerError(
            f"{file} is damaged: move {file.parent} away to start with an empty database."
        ) from error


def _write(file: Path, passwords: Passwords) -> None:
    # Renamed into place, so that a crash never leaves half a file beside a whole database.
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(asdict(passwords), stream)
    unfinished.replace(file)
