"""Nameserver, TaskManager and tablet on their ports, and the ZooKeeper nodes that lead to them."""

from __future__ import annotations

from ..engine import Engine
from ..peer import OwnUsers
from . import nameserver, tablet, taskmanager
from .brpc import RpcServer
from .registry import Registry
from .zookeeper import ZooKeeperProcess

NAMESERVER, TASKMANAGER, TABLET = "nameserver", "taskmanager", "tablet"


class Cluster:
    """Serves from its construction until `close`; ZooKeeperError says why it cannot.

    Without `zk`, the address of a ZooKeeper, it starts one of its own, on `zk_port` or any free one.
    """

    def __init__(self, engine: Engine, zk: str = "", zk_port: int = 0, root: str = "/openmldb",
                 own_users: OwnUsers | None = None) -> None:
        self._engine = engine
        self._own_users = own_users
        self._zookeeper = None if zk else ZooKeeperProcess(zk_port)
        self.zk = zk or self._zookeeper.address
        self.root = root
        try:
            self._start(engine)
        except BaseException:
            self._close_zookeeper()
            raise

    def _start(self, engine: Engine) -> None:
        tablet_server = self._server(tablet.SERVICE, tablet.Tablet(engine).methods)
        endpoint = tablet_server.endpoint
        self._registry = Registry(self.zk, self.root, lambda: nameserver.published_nodes(engine, endpoint))
        names = nameserver.NameServer(engine, endpoint, self._registry.flush)
        self.servers = {
            TABLET: tablet_server,
            TASKMANAGER: self._server(taskmanager.SERVICE, taskmanager.TaskManager(engine).methods),
            NAMESERVER: self._server(nameserver.SERVICE, names.methods),
        }
        try:
            self._registry.open()
        except BaseException:
            self._close_servers()
            raise
        engine.store.after_commit = self._registry.touch
        self.announce(set(self.servers))

    def _server(self, service: str, methods: dict) -> RpcServer:
        return RpcServer(service, methods, own_users=self._own_users)

    def announce(self, roles: set[str]) -> None:
        """Shows these servers in ZooKeeper, and no others."""
        nodes = {
            NAMESERVER: "leader/0000000001",
            TASKMANAGER: "taskmanager/leader",
            TABLET: f"nodes/{self.servers[TABLET].endpoint}",
        }
        self._registry.announce({nodes[role]: self.servers[role].endpoint for role in sorted(roles)})

    def close(self) -> None:
        self._engine.store.after_commit = None
        self._registry.close()
        self._close_servers()
        self._close_zookeeper()

    def _close_zookeeper(self) -> None:
        if self._zookeeper is not None:
            self._zookeeper.close()

    def _close_servers(self) -> None:
        for server in self.servers.values():
            server.close()
