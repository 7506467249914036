import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.identity import (
    AS_OURSELVES,
    IN_A_USER_NAMESPACE,
    Account,
    Identity,
    ThisMachine,
    choose_identity,
)
from billingone_api.embedded.postgres import EmbeddedPostgres

MACHINE = ThisMachine()
NOBODY = Account(65534, 65534)
AS_NOBODY = Identity(account=NOBODY)

as_root = pytest.mark.skipif(not MACHINE.is_root(), reason="only root sheds root's rights")
with_namespaces = pytest.mark.skipif(
    not MACHINE.allows(IN_A_USER_NAMESPACE), reason="user namespaces are off here"
)
with_accounts = pytest.mark.skipif(
    not (MACHINE.is_root() and MACHINE.allows(AS_NOBODY)), reason="accounts cannot be changed here"
)

STARTER = """
import os, sys
from pathlib import Path
from billingone_api.embedded.identity import AS_OURSELVES, ThisMachine, choose_identity
from billingone_api.embedded.postgres import EmbeddedPostgres
assert choose_identity(ThisMachine()) is AS_OURSELVES
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    server.create_database("product")
"""
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=8m none "$2" && exec "$1" -c '
import sys
from pathlib import Path
from billingone_api.embedded.postgres import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1], "postgres"), durable=False).start()
' "$2"
"""


@dataclass(frozen=True)
class FakeMachine:
    """A machine that allows what it is told to."""

    root: bool = True
    allowed: tuple[Identity, ...] = ()
    known_account: Account | None = NOBODY

    def is_root(self) -> bool:
        return self.root

    def account(self) -> Account | None:
        return self.known_account

    def allows(self, identity: Identity) -> bool:
        return identity in self.allowed


@pytest.fixture
def shut_folder() -> Iterator[Path]:
    """Within a folder that only its owner enters."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path, "inner")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (FakeMachine(root=False, allowed=(IN_A_USER_NAMESPACE, AS_NOBODY)), AS_OURSELVES),
        (FakeMachine(allowed=(IN_A_USER_NAMESPACE, AS_NOBODY)), IN_A_USER_NAMESPACE),
        (FakeMachine(allowed=(AS_NOBODY,)), AS_NOBODY),
    ],
)
def test_the_least_intrusive_identity_is_chosen(machine: FakeMachine, expected: Identity) -> None:
    assert choose_identity(machine) == expected


@pytest.mark.parametrize("machine", [FakeMachine(), FakeMachine(known_account=None)])
def test_a_machine_that_allows_nothing_is_told_what_to_do(machine: FakeMachine) -> None:
    with pytest.raises(EmbeddedServerError, match="run as a normal user, or set DATABASE_URL"):
        choose_identity(machine)


def test_an_account_that_does_not_exist_is_none() -> None:
    assert ThisMachine(account_name="no such account").account() is None


def test_a_command_that_does_not_exist_cannot_be_run() -> None:
    assert not Identity(prefix=("no-such-program",)).can_run(["true"])


def owner_of_server(folder: Path) -> int:
    pid = (folder / "data" / "postmaster.pid").read_text().split("\n")[0]
    return Path("/proc", pid).stat().st_uid


@as_root
@with_namespaces
@with_accounts
def test_root_changes_from_an_account_to_a_user_namespace_and_back(folder: Path) -> None:
    names = []
    for identity, owner in ((AS_NOBODY, NOBODY.uid), (IN_A_USER_NAMESPACE, 0), (AS_NOBODY, 65534)):
        with EmbeddedPostgres(folder, durable=False, identity=identity) as server:
            assert owner_of_server(folder) == owner
            assert (folder / "data").stat().st_uid == owner
            names.append(server.application_url("postgres").split("@", maxsplit=1)[0])

    assert len(set(names)) == 1


@with_accounts
def test_an_account_that_cannot_reach_the_folder_is_told_what_to_do(shut_folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"out of reach: choose a folder under /var/tmp"):
        EmbeddedPostgres(shut_folder, durable=False, identity=AS_NOBODY).start()


@with_accounts
def test_an_account_enters_the_folder_but_neither_lists_nor_reads_it(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False, identity=AS_NOBODY):
        assert not AS_NOBODY.can_run(["ls", str(folder)])
        assert not AS_NOBODY.can_run(["cat", str(folder / "passwords.json")])
        assert not AS_NOBODY.can_run(["cat", str(folder / "postgresql.log")])


@with_namespaces
def test_a_normal_user_runs_it_directly(folder: Path) -> None:
    user = IN_A_USER_NAMESPACE if MACHINE.is_root() else AS_OURSELVES

    started = user.run([sys.executable, "-c", STARTER, str(folder)])

    assert (started.returncode, started.stderr) == (0, "")


@as_root
@with_namespaces
def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    mounter = Identity(prefix=("unshare", "--user", "--map-root-user", "--mount"))
    if not mounter.can_run(["mount", "-t", "tmpfs", "none", str(tmp_path)]):
        pytest.skip("a disk of our own cannot be mounted here")

    started = mounter.run(["sh", "-c", ON_A_SMALL_DISK, "sh", sys.executable, str(tmp_path)])

    assert "EmbeddedServerError: PostgreSQL could not make its data folder." in started.stderr
    assert f"Free some space on the disk that holds {tmp_path}" in started.stderr
