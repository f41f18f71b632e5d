"""What all tests here share: one real ZooKeeper, and the processes of the run, which end with it."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "interop"), str(TESTS / "support")]  # processes, workers, ZooKeeper and its client

import settings  # noqa: E402
from assembly import HERE as INTEROP, Assembly  # noqa: E402
from debian_zookeeper import CLASS_PATH, MAIN, missing  # noqa: E402
from processes import JAVA, Processes  # noqa: E402
from waiting import Once, free_ports, until  # noqa: E402
from zk_client import ZooKeeper  # noqa: E402

JAVA_WORKER = os.environ.get("FAULTS_WORKER", "porpoise") == "java"
TICK = 200  # milliseconds: sessions last 2 ticks or more


class World(Processes):
    def __init__(self):
        super().__init__()
        given = os.environ.get("FAULTS_FOLDER")
        folder = Path(tempfile.mkdtemp(prefix="porpoise-faults-", dir=given)).resolve()
        folder.chmod(0o755)
        self._kept = given is not None
        self.guard(folder)
        atexit.register(self.stop)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.zookeeper_port = free_ports(["zookeeper"])["zookeeper"]
        (folder / "zoo.cfg").write_text("\n".join([
            f"tickTime={TICK}", f"dataDir={folder / 'zookeeper'}", f"clientPort={self.zookeeper_port}",
            "clientPortAddress=127.0.0.1", "admin.enableServer=false", "maxClientCnxns=0", "maxSessionTimeout=120000",
            ""]))
        self.spawn("zookeeper", [
            *JAVA, "-Xmx96m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dzookeeper.forceSync=no", "-cp",
            CLASS_PATH, MAIN, folder / "zoo.cfg"])
        until(lambda: self._running("zookeeper") and self._serves(), "the start of ZooKeeper", 120)

    def zookeeper(self):
        return ZooKeeper(self.zookeeper_port)

    def _serves(self):
        """It listens before it has loaded its data."""
        try:
            with self.zookeeper() as zookeeper:
                zookeeper.create(f"/{settings.NAMESPACE}/nodes/master")
            return True
        except OSError:
            return False

    def stop(self):
        self.end_processes()
        if not self._kept:
            shutil.rmtree(self.run, ignore_errors=True)


class Place:
    """Where one worker is: ports, folders, logs. To a worker of tests/interop it is the control plane."""

    def __init__(self, world, name, zookeeper_port):
        self._world, self._name = world, name
        self.run = world.run / name
        (self.run / "conf").mkdir(parents=True)
        self.logs = world.logs
        self.ports = {**free_ports(("worker", "worker_http", "sandbox", "postgres")), "zookeeper": zookeeper_port}
        self.zookeeper = world.zookeeper

    @property
    def assembly(self):
        """Of the Java worker; made by Maven, once."""
        assembly = Assembly(Path(os.environ.get("INTEROP_FOLDER") or INTEROP.parents[1] / "build" / "interop"),
                            self._world.say)
        assembly.prepare()
        return assembly

    def spawn(self, name, command, environment=None):
        return self._world.spawn(f"{self._name}-{name}", command, environment)

    def start_java(self, name, class_path, main, spring, heap, options=(), environment=None):
        conf = self.run / "conf"
        (conf / "common.properties").write_text(settings.common_properties(
            self.run / "data", self.resources(), os.geteuid() == 0))
        shutil.copy(INTEROP / "conf" / "task-type-config.yaml", conf)
        options = [*options, f"-Dinterop.logs={self.run / 'log'}"]  # below its home, or they are not served
        return self._world.start_java(f"{self._name}-{name}", f"{conf}:{class_path}", main, spring, heap, options,
                                      environment)

    def resources(self):
        """The folder of the resource centre; empty."""
        return self.run / "resources"

    def log_file(self, name):
        return self._world.log_file(f"{self._name}-{name}")


_world = Once(World)


def world():
    if reason := missing():
        raise unittest.SkipTest(reason)
    return _world()
