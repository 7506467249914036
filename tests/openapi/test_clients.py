"""The commands of openapi/README.md run, and the clients they make talk to the API."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.api import Api
from tests.support.books import Books
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.node import OPENAPI, with_tools
from tests.support.server import serving

from billingone_api.kit.ids import new_id

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


@dataclass(frozen=True)
class Practice:
    """A running API and what a driver is told: where, as whom, and what to link to whom."""

    arguments: tuple[str, str, str, str]


@pytest.fixture
async def practice(api: Api, database: Database) -> AsyncIterator[Practice]:
    """Three clients, one of them not linked yet, in two currencies of which one has no rate."""
    books = Books(database, api.organisation_id)
    await books.connected()
    clients = {name: new_id() for name in ("Bluegum", "Kauri", "Rimu")}
    for name, client_id in clients.items():
        company = await books.company(f"company-{name}", f"{name} Pty Ltd")
        claimed = {"pax8_company_id": company} if name != "Rimu" else {}
        body = {"name": name, "external_ids": claimed}
        told = await api.service("clients:write").put(
            f"/v1/panelone/clients/{client_id}", json=body
        )
        assert told.status_code == 201
    for name, price, currency in (
        ("Bluegum", "1234567890123.45", "AUD"),
        ("Bluegum", "0.01", "AUD"),
        ("Kauri", "80.00", "NZD"),
        ("Rimu", "7.30", "AUD"),
    ):
        await books.subscription(
            f"company-{name}",
            client_id=clients[name] if name != "Rimu" else None,
            price=Decimal(price),
            currency=currency,
        )
    async with serving(api.app) as port:
        yield Practice(
            (
                f"http://127.0.0.1:{port}",
                api.mint.person(api.organisation_id),
                "company-Rimu",
                str(clients["Rimu"]),
            )
        )


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
    said = await workshop.run("node", str(HERE / "drive.mjs"), examples, *practice.arguments)
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
    drive = (sys.executable, str(HERE / "drive.py"), *practice.arguments)
    assert json.loads(await workshop.run(*drive, PYTHONPATH=paths)) == {
        "linked": [True, 1],
        "unknown": None,
        "totals": {"AUD": "1234567890130.76", "NZD": "80.00"},
        "clients": ["Bluegum", "Rimu", "Kauri"],
        "changed": [True, True],
        "refused": [True, "token_invalid"],
    }
    figure(f"27: Python client: mypy --strict: {said.strip()}; run against the API")
