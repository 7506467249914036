"""PostgreSQL's own programs, from the wheel that brings the server."""

import subprocess
from pathlib import Path

from tests.support.databases import Database

from billingone_api.embedded.wheels import postgres_package

_PATIENCE = 120


def dumped(database: Database, *options: str, rows_as_the_policy_lets: bool = True) -> str:
    """As the README tells an operator to: as the owner, whose policy shows every organisation."""
    needed = ("--enable-row-security",) if rows_as_the_policy_lets else ()
    return _ran("pg_dump", *needed, *options, database.owner_url.replace("+asyncpg", ""))


def restored(url: str, dump: str) -> None:
    """Into a database that is empty, stopping at the first error."""
    address = url.replace("+asyncpg", "")
    _ran("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", address, given=dump)


def _ran(program: str, *arguments: str, given: str | None = None) -> str:
    path = next(Path(postgres_package()).glob(f"**/bin/{program}"))
    ran = subprocess.run(  # noqa: S603 - a program of the wheel, no shell
        [path, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
