"""The commands that people and CI are told to run exist, and set up no more than they need."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
BIN = Path(sys.executable).parent


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  - our own Makefile
        ("make", "--no-print-directory", *arguments),  # noqa: S607  - make is where PATH says
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):", MAKEFILE))


def workflow() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    return data


def hooks() -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    found: list[dict[str, Any]] = repository["hooks"]
    return found


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert script.endswith("&& exec make test\n")
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert re.search(r"(?m)^\s*\$? ?make test\b", (ROOT / "README.md").read_text())


@pytest.mark.parametrize("page", ["README.md", ".github/CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_make_command_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"(?m)(?:^\s*\$? ?|`)make ([a-z]+)", (ROOT / page).read_text())
    assert named
    assert set(named) <= targets()


def test_make_alone_lists_the_commands() -> None:
    listed = re.findall(r"(?m)^  make ([a-z]+)", make().stdout)
    assert {"demo", "test", "check", "bench"} <= set(listed) <= targets()


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ((), []),
        (("ONCE=1",), ["--once"]),
        (("ONCE=1", "JSON=1"), ["--once", "--json"]),
        (("ONCE=0", "JSON=", "FRESH=no"), []),
        (("FRESH=1", "SCALE=1000"), ["--fresh", "--scale", "1000"]),
    ],
)
def test_the_demo_gets_the_flags_that_were_asked_for(
    given: tuple[str, ...], flags: list[str]
) -> None:
    printed = make("--dry-run", "demo", *given).stdout.replace("\\\n", " ").replace('"', "")
    command = printed[printed.index(".venv/bin/billingone ") :]
    assert command.split() == [".venv/bin/billingone", "demo", *flags]


def test_every_subcommand_and_flag_that_make_uses_exists() -> None:
    from billingone_api.cli import app

    commands = getattr(typer.main.get_command(app), "commands", {})
    assert set(re.findall(r"\.venv/bin/billingone (\w+)", MAKEFILE)) <= set(commands)
    flags = {flag for option in commands["demo"].params for flag in option.opts}
    assert {"--once", "--json", "--fresh", "--scale"} <= flags


def test_every_tool_and_file_that_make_uses_exists() -> None:
    tools = set(re.findall(r"\.venv/bin/([\w-]+)", MAKEFILE)) - {"uv", "python"}
    assert {"pytest", "ruff", "mypy", "lint-imports"} <= tools
    assert {tool for tool in tools if not (BIN / tool).exists()} == set()
    named = re.findall(r"(?:\.ci|tests)/[\w/]+\.py", MAKEFILE)
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_hook_runs_what_make_runs() -> None:
    for hook in hooks():
        tool = " ".join(word for word in hook["entry"].split() if word[0] != "-")
        assert tool in MAKEFILE
        assert hook["language"] == "system"


def test_one_range_of_pythons_everywhere() -> None:
    check = workflow()["jobs"]["check"]
    assert check["strategy"]["matrix"]["python"] == PYTHONS
    assert "(3, 11) <= sys.version_info[:2] <= (3, 14)" in MAKEFILE
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    image = re.search(r"PYTHON_IMAGE=python:([\d.]+)-", (ROOT / "Dockerfile").read_text())
    assert image is not None
    assert image[1] in PYTHONS


def test_the_workflow_runs_check_and_may_only_read() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    assert {"run": "make check"} in steps
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


@pytest.mark.parametrize("python", ["/no/such/python", "/bin/false", "a name with spaces"])
def test_a_python_that_is_none_is_told_so(python: str) -> None:
    ran = make("venv", f"PYTHON={python}")
    assert ran.returncode != 0
    assert f"needs Python 3.11 to 3.14, and {python} is not one" in ran.stderr


def test_nothing_names_a_place_that_only_some_machines_have() -> None:
    """The needles are put together here, or this file would be the one that is found."""
    needle = re.compile("|".join([r"\.\./sha" + "red", r"(?<![\w-])sha" + "red/", "/wo" + "rk/"]))
    rooms = (".ci", ".github", "migrations", "openapi", "src", "tests")
    files = [file for room in rooms for file in (ROOT / room).rglob("*")]
    files += [file for file in ROOT.iterdir() if file.is_file()]
    # In a work tree of git's, .git is a file that says where the rest is.
    files = [
        file for file in files if file.is_file() and file.suffix != ".pyc" and file.name != ".git"
    ]
    texts = {file: file.read_bytes().decode(errors="replace") for file in files}
    assert [str(file) for file, text in texts.items() if needle.search(text)] == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a clone, in a folder with a space in its name, as setting up looks at."""
    folder = tmp_path / "a clone"
    (folder / ".ci").mkdir(parents=True)
    locks = (lock.name for lock in ROOT.glob("*.lock"))
    for name in (".ci/set_up.py", "pyproject.toml", *locks):
        shutil.copy(ROOT / name, folder / name)
    return folder


def script(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", folder / ".ci/set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["requirements-dev.lock", "requirements-uv.lock", "pyproject.toml"]
)
def test_a_changed_lock_asks_for_a_new_set_up_and_a_touched_one_does_not(
    checkout: Path, name: str
) -> None:
    set_up = script(checkout)
    before = set_up.fingerprint()
    (checkout / name).touch()
    assert set_up.fingerprint() == before
    (checkout / name).write_text((checkout / name).read_text() + "\n")
    assert set_up.fingerprint() != before


def test_a_finished_set_up_is_not_done_again(checkout: Path) -> None:
    set_up = script(checkout)
    venv.create(checkout / ".venv", symlinks=True)
    assert not set_up.is_current(set_up.fingerprint())
    set_up.STAMP.write_text(set_up.fingerprint())
    assert set_up.is_current(set_up.fingerprint())


def test_an_environment_that_was_moved_is_made_anew(checkout: Path) -> None:
    set_up = script(checkout)
    assert not set_up.fits()
    venv.create(set_up.VENV, symlinks=True)
    assert set_up.fits()
    elsewhere = script(checkout.rename(checkout.with_name("moved")))
    assert not elsewhere.fits()
