"""A reader of ZooKeeper in the few calls these tests need (jute encoding, protocol version 0)."""

import socket
import struct

EXISTS, GET_DATA, GET_CHILDREN, CLOSE = 3, 4, 8, -11
NO_NODE = -101


def _text(value):
    raw = value.encode()
    return struct.pack(">i", len(raw)) + raw


def _buffer(raw, offset):
    length, = struct.unpack_from(">i", raw, offset)
    return raw[offset + 4:offset + 4 + max(length, 0)], offset + 4 + max(length, 0)


class ZooKeeper:
    """One session, for one `with` block."""

    def __init__(self, port, session_ms=10000):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._xid = 0
        self._send(struct.pack(">iqiq", 0, 0, session_ms, 0) + struct.pack(">i", 16) + bytes(16) + b"\0")
        self._receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._request(CLOSE, b"")
        self._socket.close()

    def exists(self, path):
        return self._request(EXISTS, _text(path) + b"\0") is not None

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

    def _request(self, kind, body):
        """The body of the answer, or None when the node does not exist."""
        self._xid += 1
        self._send(struct.pack(">ii", self._xid, kind) + body)
        answer = self._receive()
        error, = struct.unpack_from(">i", answer, 12)
        if error not in (0, NO_NODE):
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
