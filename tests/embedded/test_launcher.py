import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from billingone_api.embedded.errors import EmbeddedServerError
from billingone_api.embedded.launcher import LOOPBACK, Launcher, Program, environment
from billingone_api.embedded.orphans import Footprint

# Notes its pid, says that it is ready, waits to be stopped.
SERVER = """
import os, pathlib, signal, sys, time
pathlib.Path(sys.argv[2], "pid").write_text(str(os.getpid()))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready on", sys.argv[1], flush=True)
while True:
    time.sleep(0.05)
"""
# The port is always taken but on its third try.
UNLUCKY = """
import pathlib, sys
tries = pathlib.Path(sys.argv[2], "tries")
tries.open("a").write(sys.argv[1] + "\\n")
if len(tries.read_text().split()) < 3:
    sys.exit("bind: Address already in use")
"""


def a_launcher(folder: Path) -> Launcher:
    footprint = Footprint(folder / "pid", Path(sys.executable).name, folder)
    return Launcher("Fake", folder, footprint=footprint, stop_signal=signal.SIGTERM)


def a_program(
    folder: Path, script: str = SERVER, *, ready_seconds: float = 30, attempts: int = 5
) -> Program:
    return Program(
        lambda port: [sys.executable, "-c", script, str(port), str(folder)],
        "ready on",
        ready_seconds=ready_seconds,
        attempts=attempts,
    )


def is_alive(folder: Path) -> bool:
    return Footprint(folder / "pid", Path(sys.executable).name, folder).running_pid() is not None


def test_a_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    launcher = a_launcher(tmp_path)
    launcher.claim()
    launcher.run(a_program(tmp_path))
    assert launcher.is_running
    assert is_alive(tmp_path)

    launcher.stop()
    launcher.stop()

    assert not launcher.is_running
    assert not is_alive(tmp_path)


def test_a_port_that_was_taken_meanwhile_is_replaced_by_another(tmp_path: Path) -> None:
    launcher = a_launcher(tmp_path)
    launcher.claim()
    launcher.run(a_program(tmp_path, UNLUCKY + SERVER))
    launcher.stop()

    tried = (tmp_path / "tries").read_text().split()
    assert len(tried) == 3
    assert int(tried[-1]) == launcher.port


def test_a_server_that_ends_shows_the_last_lines_of_its_log(tmp_path: Path) -> None:
    script = "import sys; print(*range(100), sep='\\n'); sys.exit('No space left on device')"
    launcher = a_launcher(tmp_path)
    launcher.claim()

    with pytest.raises(EmbeddedServerError) as caught:
        launcher.run(a_program(tmp_path, script))
    launcher.stop()

    first, *shown = str(caught.value).splitlines()
    assert first.startswith("Fake ended while starting. Free some space on the disk")
    assert len(shown) == 15
    assert "99" in shown


def test_a_server_that_is_never_ready_is_given_up_and_stopped(tmp_path: Path) -> None:
    launcher = a_launcher(tmp_path)
    launcher.claim()

    with pytest.raises(EmbeddedServerError, match="did not become ready"):
        launcher.run(a_program(tmp_path, SERVER.replace("ready on", "busy"), ready_seconds=0.5))
    launcher.stop()

    assert not launcher.is_running


def test_a_folder_serves_one_program_at_a_time(tmp_path: Path) -> None:
    first, second = a_launcher(tmp_path), a_launcher(tmp_path)
    first.claim()
    first.run(a_program(tmp_path))

    with pytest.raises(EmbeddedServerError, match="Another running program uses"):
        second.claim()
    second.stop()
    assert first.is_running

    first.stop()
    second.claim()
    second.stop()


def test_a_server_whose_keeper_was_killed_is_stopped_all_the_same(tmp_path: Path) -> None:
    launcher = a_launcher(tmp_path)
    launcher.claim()
    launcher.run(a_program(tmp_path))
    assert launcher._keeper is not None
    launcher._keeper.kill()
    launcher._keeper.wait()
    assert is_alive(tmp_path)

    launcher.stop()

    assert not is_alive(tmp_path)


def test_a_process_that_merely_got_the_number_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, "1", str(tmp_path / "x")]
    with subprocess.Popen(command) as stranger:  # noqa: S603 - our own script
        (tmp_path / "pid").write_text(str(stranger.pid))
        launcher = a_launcher(tmp_path)
        launcher.claim()
        launcher.stop()

        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("noted", ["", "no number", "999999999"])
def test_a_pid_file_that_leads_nowhere_is_survived(tmp_path: Path, noted: str) -> None:
    (tmp_path / "pid").write_text(noted)
    launcher = a_launcher(tmp_path)

    launcher.claim()
    launcher.stop()


@pytest.mark.parametrize("below", [".", "folder"])
def test_a_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(EmbeddedServerError, match=r"^Preparing .* failed: .*Choose a folder"):
        a_launcher(file / below).claim()


def test_the_port_is_unknown_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="start it first"):
        _ = a_launcher(tmp_path).port


def test_a_restart_on_a_port_that_is_taken_says_so(tmp_path: Path) -> None:
    script = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1])))"
    launcher = a_launcher(tmp_path)
    launcher.claim()
    launcher.run(a_program(tmp_path, script + "\n" + SERVER))
    launcher.stop()
    launcher.claim()

    with (
        socket.create_server((LOOPBACK, launcher.port)),
        pytest.raises(EmbeddedServerError, match="End the program that took the port"),
    ):
        launcher.run(a_program(tmp_path, script, attempts=2))
    launcher.stop()


def test_the_callers_postgres_settings_do_not_reach_the_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "production.example")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    assert "PGHOST" not in environment()
    assert environment()["LC_ALL"] == "C"
