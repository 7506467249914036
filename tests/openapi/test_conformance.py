"""Whatever schemathesis makes up from the document, the API answers as the document says."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.openapi.conftest import Practice
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.node import OPENAPI

from billingone_api.kit.ids import new_id

HERE = Path(__file__).parent
SCOPES = (
    "organisations:write", "clients:read", "clients:write", "counts:write", "sessions:revoke",
)  # fmt: skip
EXAMPLES = os.environ.get("EXAMPLES", "5")


async def test_the_api_does_what_its_document_says(
    practice: Practice, database: Database, figure: Figure, tmp_path: Path
) -> None:
    other = await database.add_organisation(new_id(), name="Kauri MSP")
    mint = practice.api.mint
    process = await asyncio.create_subprocess_exec(
        *(
            Path(sys.executable).parent / "schemathesis",
            "--config-file",
            HERE / "schemathesis.toml",
        ),
        *("run", OPENAPI / "openapi.json", "--url", practice.url, "--no-color"),
        *("--seed", "27", "--max-examples", EXAMPLES, "--continue-on-failure"),
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "mended",
            "CLIENT": str(practice.clients["Rimu"]),
            "INVOICE": str(practice.invoice),
            "PERSON": mint.person(practice.api.organisation_id, role="Owner", subject="tester"),
            "SERVICE": mint.service(other, *SCOPES),
            "ORGANISATION": str(other),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    tested, cases = re.search(r"Tested: (\d+).*?(\d+) generated", said, re.DOTALL).groups()
    figure(f"27: schemathesis, every check: {tested} operations, {cases} cases, nothing found")
