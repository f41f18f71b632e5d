"""The worker under test: kill -9, SIGSTOP, restart, upgrade, limits; and what it says of itself."""

import itertools
import os
import re
import shutil
import signal
import urllib.request
from pathlib import Path

from java_worker import JavaWorker
from liveness import Pinger, limit_of
from porpoise_worker import PorpoiseWorker, binary
from waiting import until
from world import JAVA_WORKER, Place

NEIGHBOUR = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy is asked for 127.0.0.1
_numbers = itertools.count(1)


class Faulted:
    """Mixed into a worker of tests/interop."""

    def __init__(self, world, history, zookeeper_port=None, prefix=(), variables=None, **flags):
        """`flags` of porpoise worker; `prefix` of its command line: a program that sets a limit, then becomes it."""
        super().__init__(Place(world, f"w{next(_numbers)}", zookeeper_port or world.zookeeper_port))
        self.history, self.extra, self.prefix, self.variables = history, flags, list(prefix), variables or {}
        self.watched, self.pingers = True, []  # whether it is asked PING throughout; one for each process of it
        self.data, self.log_dir = self.plane.run / "data", self.plane.run / "task-log"

    def start(self):
        super().start()
        self.history.add("daemon started", pid=self.process.pid)

    def kill_hard(self):
        self.history.add("daemon killed", pid=self.process.pid)
        super().kill_hard()

    def stop(self):
        """SIGSTOP: as a suspended machine."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """However it is now."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def environment(self):
        return {**super().environment(), **self.variables}

    # --- from /proc --------------------------------------------------------------------------------------------------

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        """Without those of calls that may wait, which end by themselves when they have nothing to do."""
        return sum(name.read_text() != "blocking-call\n" for name in Path(f"/proc/{self.process.pid}/task").glob("*/comm"))

    def text(self):
        return self.log().read_text(errors="replace")


class FaultedPorpoise(Faulted, PorpoiseWorker):
    _binary = None

    def start(self):
        super().start()
        for pinger in self.pingers:
            pinger.reap()
        if self.watched:
            self.pingers.append(Pinger(self.port, self.process.pid, limit_of(self.binary())))

    def flags(self):
        return {**super().flags(), "kill-grace": "2s", "zookeeper-session-timeout": "30s",
                **{key.replace("_", "-"): value for key, value in self.extra.items()}}

    def _ready(self):
        """It answers itself: for a moment a host that was being started has the port of a daemon that was killed."""
        try:
            return super()._ready() and bool(self.metrics())
        except OSError:
            return False

    def binary(self):
        return self._binary or binary()

    def launch(self):
        command = [*self.prefix, self.binary(), "worker", *(f"--{key}={value}" for key, value in self.flags().items())]
        return self.plane.spawn(self.name, command, self.environment())

    def upgrade(self):
        """kill -9, then a start of the binaries from another place."""
        self.kill_hard()
        old = Path(self.binary()).parent
        new = self.plane.run / "upgraded"
        new.mkdir()
        for program in old.glob("porpoise*"):
            shutil.copy(program, new)
        self.variables["PORPOISE_PLUGIN_PATH"] = str(old.parent / "lib" / "porpoise" / "plugins")
        self._binary = str(new / "porpoise")
        self.start()

    def state(self, task):
        return self.data / "tasks" / str(task)

    def has_on_disk(self, task):
        return (self.state(task) / "dispatch.json").exists()

    def hosts(self):
        """Pids of living task hosts, by task: the supervisors, which lead a session, not the runners that they fork."""
        found, place = {}, str(self.data / "tasks").encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                leads = os.getsid(int(folder.name)) == int(folder.name)
            except OSError:
                continue
            if leads and len(words) > 2 and words[0].endswith(b"porpoise-host") and place in words[1]:
                found[int(words[1].rsplit(b"/", 1)[1])] = int(folder.name)
        return found

    # --- what it says of itself --------------------------------------------------------------------------------------

    def metrics(self):
        """Name with labels -> value."""
        text = NEIGHBOUR.open(f"http://127.0.0.1:{self.http_port}/metrics", timeout=20).read().decode()
        return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}

    def metric(self, name):
        return sum(value for key, value in self.metrics().items() if key == name or key.startswith(name + "{"))

    def wait_metric(self, name, value, seconds=30):
        until(lambda: self.metric(name) == value, f"{name} = {value}", seconds)


class FaultedJava(Faulted, JavaWorker):
    def start(self):
        super().start()
        self.log_dir = self.plane.run / "log"

    def upgrade(self):
        self.kill_hard()
        self.start()


Worker = FaultedJava if JAVA_WORKER else FaultedPorpoise
