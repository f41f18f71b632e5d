"""ZooKeeper as Debian packages it, for tests that start a server of their own; zookeeper_server.h has the same list."""

import os
import shutil

MAIN = "org.apache.zookeeper.server.ZooKeeperServerMain"
_JARS = [f"/usr/share/java/{name}.jar" for name in (
    "zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-simple", "metrics-core", "snappy-java", "netty-all",
    "commons-cli")]
CLASS_PATH = ":".join(_JARS)


def missing():
    """Why there can be none here; empty when there can."""
    if not shutil.which("java"):
        return "no java on the PATH"
    return next((f"no {jar} (Debian: zookeeper, libslf4j-java)" for jar in _JARS if not os.path.exists(jar)), "")
