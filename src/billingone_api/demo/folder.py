"""The demo's own folder: its databases, keys and logs, kept from one start to the next."""

import base64
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billingone_api.embedded.errors import explained

NAME: Final = ".demo"
# Written into a folder we made, so that FRESH=1 never removes one that somebody else did.
_MARK: Final = "made-by-billingone-demo"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything of the demo lies; nothing of it is written anywhere else."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def panelone_keys(self) -> Path:
        return self.path / "panelone-keys"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def prepare(self, *, fresh: bool) -> None:
        with explained("Preparing the demo's folder", self.path):
            if fresh and (self.path / _MARK).exists():
                shutil.rmtree(self.path)
            # Others may pass through: PostgreSQL may run under another account.
            self.path.mkdir(mode=0o755, exist_ok=True)
            self.panelone_keys.mkdir(mode=0o700, exist_ok=True)
            (self.path / _MARK).touch()

    def encryption_keys(self) -> str:
        """The key ring of this folder's data, made once."""
        file = self.path / "encryption-keys.json"
        with explained("Keeping the demo's encryption key", self.path):
            if not file.exists():
                key = base64.b64encode(secrets.token_bytes(32)).decode()
                _write_private(file, json.dumps(f"k1:{key}"))
            keys: str = json.loads(file.read_text())
            return keys


def _write_private(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    unfinished.replace(file)
