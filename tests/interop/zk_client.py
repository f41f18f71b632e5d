"""ZooKeeper in the few calls these tests need (jute encoding, protocol version 0)."""

import socket
import struct
import threading

CREATE, DELETE, EXISTS, GET_DATA, GET_CHILDREN, CLOSE = 1, 2, 3, 4, 8, -11
NO_NODE, NODE_EXISTS = -101, -110
EPHEMERAL = 1  # of the flags of CREATE


def _bytes(raw):
    return struct.pack(">i", len(raw)) + raw


def _text(value):
    return _bytes(value.encode())


EVERYBODY = struct.pack(">ii", 1, 31) + _text("world") + _text("anyone")  # one entry of an ACL: all permissions


def _buffer(raw, offset):
    length, = struct.unpack_from(">i", raw, offset)
    return raw[offset + 4:offset + 4 + max(length, 0)], offset + 4 + max(length, 0)


class ZooKeeper:
    """One session, for one `with` block: a new one, or one that another client has."""

    def __init__(self, port, session_ms=10000, session=0, password=bytes(16)):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._xid = 0
        self._send(struct.pack(">iqiq", 0, 0, session_ms, session) + _bytes(password) + b"\0")
        # protocol, timeout, session: 0 when there is none like it
        self.session, = struct.unpack_from(">q", self._receive(), 8)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._request(CLOSE, b"")
        self._socket.close()

    def exists(self, path):
        return self._request(EXISTS, _text(path) + b"\0") is not None

    def create(self, path, data=b"", ephemeral=False):
        """A node for everybody, and persistent ones above it; none is made that is there. An ephemeral one goes with
        this session."""
        above = path.rpartition("/")[0]
        if above:
            self.create(above)
        self._request(CREATE, _text(path) + _bytes(data) + EVERYBODY + struct.pack(">i", EPHEMERAL if ephemeral else 0))

    def delete(self, path):
        self._request(DELETE, _text(path) + struct.pack(">i", -1))

    def children(self, path):
        """Names below `path`, or None when there is no such node."""
        answer = self._request(GET_CHILDREN, _text(path) + b"\0")
        if answer is None:
            return None
        names, offset = [], 4
        for _ in range(struct.unpack_from(">i", answer)[0]):
            name, offset = _buffer(answer, offset)
            names.append(name.decode())
        return names

    def data(self, path):
        answer = self._request(GET_DATA, _text(path) + b"\0")
        return None if answer is None else _buffer(answer, 0)[0]

    def owner(self, path):
        """The session that an ephemeral node belongs to; 0 for other nodes, None without a node."""
        answer = self._request(EXISTS, _text(path) + b"\0")
        # Stat: czxid, mzxid, ctime, mtime; version, cversion, aversion; ephemeralOwner
        return None if answer is None else struct.unpack_from(">q", answer, 4 * 8 + 3 * 4)[0]

    def created(self, path):
        """The transaction that made a node; another one after it was away."""
        answer = self._request(EXISTS, _text(path) + b"\0")
        return None if answer is None else struct.unpack_from(">q", answer)[0]

    def _request(self, kind, body):
        """The body of the answer, or None when the node does not exist, or exists already."""
        self._xid += 1
        self._send(struct.pack(">ii", self._xid, kind) + body)
        answer = self._receive()
        error, = struct.unpack_from(">i", answer, 12)
        if error not in (0, NO_NODE, NODE_EXISTS):
            raise RuntimeError(f"ZooKeeper answers with error {error}")
        return answer[16:] if error == 0 else None

    def _send(self, payload):
        self._socket.sendall(struct.pack(">i", len(payload)) + payload)

    def _receive(self):
        return self._exactly(struct.unpack(">i", self._exactly(4))[0])

    def _exactly(self, count):
        parts = b""
        while len(parts) < count:
            piece = self._socket.recv(count - len(parts))
            if not piece:
                raise ConnectionError("ZooKeeper closed the connection")
            parts += piece
        return parts


class Server:
    """A server that is registered: an ephemeral node and the session that keeps it, until close()."""

    def __init__(self, zookeeper, path):
        """`zookeeper`: makes a client with a session of its own."""
        self._session, self._path, self._lock = zookeeper(), path, threading.Lock()
        self._ended = threading.Event()
        self._session.create(path, b"{}", ephemeral=True)
        threading.Thread(target=self._live, daemon=True).start()

    def close(self):
        """Its node is gone when this returns."""
        if not self._ended.is_set():
            self._ended.set()
            with self._lock, self._session:
                pass

    def _live(self):
        while not self._ended.wait(2):
            with self._lock:
                if not self._ended.is_set():
                    self._session.exists(self._path)
