"""Folders that a server run without root's rights can reach: pytest's own are closed to others."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="embedded-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="embedded-") as path:
        yield Path(path)
