"""Makes .venv what the locks say, and does nothing where it already is; `make` calls it first."""
# ruff: noqa: INP001  - a script beside `.ci/run`, imported by nobody
# ruff: noqa: S603  - every command is written out below

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "set-up"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
INPUTS = ("requirements-uv.lock", "requirements-dev.lock", "pyproject.toml")
PROJECT = ("--no-deps", "--no-build-isolation", "--editable", ".")

NO_PIP = (
    "This Python can neither run pip nor make it (on Debian and Ubuntu: apt install python3-venv)."
)


def main() -> int:
    os.chdir(ROOT)
    wanted = fingerprint()
    if is_current(wanted):
        return 0
    with turn():
        if is_current(wanted):
            return 0
        say(f"Setting up .venv with Python {VERSION} and the locked packages ...")
        try:
            set_up()
        except (subprocess.CalledProcessError, OSError) as error:
            say(f"Setting up failed: {error}")
            return 1
        STAMP.write_text(wanted)
    return 0


def fingerprint() -> str:
    """Keyed on content, not on times: a checkout touches every file and changes none."""
    digest = hashlib.sha256(f"{VERSION}\0{ROOT}".encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(wanted: str) -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted


@contextmanager
def turn() -> Iterator[None]:
    """One set-up at a time per checkout; the folder itself is the lock, so none is left behind."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def set_up() -> None:
    STAMP.unlink(missing_ok=True)
    if not fits():
        # Without pip: making it takes longer than everything else together, and uv needs none.
        venv.create(VENV, clear=True, symlinks=True)
    environment = settings()
    try:
        with_uv(environment)
    except (subprocess.CalledProcessError, OSError):
        # uv does not read pip's configuration: behind a mirror, pip may get through where it fails.
        say("uv did not get through; trying with pip, which takes longer ...")
        with_pip(environment)


def fits() -> bool:
    """A folder that was moved keeps scripts that point at its old place."""
    try:
        facts = (VENV / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return False
    here = any(line.startswith("command = ") and line.endswith(f" {VENV}") for line in facts)
    return PYTHON.exists() and here and any(f"version = {VERSION}." in line for line in facts)


def settings() -> dict[str, str]:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0"}
    for ours, pips in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if pips in environment:
            environment.setdefault(ours, environment[pips])
    return environment


def with_uv(environment: Mapping[str, str]) -> None:
    if not UV.exists():
        bring_uv(environment)
    uv = (str(UV), "pip")
    into = ("--quiet", "--python", str(PYTHON))
    run(environment, *uv, "sync", *into, "--require-hashes", *INPUTS[:2])
    run(environment, *uv, "install", *into, *PROJECT)


def bring_uv(environment: Mapping[str, str]) -> None:
    wanted = ("install", "--quiet", "--require-hashes", "--requirement", "requirements-uv.lock")
    borrowed = (sys.executable, "-m", "pip", "--python", str(PYTHON), *wanted)
    if subprocess.run(borrowed, env=environment, capture_output=True, check=False).returncode:
        run(environment, *pip(environment), *wanted)


def with_pip(environment: Mapping[str, str]) -> None:
    install = (*pip(environment), "install", "--quiet")
    run(environment, *install, "--require-hashes", "--requirement", INPUTS[1])
    run(environment, *install, *PROJECT)


def pip(environment: Mapping[str, str]) -> tuple[str, ...]:
    made = subprocess.run(
        (str(PYTHON), "-m", "ensurepip"), env=environment, capture_output=True, check=False
    )
    if made.returncode:
        raise OSError(NO_PIP)
    return (str(PYTHON), "-m", "pip")


def run(environment: Mapping[str, str], *command: str) -> None:
    subprocess.run(command, env=environment, check=True)


def say(words: str) -> None:
    """To stderr: with JSON=1 stdout belongs to the demo."""
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main())
