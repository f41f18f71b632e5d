"""The processes of a run, in one folder, with one log each; they end with the process that started them."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from process_guard import VARIABLE, Guard

HERE = Path(__file__).resolve().parent
# Half of what C2 would win is lost by compiling with it in runs this short.
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData",
        "-Duser.timezone=UTC", "-Djava.net.preferIPv4Stack=true", "--add-opens", "java.base/java.lang=ALL-UNNAMED"]


class Processes:
    def __init__(self):
        self._began = time.monotonic()
        self._guard = None
        self._processes = {}

    def guard(self, run):
        """Everything is below the folder `run` from now on, and what works there ends when this process does."""
        self.run = run
        self.logs = run / "log"
        self.logs.mkdir()
        self._mark = uuid.uuid4().hex
        self._guard = Guard(self._mark, run)

    def end_processes(self):
        if self._guard is None:
            return
        guard, self._guard = self._guard, None
        failed = guard.end_all()
        for process in self._processes.values():
            process.wait(10)
        if failed:
            raise RuntimeError("processes of this run could not be ended")

    def spawn(self, name, command, environment=None, user=None):
        """Starts a process that ends with this run; its output goes to the log of that name."""
        whole = {**os.environ, **(environment or {}), VARIABLE: self._mark}
        with self.log_file(name).open("ab") as output:
            process = subprocess.Popen(list(map(str, command)), env=whole, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, cwd=self.run, start_new_session=True, user=user)
        self._processes[name] = process
        return process

    def start_java(self, name, class_path, main, spring, heap, options=(), environment=None):
        command = [*JAVA, "-Xms128m", f"-Xmx{heap}", f"-Dlogging.config={HERE / 'conf' / 'logback.xml'}",
                   f"-Dinterop.logs={self.logs}", *options, "-cp", f"{self.run / 'conf'}:{class_path}", main]
        return self.spawn(name, command, {"SPRING_APPLICATION_JSON": json.dumps(spring), **(environment or {})})

    def kill(self, name):
        self._processes[name].kill()
        self._processes[name].wait(30)

    def log_file(self, name):
        return self.logs / f"{name}.out"

    def say(self, text):
        print(f"[{time.monotonic() - self._began:5.1f}s] {text}", file=sys.stderr, flush=True)

    def _running(self, name):
        """True while it lives; an error with the end of its log when it has ended."""
        if self._processes[name].poll() is None:
            return True
        log = self.log_file(name)
        raise RuntimeError(f"{name} ended early; {log} ends:\n{log.read_text()[-3000:]}")
