"""Under whose name a server runs: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from billingone_api.embedded.errors import EmbeddedServerError

UNPRIVILEGED_ACCOUNT = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine, by its numbers."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Identity:
    """How a command sheds root: behind a prefix, as an account, or not at all."""

    prefix: tuple[str, ...] = ()
    account: Account | None = None

    def run(
        self, command: Sequence[str], *, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end. From `/`, since the account may not enter the current folder."""
        return subprocess.run(  # noqa: S603 - the wheel's own tools, no shell
            [*self.prefix, *command],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=() if self.account else None,
        )

    def can_run(self, command: Sequence[str]) -> bool:
        try:
            return self.run(command).returncode == 0
        except OSError:
            return False

    def own(self, tree: Path) -> None:
        """Hand a folder and all in it to this identity, whoever ran the server before."""
        uid = self.account.uid if self.account else os.geteuid()
        gid = self.account.gid if self.account else os.getegid()
        if tree.stat().st_uid == uid:
            return
        for path in (*tree.rglob("*"), tree):
            os.chown(path, uid, gid, follow_symlinks=False)


AS_OURSELVES = Identity()
IN_A_USER_NAMESPACE = Identity(
    prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000"),
)


class Machine(Protocol):
    """What the choice of an identity depends on."""

    def is_root(self) -> bool: ...
    def account(self) -> Account | None: ...
    def allows(self, identity: Identity) -> bool: ...


@dataclass(frozen=True, slots=True)
class ThisMachine:
    """The machine we run on, tried out rather than asked: containers differ in what they allow."""

    account_name: str = UNPRIVILEGED_ACCOUNT

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def account(self) -> Account | None:
        try:
            entry = pwd.getpwnam(self.account_name)
        except KeyError:
            return None
        return Account(entry.pw_uid, entry.pw_gid)

    def allows(self, identity: Identity) -> bool:
        return identity.can_run(["true"])


def choose_identity(machine: Machine) -> Identity:
    """Ourselves if we are not root, else a user namespace, else an unprivileged account."""
    if not machine.is_root():
        return AS_OURSELVES
    candidates = [IN_A_USER_NAMESPACE]
    if account := machine.account():
        candidates.append(Identity(account=account))
    for candidate in candidates:
        if machine.allows(candidate):
            return candidate
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and this machine allows neither user namespaces"
        " nor changing to another account: run as a normal user,"
        " or set DATABASE_URL to a server of your own."
    )
