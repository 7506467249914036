"""Everything that leaves for a third party goes through one client, to hosts of the operator's."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.figures import Figure

SOURCE = Path(__file__).parents[2] / "src" / "billingone_api"
# On this machine alone, and never in a production image.
PRACTICE = {"sandbox", "embedded", "demo"}
THE_CLIENT = "kit/http/client.py"
CALLS = {"AsyncClient", "Client", "get", "post", "put", "patch", "delete", "request", "stream"}
OTHER_WAYS_OUT = {
    "aiohttp", "ftplib", "http.client", "lxml", "requests", "smtplib", "telnetlib",
    "urllib.request", "urllib3", "websockets", "xml", "xmlrpc",
}  # fmt: skip
# Escapes what is written, and reads nothing.
HARMLESS = "xml.sax.saxutils"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        if name.split("/")[0] not in PRACTICE:
            yield name, ast.parse(file.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls_httpx(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "httpx"
        and node.func.attr in CALLS
    )


def test_one_client_is_made_in_one_place(figure: Figure) -> None:
    """It trusts no environment, follows no redirect, verifies TLS: tests/kit/http shows that."""
    read = dict(modules())
    assert [name for name, tree in read.items() if any(map(calls_httpx, ast.walk(tree)))] == [
        THE_CLIENT
    ]
    figure(
        f"8: one HTTP client for all third parties, made in {THE_CLIENT}; {len(read)} modules read"
    )


def test_nothing_else_that_speaks_to_a_network_or_reads_xml_is_imported() -> None:
    found = [
        (name, module)
        for name, tree in modules()
        for module in imported(tree)
        if not module.startswith(HARMLESS)
        and any(module == way or module.startswith(f"{way}.") for way in OTHER_WAYS_OUT)
    ]
    assert found == []


def test_whoever_asks_third_parties_knows_no_address_but_the_operators() -> None:
    """Written into an adapter or a provider, it would be a way out that no setting names."""
    askers = {
        name: tree
        for name, tree in modules()
        if name.startswith("providers/") or "/adapters/" in name or name.endswith("wiring.py")
    }
    assert len(askers) > 20
    found = [
        (name, node.value)
        for name, tree in askers.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and "://" in str(node.value)
    ]
    assert found == []
