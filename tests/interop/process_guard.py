"""Ends every process of a run, however the run ends.

    python3 process_guard.py MARK FOLDER

waits until its standard input ends, which the death of whoever started it brings about, too. Then it kills all that
carry MARK in their environment or work below FOLDER (a task may have cleared its environment, changed its session, and
lost its parent), until none is left.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

VARIABLE = "INTEROP_RUN"
LIMIT = 30  # seconds


def processes_of(mark, folder):
    """Living processes of the run, other than the caller."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
            if pid not in (os.getpid(), os.getppid()) and _belongs(Path("/proc") / str(pid), mark, folder)]


def _belongs(process, mark, folder):
    try:
        if (process / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        if f"{VARIABLE}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        place = os.readlink(process / "cwd")
        return place == folder or place.startswith(folder + "/")
    except (OSError, IndexError):  # it has ended meanwhile, or is somebody else's
        return False


class Guard:
    """The running guard, as its starter sees it."""

    def __init__(self, mark, folder):
        self._process = subprocess.Popen([sys.executable, __file__, mark, str(folder)], stdin=subprocess.PIPE,
                                         start_new_session=True, cwd="/")

    def end_all(self):
        self._process.stdin.close()
        return self._process.wait(LIMIT + 10)


def main(mark, folder):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end = time.monotonic() + LIMIT
    while found := processes_of(mark, folder):
        if time.monotonic() > end:
            return f"still there: {found}"
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.05)  # between two looks
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
