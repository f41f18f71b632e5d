"""ZooKeeper as Debian packages it, for tests that start a server of their own; zookeeper_server.h has the same list."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "plugins/openmldb/sandbox"))

from openmldb_sandbox.cluster.zookeeper import CLASS_PATH, MAIN, ZooKeeperProcess, missing  # noqa: E402, F401
