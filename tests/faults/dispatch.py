"""Tasks as a 3.1 master dispatches them: a recorded frame with other values."""

import datetime
import getpass
import json
import random
import shlex
from pathlib import Path

from frames import Decoder

FRAMES = Path(__file__).resolve().parents[1] / "golden" / "frames"
GOLDEN = FRAMES / "02-client-to-worker-TASK_DISPATCH_REQUEST-SHELL.bin"
WORKFLOW, VERSION, PROJECT, INSTANCE = 9099679207488, 4, 7, 12
_next_id = random.randrange(1_000_000, 1_000_000_000)  # no task of another run on this machine has the same


def new_id():
    global _next_id
    _next_id += 1
    return _next_id


class Task:
    """A SHELL task that marks its beginning and its end in the history's folder. NICKNAME in its script is its own."""

    def __init__(self, history, script="", **context):
        self.id = new_id()
        self.submitted = datetime.datetime.now(datetime.timezone.utc)
        self.mark_file = history.marks / str(self.id)
        self.nickname = f"fault-{self.id}"  # for `exec -a`, by which a process is found that has shed everything else
        self.local_params = []
        self._context = context
        self.script = script

    def body(self, master):
        recorded = json.loads(next(Decoder().feed(GOLDEN.read_bytes()))[2])
        recorded["messageSenderAddress"] = master
        recorded["taskExecutionContext"].update({
            "taskInstanceId": self.id, "taskName": "fault", "firstSubmitTime": f"{self.submitted:%Y-%m-%d %H:%M:%S}",
            "taskType": "SHELL", "processDefineCode": WORKFLOW, "processDefineVersion": VERSION, "projectCode": PROJECT,
            "processInstanceId": INSTANCE, "tenantCode": getpass.getuser(),
            "taskParams": json.dumps({"rawScript": self.marked(), "localParams": self.local_params, "resourceList": []}),
            **self._context})
        return json.dumps(recorded).encode()

    def marked(self):
        marks = shlex.quote(str(self.mark_file))
        script = self.script.replace("NICKNAME", self.nickname)
        return (f"echo begin $$ >> {marks}\nexport FAULT_TASK={self.id}\n"
                f"( : ; {script}\n)\ncode=$?\necho end >> {marks}\nexit $code\n")

    def log_path(self, log_dir):
        return Path(log_dir) / f"{self.submitted:%Y%m%d}" / f"{WORKFLOW}_{VERSION}-{INSTANCE}-{self.id}.log"

    def marks_of_life(self):
        """What a process of it has in its environment, its command line or its working directory."""
        environment = f"FAULT_TASK={self.id}\0".encode(), f"PORPOISE_TASK_ID={self.id}.".encode()
        return environment, f"/{INSTANCE}/{self.id}", self.nickname


def survivors(*tasks):
    """Living processes of these tasks, "pid command" each."""
    marks = [task.marks_of_life() for task in tasks]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                continue
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            whole = (folder / "environ").read_bytes() + b"\0"
            place = (folder / "cwd").readlink().as_posix().removesuffix(" (deleted)")
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        for environment, folder_of_task, nickname in marks:
            if (any(mark in whole for mark in environment) or folder_of_task + "/" in line or nickname in line
                    or place.endswith(folder_of_task)):
                found.append(f"{folder.name} {line[:120]}")
    return found
