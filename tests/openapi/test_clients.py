"""The commands of openapi/README.md run, and the clients they make talk to the API."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.openapi.conftest import Practice
from tests.support.figures import Figure
from tests.support.node import OPENAPI, with_tools

HERE = Path(__file__).parent
README = (OPENAPI / "README.md").read_text()


def section(title: str) -> str:
    return re.split(r"^## ", README.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def commands(title: str) -> list[str]:
    return [line for block in blocks("sh", section(title)) for line in block.splitlines()]


@dataclass(frozen=True)
class Workshop:
    """A copy of openapi/ where commands run that need no network."""

    folder: Path
    environment: Mapping[str, str]

    async def run(self, *command: str, **environment: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = (part.decode() for part in await process.communicate())
        assert process.returncode == 0, f"{command}\n{said}\n{complained}"
        return said


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("workshop") / "openapi"
    ours = shutil.ignore_patterns("node_modules", "billingone*", ".*")
    shutil.copytree(OPENAPI, folder, ignore=ours)
    return Workshop(folder, with_tools(folder))


def told(practice: Practice) -> tuple[str, ...]:
    """Where the API is, as whom, and what to link to whom."""
    token = practice.api.mint.person(practice.api.organisation_id)
    return (practice.url, token, "company-Rimu", str(practice.clients["Rimu"]))


def test_what_the_page_quotes_stands_in_the_examples() -> None:
    for language in ("ts", "py"):
        example = (OPENAPI / "examples" / f"finance.{language}").read_text()
        assert blocks(language)
        assert [block for block in blocks(language) if block not in example] == []


def test_the_npm_lock_names_no_address() -> None:
    lock = (OPENAPI / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    packages: dict[str, Any] = json.loads(lock)["packages"]
    assert [name for name, known in packages.items() if name and "integrity" not in known] == []


async def test_the_document_passes_spectral_and_redocly(workshop: Workshop, figure: Figure) -> None:
    lints = commands("Changing it")
    assert [command.split()[1] for command in lints] == ["spectral", "redocly"]
    for command in lints:
        await workshop.run(*command.split())
    figure("27: spectral (every OpenAPI rule) and redocly (recommended-strict): nothing to say")


async def test_the_typescript_client_compiles_and_works(
    workshop: Workshop, practice: Practice, figure: Figure
) -> None:
    for command in commands("TypeScript"):
        await workshop.run(*command.split())
    examples = str(workshop.folder / "examples")
    said = await workshop.run("node", str(HERE / "drive.mjs"), examples, *told(practice))
    assert json.loads(said) == {
        "linked": [True, 1],
        "unknown": None,
        "clients": [
            ["Bluegum", "$1,234,567,890,123.46"],
            ["Rimu", "$7.30"],
            ["Kauri", "NZD\N{NO-BREAK SPACE}80.00"],
        ],
        "changed": [True, True],
        "pax8": "credentials_rejected: The saved credentials cannot be read any more. "
        "Save them here again.",
        "synced": ["queued", True],
        "refused": [True, "token_invalid"],
    }
    figure("27: TypeScript client: strict, exactOptionalPropertyTypes, and run against the API")


async def test_the_python_client_compiles_and_works(
    workshop: Workshop, practice: Practice, figure: Figure
) -> None:
    said = ""
    for command in commands("Python"):
        said = await workshop.run(*command.split())
    paths = f"{workshop.folder}:{workshop.folder / 'examples'}"
    drive = (sys.executable, str(HERE / "drive.py"), *told(practice))
    assert json.loads(await workshop.run(*drive, PYTHONPATH=paths)) == {
        "linked": [True, 1],
        "unknown": None,
        "totals": {"AUD": "1234567890130.76", "NZD": "80.00"},
        "clients": ["Bluegum", "Rimu", "Kauri"],
        "changed": [True, True],
        "synced": ["queued", True],
        "refused": [True, "token_invalid"],
    }
    figure(f"27: Python client: mypy --strict: {said.strip()}; run against the API")
