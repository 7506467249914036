"""The data folder of an embedded PostgreSQL: made, opened to whoever runs it, and its settings."""

import shutil
import tempfile
from pathlib import Path

from billingone_api.embedded.errors import EmbeddedServerError, advice
from billingone_api.embedded.identity import AS_OURSELVES, Identity
from billingone_api.embedded.launcher import LOOPBACK, environment
from billingone_api.embedded.wheels import ENTERED_BY_ALL, postgres_tool

SUPERUSER = "postgres"
UNFINISHED = "unfinished-"
LOCALE = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FORGETFUL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Tests connect tens of thousands of times, and the usual 4,096 cost a client 8 ms each time.
    "scram_iterations": "1",
}


def open_to(identity: Identity, folder: Path) -> None:
    """Let the identity through to what it owns within the folder, or say that it cannot pass."""
    if identity == AS_OURSELVES:
        return
    if identity.account:
        folder.chmod(folder.stat().st_mode | ENTERED_BY_ALL)
    if not identity.can_run(["test", "-x", str(folder)]):
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and without root's rights {folder} is out of reach:"
            " choose a folder under /var/tmp, or run as a normal user."
        )


def clear_unfinished(folder: Path) -> None:
    for left_behind in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left_behind, ignore_errors=True)


def create_cluster(
    package: Path, data: Path, *, identity: Identity, password: str, durable: bool
) -> None:
    """Make a cluster beside its place and move it there whole: a crash leaves no half of one."""
    # A name of its own: the initdb of a program that was killed may still be writing to the last.
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=data.parent) as name:
        workshop = Path(name)
        (workshop / "data").mkdir(mode=0o700)
        (workshop / "password").write_text(password)  # the workshop is closed to others
        identity.own(workshop)
        _run_initdb(package, workshop, identity=identity, durable=durable)
        (workshop / "data").rename(data)


def server_command(package: Path, data: Path, port: int, *, durable: bool) -> list[str]:
    settings = SETTINGS | {"port": str(port)} | ({} if durable else FORGETFUL_SETTINGS)
    options = [part for name, text in settings.items() for part in ("-c", f"{name}={text}")]
    return [str(postgres_tool(package, "postgres")), "-D", str(data), *options]


def _run_initdb(package: Path, workshop: Path, *, identity: Identity, durable: bool) -> None:
    command = [
        str(postgres_tool(package, "initdb")),
        f"--pgdata={workshop / 'data'}",
        f"--username={SUPERUSER}",
        f"--pwfile={workshop / 'password'}",
        "--auth=scram-sha-256",
        *LOCALE,
        *(() if durable else ("--no-sync", "--set=scram_iterations=1")),
    ]
    result = identity.run(command, environment=environment())
    if result.returncode != 0:
        said = result.stderr.strip()
        sentence = f"PostgreSQL could not make its data folder. {advice(said, workshop.parent)}"
        raise EmbeddedServerError(f"{sentence.strip()}\n{said}")
