import subprocess
import sys
from collections.abc import Iterator

import pytest

from billingone_api.embedded.launcher import KEEPER

# Says that it runs, then waits; ends with 7 when told to stop. Not `signal.pause()`: a signal that
# comes just before it is noted by Python and wakes nobody.
SERVER = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
SIGINT = "2"
PATIENCE = 20


@pytest.fixture
def keeper() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-I", "-S", str(KEEPER), SIGINT, "-", sys.executable, "-c", SERVER]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_the_server_stops_when_its_starter_is_gone(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()

    assert keeper.wait(PATIENCE) == 7


def test_the_server_stops_when_its_starter_says_so(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    keeper.stdin.write(b".")
    keeper.stdin.flush()

    assert keeper.wait(PATIENCE) == 7


def test_the_server_stops_when_its_keeper_is_asked_to_end(keeper: subprocess.Popen[bytes]) -> None:
    keeper.terminate()

    assert keeper.wait(PATIENCE) == 7
