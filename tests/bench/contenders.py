"""The two workers as the benchmark starts and looks at them: the same settings, the same tenant, one at a time."""

import os
import shutil
import time
from pathlib import Path

from java_worker import JavaWorker
from porpoise_worker import PorpoiseWorker
from waiting import until

TICKS = os.sysconf("SC_CLK_TCK")
STABLE = 0.02  # of the resident memory, between two looks a second apart


class Contender:
    """Mixed into a WorkerProcess of the interop harness."""

    exec_threads = 100  # as many as the load has in flight, so that neither queues or rejects

    def start_timed(self):
        """Seconds from the start of the process until its node is in ZooKeeper."""
        shutil.rmtree(self.plane.run / "data", ignore_errors=True)
        with self.plane.zookeeper() as zookeeper:
            until(lambda: not zookeeper.exists(self.node), "the end of the other worker's session", 90)
            began = time.monotonic()
            self.process = self.launch()
            until(lambda: self._alive() and zookeeper.exists(self.node), "the registration", 180, pause=0.0005)
            return time.monotonic() - began

    def end(self):
        self.terminate(120)

    def look(self):
        """Threads, open files, resident memory (MiB)."""
        status = dict(line.split(":", 1) for line in self._read("status").splitlines())
        return {"threads": int(status["Threads"]), "files": len(os.listdir(f"/proc/{self.process.pid}/fd")),
                "memory": int(status["VmRSS"].split()[0]) / 1024}

    def settled(self):
        """The same, as soon as it does not change any more."""
        looks = []

        def stable():
            looks.append(self.look())
            if len(looks) == 1:
                return False
            before, now = looks[-2:]
            return (abs(now["memory"] - before["memory"]) < STABLE * before["memory"] and
                    now["files"] == before["files"] and now["threads"] == before["threads"])
        until(stable, "the end of what the load began", 90, pause=6)  # idle threads end after 5 s
        return looks[-1]

    def cpu_seconds(self):
        """Of the worker and of all that has ended below it."""
        fields = self._read("stat").rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / TICKS  # utime, stime, cutime, cstime

    def _alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the worker ended early; see {self.log()}")
        return True

    def _read(self, name):
        return Path(f"/proc/{self.process.pid}/{name}").read_text()


class Java(Contender, JavaWorker):
    name = "java"
    title = "Java worker 3.1.4"
    # Its heap as its own start.sh sets it, and the collector and compilers that a JVM then chooses.
    jvm = ("-Xms4g", "-Xmx4g", "-Xmn2g", "-XX:-UseSerialGC", "-XX:TieredStopAtLevel=4")


class Porpoise(Contender, PorpoiseWorker):
    name = "porpoise"
    title = "porpoise"

    def flags(self):
        # The load generator is a master that has not registered.
        return {**super().flags(), "allow-masters": "127.0.0.1"}


class Probe(Porpoise):
    """Leaves the files of its tasks, to be started without a worker."""

    name = "probe"

    def flags(self):
        return {**super().flags(), "data-dir": self.plane.run / "probe", "keep-work-dirs": "true"}

    def command_file(self):
        return next((self.plane.run / "probe" / "exec").rglob("*.command"))
