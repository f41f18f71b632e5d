"""A real ZooKeeper server from Debian's packages, on a loopback port; tests/support/zookeeper_server.h is its twin."""

import socket
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from debian_zookeeper import ZooKeeperProcess, missing  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ZookeeperServer(ZooKeeperProcess):
    """Runs from its construction to the end of `test`."""

    def __init__(self, test, port=0):
        if reason := missing():
            raise unittest.SkipTest(reason)
        super().__init__(port)
        test.addCleanup(self.close)
