"""The demo as a person and as a program run it: the real command, in a folder of its own."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from billingone_api.sandbox.app import SandboxSettings
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.month_end import MISTAKEN

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
ROLES = {"Owner", "Admin", "Finance", "Engineer", "Viewer"}


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A checkout as far as the demo looks at one; its data outlive one start, as in real life."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        (folder / "alembic.ini").symlink_to(ROOT / "alembic.ini")
        (folder / "migrations").symlink_to(ROOT / "migrations")
        yield folder


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "billingone_api.cli", "demo", *flags]


# as a shell starts what it puts into the background
DEAF_TO_CTRL_C = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@contextmanager
def started(project: Path, *flags: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """The command while it serves, with the JSON it printed; killed where a test fails."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [*DEAF_TO_CTRL_C, *command("--json", *flags)],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            yield demo, json.loads(demo.stdout.readline())
        finally:
            demo.kill()


def run(project: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        command(*flags), cwd=project, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def summary(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.returncode == 0, ran.stderr + ran.stdout
    last: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return last


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            squatter.bind(("127.0.0.1", port))
        except OSError:
            yield  # somebody else has it already: it is taken all the same
            return
        squatter.listen()
        yield


@pytest.fixture(scope="module")
def first(project: Path) -> dict[str, Any]:
    """What the first start said, which both tests of it need, whichever worker has them."""
    with taken(8000), taken(8790):
        return summary(run(project, "--once", "--json", "--scale", "25"))


def test_once_syncs_prints_and_ends_though_its_ports_are_taken(first: dict[str, Any]) -> None:
    told = first
    assert not told["api_url"].endswith(":8000")
    assert set(told["tokens"]) == ROLES
    assert len(told["curl"]) == 7
    runs = {run["source"]: run for run in told["sync"]["runs"]}
    assert set(runs) == {"pax8", "xero", "superops"}
    pax8, xero, superops = (runs[name] for name in ("pax8", "xero", "superops"))
    assert pax8["status"] == "partial"  # the sandbox plants two records that nobody can read
    (invoices,) = [step for step in xero["steps"] if step["name"] == "invoices"]
    # with those of the month's end: one a client, and one more in another currency
    assert (invoices["counts"]["created"], invoices["counts"]["quarantined"]) == (624, 2)
    assert superops["status"] == "partial"
    assert superops["counts"]["quarantined"] == 1
    (subscriptions,) = [step for step in pax8["steps"] if step["name"] == "subscriptions"]
    assert subscriptions["counts"]["created"] == 298
    assert subscriptions["counts"]["quarantined"] == 2
    assert {part["mrr"]["currency"] for part in told["cards"]["mrr"]["value"]["currencies"]} >= {
        "AUD"
    }
    # Nobody enters rates of exchange: those on Xero's invoices are taken.
    assert told["cards"]["mrr"]["value"]["reporting"]["amount"] is not None
    assert told["cards"]["active_subscriptions"]["value"] is not None
    assert told["cards"]["pending_invoices"]["value"]["count"] > 0
    snapshot = told["snapshot"]
    assert (snapshot["status"], snapshot["outcome"]) == ("done", "partial")
    assert snapshot["coverage"]["rules"] >= 5
    under = snapshot["summary"]["under_licensed"]
    assert told["cards"]["under_licensed_clients"]["value"]["count"] == under > 0
    assert len(told["top_clients"]) == 10
    with pytest.raises(httpx.ConnectError):
        httpx.get(told["api_url"] + "/livez", trust_env=False)


def found_and_planted(told: dict[str, Any], bearer: dict[str, str]) -> list[set[tuple[str, str]]]:
    """Each client and SKU that is billed otherwise than charged; and what the sandbox did wrong."""
    url = told["sandbox_url"] + "/_sandbox/month-end"
    wrong = httpx.post(url, trust_env=False).json()
    known = Identifiers(SandboxSettings().seed)
    planted = {(known("client", one["client"]), one["sku"]) for one in wrong["leaks"]}
    # Charges that no client is linked to are another matter, and so are mistakes of Pax8's own.
    others = {None, *(known("client", number) for number in MISTAKEN)}
    url = told["api_url"] + "/v1/reconciliation/four-way"
    query = {"month": wrong["month"], "has_leak": "true", "limit": "200"}
    records = httpx.get(url, params=query, headers=bearer, trust_env=False).json()["items"]
    found = {(one["client_id"], one["sku"]) for one in records if one["sku"]}
    return [{one for one in found if one[0] not in others}, planted]


@pytest.mark.usefixtures("first")
def test_a_second_start_reuses_the_data_serves_and_stops_on_ctrl_c(project: Path) -> None:
    with started(project, "--scale", "25") as (demo, told):
        runs = told["sync"]["runs"]
        assert {run["source"] for run in runs} == {"pax8", "xero", "superops"}
        for run in runs:
            assert run["counts"]["created"] + run["counts"]["changed"] == 0
        page = httpx.get(told["reference_url"], trust_env=False)
        assert page.status_code == 200
        assert "cdn" not in page.text
        viewer = {"Authorization": f"Bearer {told['tokens']['Viewer']}"}
        me = httpx.get(told["api_url"] + "/v1/me", headers=viewer, trust_env=False)
        assert me.json()["role"] == "Viewer"
        late = httpx.get(
            told["api_url"] + "/v1/invoices?badge=overdue&sort=-amount_due&limit=5",
            headers=viewer,
            trust_env=False,
        )
        assert [one["source"] for one in late.json()["items"]] == ["xero"] * 5
        found, planted = found_and_planted(told, viewer)
        assert found == planted
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE) == 0
    assert not still_running(project)


def test_fresh_begins_anew(project: Path) -> None:
    told = summary(run(project, "--once", "--json", "--fresh", "--scale", "1"))
    assert all(run["counts"]["created"] > 0 for run in told["sync"]["runs"])
    assert len(told["top_clients"]) == 1


def test_a_killed_demo_leaves_nothing_running(project: Path) -> None:
    with started(project, "--scale", "1") as (demo, _):
        demo.kill()
    deadline = time.monotonic() + PATIENCE
    while still_running(project) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not still_running(project)


@pytest.mark.parametrize("scale", ["0", "1001", "many"])
def test_a_scale_that_is_none_is_told_so(project: Path, scale: str) -> None:
    ran = run(project, "--once", "--scale", scale)
    assert ran.returncode == 2
    assert "scale" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_elsewhere_than_in_a_checkout_it_says_where_to_run(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        ran = run(Path(name), "--once")
    assert ran.returncode == 1
    assert "alembic.ini" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def still_running(project: Path) -> bool:
    """Whether some process still names the demo's folder or runs in it."""
    processes = list(Path("/proc").glob("[0-9]*"))
    if processes:
        return any(_belongs_to(project, process) for process in processes)
    ps = ("ps", "axww", "-o", "command")  # where there is no /proc
    listed = subprocess.run(ps, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    return str(project) in listed.stdout


def _belongs_to(project: Path, process: Path) -> bool:
    try:
        named = str(project).encode() in (process / "cmdline").read_bytes()
        return named or (process / "cwd").samefile(project)
    except OSError:
        return False
