"""The cluster in ZooKeeper: who leads what, every table and every deployment, kept as the catalogue has them.

One thread writes.  It is woken by every commit of the store, and writes what has changed since; `flush` waits for it.
A session that is lost is replaced, and everything is written anew.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import KazooException, NodeExistsError, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError

from .zookeeper import ZooKeeperError

# its every attempt to connect is no news: what comes of them is
_SILENT = logging.Logger("kazoo", logging.CRITICAL + 1)

_SESSION_TIMEOUT_S = 6.0
_CONNECT_TIMEOUT_S = 10.0
# a predecessor that was killed keeps its nodes until its session ends
_PREDECESSOR_TIMEOUT_S = 9.0
_RETRY_S = 0.5
_FLUSH_TIMEOUT_S = 10.0

_ROLES = ("nodes", "leader", "taskmanager")
_PUBLISHED = ("table/db_table_data", "store_procedure/db_sp_data")
_FOLDERS = (*_ROLES, *_PUBLISHED, "data/function")
_NOTIFY = "table/notify"
_COUNTERS = (_NOTIFY, "notify/global_variable")
_MARK, _OWNER = "sandbox", "sandbox/owner"


class Registry:
    """Owns the session.  `nodes` gives what is to be published at the moment it is called, from any thread."""

    def __init__(self, hosts: str, root: str, nodes: Callable[[], dict[str, bytes]]) -> None:
        self._root = root.rstrip("/")
        self._where = f"ZooKeeper at {hosts}"
        self._nodes = nodes
        self._client = KazooClient(hosts=hosts, timeout=_SESSION_TIMEOUT_S, logger=_SILENT)
        self._changed = threading.Condition()
        self._wanted = self._done = 0
        self._closed = False
        self._roles: dict[str, str] = {}
        self._fresh = True
        # what ZooKeeper has of ours: known to the thread alone
        self._shown: dict[str, bytes] = {}
        self._shown_roles: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="registry", daemon=True)

    def open(self) -> None:
        """Connects, and takes the root path; no server is shown before the first `announce`."""
        try:
            self._client.start(timeout=_CONNECT_TIMEOUT_S)
            self._take_root()
        except (ZooKeeperError, KazooException, KazooTimeoutError) as error:
            self._client.stop()
            self._client.close()
            raise error if isinstance(error, ZooKeeperError) else ZooKeeperError(f"{self._where}: {error}") from None
        self._client.add_listener(self._on_state)
        self._thread.start()

    def close(self) -> None:
        """Ends the session, and with it all that says where servers are."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(_FLUSH_TIMEOUT_S)
        self._client.stop()
        self._client.close()

    def announce(self, roles: dict[str, str]) -> None:
        """Makes exactly these nodes say where servers are: path below the root, and value."""
        with self._changed:
            self._roles = dict(roles)
        self.touch()
        self.flush()

    def touch(self) -> None:
        """Something may have changed.  Never waits."""
        with self._changed:
            self._wanted += 1
            self._changed.notify_all()

    def flush(self) -> None:
        """Waits until ZooKeeper shows everything that was touched before; gives up where there is none."""
        with self._changed:
            wanted = self._wanted
            self._changed.wait_for(lambda: self._done >= wanted or self._closed, _FLUSH_TIMEOUT_S)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _take_root(self) -> None:
        if self._client.exists(self._root) and not self._client.exists(self._path(_MARK)):
            raise ZooKeeperError(
                f"{self._root} in {self._where} was not made by a sandbox, and may belong to a real cluster: "
                "choose another root path with --zk-path"
            )
        self._client.ensure_path(self._path(_MARK))
        gone = threading.Event()
        if self._client.exists(self._path(_OWNER), watch=lambda event: gone.set()):
            gone.wait(_PREDECESSOR_TIMEOUT_S)
        try:
            self._client.create(self._path(_OWNER), ephemeral=True)
        except NodeExistsError:
            raise ZooKeeperError(
                f"another sandbox has {self._root} in {self._where}: choose another root path with --zk-path"
            ) from None

    def _on_state(self, state: KazooState) -> None:
        """On a thread of the client's: it must not wait."""
        if state == KazooState.LOST:
            with self._changed:
                self._fresh = True
        if state != KazooState.SUSPENDED:
            self.touch()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._done < self._wanted)
                if self._closed:
                    return
                wanted = self._wanted
            try:
                self._write()
            except (KazooException, KazooTimeoutError) as error:
                print(f"{self._where}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                with self._changed:
                    self._fresh = True
                    self._changed.wait_for(lambda: self._closed, _RETRY_S)
                continue
            with self._changed:
                self._done = max(self._done, wanted)
                self._changed.notify_all()

    def _write(self) -> None:
        with self._changed:
            fresh, self._fresh = self._fresh, False
            roles = dict(self._roles)
        if fresh:
            self._prepare()
        nodes = self._nodes()
        gone = [name for name in self._shown if name not in nodes]
        changed = [name for name, data in nodes.items() if self._shown.get(name) != data]
        for name in gone:
            self._delete(name)
        for name in changed:
            self._set(name, nodes[name])
        if gone or changed:
            self._count(_NOTIFY)
        self._shown = nodes
        self._show_roles(roles)

    def _prepare(self) -> None:
        """At the start of a session: the folders, and the names of what another one may have left in them."""
        for folder in (*_FOLDERS, _MARK):
            self._client.ensure_path(self._path(folder))
        for counter in _COUNTERS:
            if not self._client.exists(self._path(counter)):
                self._client.create(self._path(counter), b"1", makepath=True)
        self._set(_OWNER, b"", ephemeral=True)
        self._shown = {name: b"" for folder in _PUBLISHED for name in self._children(folder)}
        self._shown_roles = {name: "" for folder in _ROLES for name in self._children(folder)}

    def _children(self, folder: str) -> list[str]:
        return [f"{folder}/{name}" for name in self._client.get_children(self._path(folder))]

    def _show_roles(self, roles: dict[str, str]) -> None:
        """Servers are shown last, so that a client that finds them finds all the rest."""
        for name in [name for name in self._shown_roles if name not in roles]:
            self._delete(name)
            del self._shown_roles[name]
        for name, endpoint in roles.items():
            if self._shown_roles.get(name) != endpoint:
                self._set(name, endpoint.encode(), ephemeral=True)
                self._shown_roles[name] = endpoint

    def _set(self, name: str, data: bytes, ephemeral: bool = False) -> None:
        try:
            self._client.create(self._path(name), data, ephemeral=ephemeral)
        except NodeExistsError:
            self._client.set(self._path(name), data)

    def _delete(self, name: str) -> None:
        try:
            self._client.delete(self._path(name))
        except NoNodeError:
            pass

    def _count(self, counter: str) -> None:
        value, _ = self._client.get(self._path(counter))
        self._client.set(self._path(counter), b"%d" % (int(value or b"0") + 1))
