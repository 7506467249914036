"""Holds a server while its starter lives, and stops it when the starter stops, exits or is killed.

Run as a script, of the standard library only: `keeper.py SIGNAL UID:GID|- COMMAND...`. The starter
holds the other end of standard input. That pipe closes however the starter ends, SIGKILL included,
on every system and whichever thread started us, which a parent-death signal does not promise.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

GRACE_SECONDS = 30


def start(account: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
    if account == "-":
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - no shell
    uid, gid = (int(number) for number in account.split(":"))
    return subprocess.Popen(  # noqa: S603 - no shell
        command, stdin=subprocess.DEVNULL, user=uid, group=gid, extra_groups=()
    )


def keep(server: subprocess.Popen[bytes], stop_signal: int) -> int:
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(stop_signal))
    threading.Thread(target=stop_with_starter, args=(server, stop_signal), daemon=True).start()
    return server.wait()


def stop_with_starter(server: subprocess.Popen[bytes], stop_signal: int) -> None:
    # A byte or the end of the pipe. Not sys.stdin: its lock is fatal in a thread left at exit.
    os.read(0, 1)
    server.send_signal(stop_signal)
    time.sleep(GRACE_SECONDS)
    server.kill()


if __name__ == "__main__":
    sys.exit(keep(start(sys.argv[2], sys.argv[3:]), int(sys.argv[1])))
