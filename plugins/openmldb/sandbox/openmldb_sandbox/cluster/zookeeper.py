"""A ZooKeeper server of our own, as Debian packages it, on loopback.

Imports nothing but the standard library, so that it can be used where there is no kazoo.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

MAIN = "org.apache.zookeeper.server.ZooKeeperServerMain"
_JARS = [f"/usr/share/java/{name}.jar" for name in (
    "zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-simple", "metrics-core", "snappy-java", "netty-all",
    "commons-cli")]
CLASS_PATH = ":".join(_JARS)

_START_TIMEOUT_S = 60.0
_PROBE_S = 0.05
_MAX_LOG_IN_ERROR = 2000


class ZooKeeperError(Exception):
    """Why a cluster has no ZooKeeper."""


def missing() -> str:
    """Why there can be none here; empty when there can."""
    if not shutil.which("java"):
        return "no java on the PATH"
    return next((f"no {jar}" for jar in _JARS if not os.path.exists(jar)), "")


class ZooKeeperProcess:
    """Serves from construction to `close`, and dies with its parent.  Its data goes with it."""

    def __init__(self, port: int = 0) -> None:
        if reason := missing():
            raise ZooKeeperError(
                f"there is no ZooKeeper to start, {reason}: install Debian's package zookeeper, or name one with --zk"
            )
        self.port = port or _free_port()
        if port and _is_taken(port):
            raise ZooKeeperError(f"port {port} is taken; if a ZooKeeper runs there, name it with --zk 127.0.0.1:{port}")
        self._folder = Path(tempfile.mkdtemp(prefix="openmldb-sandbox-zookeeper-"))
        self._log = self._folder / "log"
        config = self._folder / "zoo.cfg"
        config.write_text(
            f"tickTime=200\nmaxSessionTimeout=60000\ndataDir={self._folder}/data\nclientPort={self.port}\n"
            "clientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n"
        )
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "java", "-Xmx64m", "-XX:TieredStopAtLevel=1",
                 "-XX:+UseSerialGC", "-Dzookeeper.forceSync=no",
                 "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djava.io.tmpdir={self._folder}",
                 "-cp", CLASS_PATH, MAIN, str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        probes = threading.Event()  # never set: a wait that signals can end
        for _ in range(int(_START_TIMEOUT_S / _PROBE_S)):
            if self._serves():
                return
            if self.process.poll() is not None:
                break
            probes.wait(_PROBE_S)
        log = self._log.read_text(errors="replace")[-_MAX_LOG_IN_ERROR:]
        raise ZooKeeperError(f"the ZooKeeper of Debian's package did not start on port {self.port}: {log}")

    def _serves(self) -> bool:
        """It listens before it has loaded its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"srvr")
                return b"Mode" in client.recv(4096)
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
