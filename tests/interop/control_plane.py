"""A real DolphinScheduler 3.1 on loopback: ZooKeeper, PostgreSQL, the master, the API server.

Everything runs on free ports, keeps its state below one folder, and ends with the process that made the ControlPlane.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import settings
from assembly import HERE, Assembly, postgres_programs
from ds_api import NEIGHBOUR
from processes import JAVA, Processes
from waiting import free_ports, port_is_open, until
from zk_client import ZooKeeper

START_LIMIT = 180  # seconds for one server on a busy machine
PORTS = ("zookeeper", "postgres", "master", "master_http", "api", "worker", "worker_http", "sandbox",
         "sandbox_of_imports")
MASTER = "org.apache.dolphinscheduler.server.master.MasterServer"
API = "org.apache.dolphinscheduler.api.ApiApplicationServer"


class ControlPlane(Processes):
    def __init__(self, folder, sudo=None):
        """`sudo`: whether the Java worker switches users; by default where it can."""
        self._sudo = os.geteuid() == 0 and shutil.which("sudo") is not None if sudo is None else sudo
        self.folder = Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        super().__init__()
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"another run uses {self.folder}") from None
        self.assembly = Assembly(self.folder, self.say)
        self.assembly.prepare()
        self.ports = free_ports(PORTS)
        self.guard(self._run_folder())
        for name in ("conf", "zookeeper"):
            (self.run / name).mkdir()

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self):
        self.say("ZooKeeper, PostgreSQL")
        self.start_services()
        self.say("master, API server")
        self.start_master()
        self.start_java("api", self.assembly.class_path("api"), API, settings.api(self.ports), "640m")
        self.wait_for_master()
        until(lambda: self._running("api") and self._api_is_ready(), "the start of the API server", START_LIMIT)
        self.say("the control plane is up")

    def start_services(self):
        """What the servers need, and all that a worker alone does."""
        self._write_configuration()
        self._start_zookeeper()
        self._start_postgres()
        until(lambda: self._running("zookeeper") and self._zookeeper_answers(), "the start of ZooKeeper", START_LIMIT)

    def stop(self):
        """Ends all of it, the workers and their tasks included. Nothing is shut down: the state has no further use."""
        self.end_processes()
        self._lock.close()

    def start_master(self):
        self.start_java("master", self.assembly.class_path("master"), MASTER, settings.master(self.ports), "640m")

    def kill_master(self):
        self.kill("master")

    def wait_for_master(self):
        path = f"/{settings.NAMESPACE}/nodes/master/127.0.0.1:{self.ports['master']}"
        until(lambda: self._running("master") and port_is_open(self.ports["master"]) and self._exists(path),
              "the start of the master", START_LIMIT)

    def resources(self):
        """The folder of the resource centre."""
        return self.run / "resources"

    def zookeeper(self):
        return ZooKeeper(self.ports["zookeeper"])

    def sql(self, statement):
        """The rows of one statement, as psql prints them: unaligned."""
        done = self._psql("-U", "ds", "-d", "dolphinscheduler", "-A", "-t", "-c", statement)
        return done.splitlines()

    # --- parts -------------------------------------------------------------------------------------------------------

    def _run_folder(self):
        """Where PostgreSQL and tenants can reach it: a folder that only root may enter is no place for their files."""
        run = self.folder / "run"
        shutil.rmtree(run.resolve(), ignore_errors=True)
        if run.is_symlink():
            run.unlink()
        if all(place.stat().st_mode & 0o005 == 0o005 for place in (self.folder, *self.folder.parents)):
            run.mkdir(mode=0o755)
            return run
        run.symlink_to(tempfile.mkdtemp(prefix="porpoise-interop-"))
        run.resolve().chmod(0o755)
        self.say(f"other users cannot enter {self.folder}: this run is in {run.resolve()}")
        return run.resolve()

    def _write_configuration(self):
        conf = self.run / "conf"
        (conf / "common.properties").write_text(
            settings.common_properties(self.run / "data", self.resources(), self._sudo))
        (conf / "zoo.cfg").write_text(settings.zookeeper(self.ports, self.run / "zookeeper"))
        shutil.copy(HERE / "conf" / "task-type-config.yaml", conf)

    def _start_zookeeper(self):
        self.spawn("zookeeper", [
            *JAVA, "-Xmx128m", f"-Dlogback.configurationFile={HERE / 'conf' / 'logback-zookeeper.xml'}",
            "-Dzookeeper.jmx.log4j.disable=true", "-cp", self.assembly.class_path("master"),
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.run / "conf" / "zoo.cfg"])

    def _start_postgres(self):
        """PostgreSQL refuses to run as root; it gets its own user then."""
        user = "postgres" if os.geteuid() == 0 else None
        data = self.run / "postgres"
        data.mkdir()
        if user:
            shutil.chown(data, user)
        programs = postgres_programs()
        made = subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                               "--locale=C", "--no-sync"], user=user, cwd="/", capture_output=True, text=True)
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = ["max_connections=120", "fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        self.spawn("postgres", [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", self.ports["postgres"],
                                "-k", data, *(word for option in options for word in ("-c", option))], user=user)
        until(lambda: self._running("postgres") and self._answers(), "the start of PostgreSQL", START_LIMIT)
        self._psql("-U", "postgres", "-d", "postgres", "-c", "CREATE ROLE ds LOGIN SUPERUSER PASSWORD 'ds'", "-c",
                   "CREATE DATABASE dolphinscheduler OWNER ds")
        script = "\n".join([self.assembly.schema().read_text(), (HERE / "supplement.sql").read_text(),
                            self.assembly.quartz_schema()])
        self._psql("-U", "ds", "-d", "dolphinscheduler", stdin=script)

    def _psql(self, *arguments, stdin=None):
        command = ["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.ports["postgres"])]
        done = subprocess.run([*command, *arguments], input=stdin, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr}")
        return done.stdout

    def _answers(self):
        return subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.ports["postgres"]), "-U", "postgres", "-c",
                               "SELECT 1"], capture_output=True).returncode == 0

    def _api_is_ready(self):
        """It answers before it has loaded its task types, and takes every task for invalid until then."""
        try:
            probe = f"http://127.0.0.1:{self.ports['api']}/dolphinscheduler/actuator/health/readiness"
            return NEIGHBOUR.open(probe, timeout=5).status == 200
        except OSError:  # not listening yet, or 503
            return False

    def _zookeeper_answers(self):
        """It takes connections before it has loaded its data, and drops them."""
        try:
            return self._exists("/")
        except OSError:
            return False

    def _exists(self, path):
        with self.zookeeper() as zookeeper:
            return zookeeper.exists(path)
