"""A real ZooKeeper server from Debian's packages, on a loopback port; tests/support/zookeeper_server.h is its twin."""

import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from replay_case import wait_for

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from debian_zookeeper import CLASS_PATH, MAIN, missing  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ZookeeperServer:
    """Runs from its construction to the end of `test`."""

    def __init__(self, test, port=None):
        if reason := missing():
            raise unittest.SkipTest(reason)
        self.port = port or free_port()
        folder = Path(tempfile.mkdtemp(prefix="porpoise-zookeeper-"))
        test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        config = folder / "zoo.cfg"
        config.write_text(f"tickTime=200\ndataDir={folder}/data\nclientPort={self.port}\n"
                          "clientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n")
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dzookeeper.forceSync=no",
                 "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djava.io.tmpdir={folder}",
                 "-cp", CLASS_PATH, MAIN, str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)
        wait_for(self.serves, "the start of ZooKeeper")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def serves(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"srvr")
                return b"Mode" in client.recv(4096)
        except OSError:
            return False
