"""The tests about two organisations pass with either of the two walls between them removed.

Each run is a pytest of its own, for adapters build their statements when they are imported.
`WALL=row_security make test` and `WALL=own_filter make test` run everything so.
"""

import asyncio
import os
import re
import sys

import pytest
from tests.support.databases import ROOT
from tests.support.figures import Figure
from tests.support.walls import ONLY

FOLDERS = ("tests/openapi/test_two_organisations.py", "tests/billing")
ABOUT = "two_organisations or another_organisation"
WORDS = {
    "row_security": "the repositories' own filter removed",
    "own_filter": "row-level security switched off",
}


@pytest.mark.skipif(ONLY is not None, reason="one wall is missing already")
@pytest.mark.parametrize("wall", WORDS)
async def test_either_wall_alone_keeps_two_organisations_apart(wall: str, figure: Figure) -> None:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"),
        *("-k", ABOUT, *FOLDERS),
        cwd=ROOT,
        env=os.environ | {"WALL": wall},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told = (await running.communicate())[0].decode()
    assert running.returncode == 0, told[-5000:]
    passed = re.search(r"(\d+) passed", told)
    assert passed
    assert int(passed[1]) > 90
    figure(f"6: {passed[1]} tests about two organisations pass with {WORDS[wall]}")
