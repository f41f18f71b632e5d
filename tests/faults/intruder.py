"""What one task tries against its worker and against another task; it prints "NAME: done" or "NAME: refused".

    intruder.py WORKER_PID VICTIM DATA_DIR LOG CONFIG SECRET

Run as a task. It leaves the worker stopped, and the victim's host dead, where that is possible.
"""

import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

FORGED = {"v": 1, "state": "SUCCESS", "exitCode": 0, "message": "", "startTime": 1, "endTime": 2, "processId": 1,
          "appIds": "", "varPool": []}


def memory(pid, secret):
    """Whether `secret` is found in what can be written of a process."""
    with open(f"/proc/{pid}/mem", "rb", 0) as file:
        for line in open(f"/proc/{pid}/maps"):
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not found:
                continue
            begin, end = (int(number, 16) for number in found.groups())
            try:
                file.seek(begin)
                if secret in file.read(end - begin):
                    return
            except (OSError, ValueError, OverflowError):
                continue
    raise OSError("not found")


def host_of(state):
    """As everybody may see: the command line of a process is no secret."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{state}\0".encode() in (folder / "cmdline").read_bytes() and os.getsid(int(folder.name)) == int(folder.name):
                return int(folder.name)
        except OSError:
            continue
    raise SystemExit("there is no victim")


def forge(folder, task):
    (folder / "forged").write_text(json.dumps({**FORGED, "taskInstanceId": task}))
    os.replace(folder / "forged", folder / "result.json")


def order_to_end(folder):
    """As a worker that was started again does, but for its proof; whether it was heard is seen by the victim."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.connect(os.path.relpath(folder / "control"))
        for message in ({"type": "proof", "proof": "0" * 64}, {"type": "cancel", "reason": "intruder", "atOnce": True}):
            link.send(json.dumps({"v": 1, **message}).encode())
        link.settimeout(5)
        if link.recv(1) == b"":
            raise OSError("turned away")


def main():
    worker, victim, data, log, config, secret = sys.argv[1:]
    worker, victim, data = int(worker), int(victim), Path(data)
    state = data / "tasks" / str(victim)
    host = host_of(state)
    attacks = {
        "own folder": lambda: Path("mine").write_text("x"),
        "stderr": lambda: Path("/dev/stderr").write_text("heard\n"),
        "configuration": lambda: Path(config).read_bytes(),
        "key": lambda: (data / "seal.json").read_bytes(),
        "session": lambda: (data / "lease").read_bytes(),
        "request": lambda: (state / "request.json").read_bytes(),
        "log of another": lambda: Path(log).read_bytes(),
        "folder of another": lambda: next((data / "exec").rglob(f"{victim}/secret-of-the-victim")).read_bytes(),
        "memory of the worker": lambda: memory(worker, secret.encode()),
        "environment of the worker": lambda: Path(f"/proc/{worker}/environ").read_bytes(),
        "descriptors of the worker": lambda: os.listdir(f"/proc/{worker}/fd"),
        "memory of a host": lambda: memory(host, b"taskInstanceId"),
        "order to a host": lambda: order_to_end(state),
        "forged result": lambda: forge(state, victim),
        "signal to the worker": lambda: os.kill(worker, signal.SIGCONT),
        "signal to a host": lambda: os.kill(host, signal.SIGKILL),
    }
    for name, attack in attacks.items():
        try:
            attack()
        except (OSError, StopIteration):
            print(f"{name}: refused", flush=True)
        else:
            print(f"{name}: done", flush=True)


main()
