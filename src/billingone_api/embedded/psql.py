"""SQL as the superuser, through the wheel's psql: callers may be inside a running event loop."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from billingone_api.embedded.cluster import SUPERUSER
from billingone_api.embedded.errors import EmbeddedServerError, advice, explained
from billingone_api.embedded.launcher import LOOPBACK, environment

_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Psql:
    """The superuser's way in to one running server."""

    tool: Path
    folder: Path
    port: int
    password: str

    def run(self, sql: str) -> str:
        """Run each statement on its own, up to the first that fails; gives what they printed."""
        with explained("Running psql", self.folder):
            result = self._call(sql)
        if result.returncode != 0:
            said = result.stderr.strip()
            message = f"PostgreSQL refused: {said}\n{advice(said, self.folder)}"
            raise EmbeddedServerError(message.strip())
        return result.stdout

    def _call(self, sql: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the wheel's own tool, no shell
            [
                *(
                    str(self.tool),
                    "--no-psqlrc",
                    "--quiet",
                    "--tuples-only",
                    "--set=ON_ERROR_STOP=1",
                ),
                *(f"--host={LOOPBACK}", f"--port={self.port}"),
                *(f"--username={SUPERUSER}", f"--dbname={SUPERUSER}"),
            ],
            check=False,
            input=sql,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment() | {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10"},
        )


def checked_name(database: str) -> str:
    """A database's name as given, where it reads the same in SQL, in a URL and in a shell."""
    if _DATABASE_NAME.fullmatch(database) is None:
        raise EmbeddedServerError(
            f"{database!r} cannot name a database here:"
            " use up to 63 letters, digits, _ and -, beginning with a letter or _."
        )
    return database


def quoted(database: str) -> str:
    return f'"{checked_name(database)}"'
