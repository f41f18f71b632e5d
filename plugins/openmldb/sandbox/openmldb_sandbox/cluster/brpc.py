"""A server of brpc's `baidu_std` protocol: frames in, frames out, and every request in a thread of its own.

Requests of one connection run at the same time and are answered in the order they end: while a synchronous job's
answer is pending, its client goes on talking over the same connection.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ..peer import OwnUsers
from .messages import META
from .protobuf import MalformedMessage, Message
from .rows import MalformedRow

HOST = "127.0.0.1"
# brpc's own limit is 64 MiB
MAX_FRAME_BYTES = 64 << 20
MAX_CONNECTIONS = 256
# calls that wait for a job keep a thread; a laptop's workflow has few
_WORKERS = 64

NO_METHOD, BAD_REQUEST, INTERNAL = 1002, 1003, 2001

_HEADER = struct.Struct(">4sII")
_MAGIC = b"PRPC"


class RpcError(Exception):
    """Fails the call itself, which a client sees as `[E<code>]<text>`."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ConnectionCut(Exception):
    """Ends the connection a request came over, without an answer."""


class Answer(NamedTuple):
    """The fields of the reply, and the bytes behind it."""

    fields: dict[str, Any]
    attachment: bytes = b""


class Method(NamedTuple):
    """`run` gets the request's fields and its attachment."""

    request: Message
    reply: Message
    run: Callable[[dict[str, Any], bytes], Answer]


Intercept = Callable[[str, Callable[[], Answer]], Answer]
"""Stands between a request and its method, for tests: gets the method's name and what runs it."""


def _no_intercept(name: str, run: Callable[[], Answer]) -> Answer:
    return run()


class RpcServer:
    """One endpoint on loopback.  Binds at construction; `away` closes it and its connections, `back` opens it again."""

    def __init__(self, service: str, methods: dict[str, Method], port: int = 0, own_users: OwnUsers | None = None) -> None:
        self.intercept: Intercept = _no_intercept
        self._service = service
        self._own_users = own_users or OwnUsers()
        self._methods = methods
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=service.rpartition(".")[2])
        self._lock = threading.Lock()
        self._connections: set[_Connection] = set()
        self._listener: socket.socket | None = None
        # while the server is away: bound, so that nobody else gets the port, and deaf
        self._reserved: socket.socket | None = _bound(port)
        self.port = self._reserved.getsockname()[1]
        self.back()

    @property
    def endpoint(self) -> str:
        return f"{HOST}:{self.port}"

    def back(self) -> None:
        """Listens, on the same port as before."""
        with self._lock:
            if self._reserved is None:
                return
            self._listener, self._reserved = self._reserved, None
            self._listener.listen()
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def away(self) -> None:
        """As if the process had died: connections end, and new ones are refused."""
        with self._lock:
            listener, self._listener = self._listener, None
            connections = list(self._connections)
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._reserved = _bound(self.port)
        for connection in connections:
            connection.cut()

    def close(self) -> None:
        self.away()
        self._reserved.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            if self._own_users.refusal(accepted):
                accepted.close()
                continue
            with self._lock:
                if self._listener is not listener or len(self._connections) >= MAX_CONNECTIONS:
                    accepted.close()
                    continue
                connection = _Connection(accepted)
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: "_Connection") -> None:
        try:
            while (frame := connection.read()) is not None:
                self._pool.submit(self._answer, connection, *frame)
        except (OSError, MalformedMessage, RuntimeError):
            pass  # a peer that went away, or speaks something else; or the end of the pool
        finally:
            connection.close()
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, connection: "_Connection", meta: dict[str, Any], payload: bytes, attachment: bytes) -> None:
        correlation = {"correlation_id": meta["correlation_id"]}
        try:
            method = self._find(meta["call"] or {})
            request = method.request.decode(payload)
            answer = self.intercept(meta["call"]["method"], lambda: method.run(request, attachment))
            body, tail = method.reply.encode(answer.fields), answer.attachment
            head = correlation | ({"attachment_size": len(tail)} if tail else {})
        except ConnectionCut:
            connection.cut()
            return
        except RpcError as error:
            head, body, tail = _failure(correlation, error.code, error.text), b"", b""
        except (MalformedMessage, MalformedRow) as error:
            head, body, tail = _failure(correlation, BAD_REQUEST, str(error)), b"", b""
        except Exception as error:  # a closed connection would take the client's other calls along
            traceback.print_exc(file=sys.stderr)
            head, body, tail = _failure(correlation, INTERNAL, f"{type(error).__name__}: {error}"), b"", b""
        connection.write(META.encode(head), body + tail)

    def _find(self, call: dict[str, Any]) -> Method:
        method = self._methods.get(call.get("method", ""))
        if method is None or call["service"] != self._service:
            raise RpcError(NO_METHOD, f"the sandbox has no {call.get('service')}.{call.get('method')} here")
        return method


def _bound(port: int) -> socket.socket:
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, port))
    return reserved


def _failure(correlation: dict[str, Any], code: int, text: str) -> dict[str, Any]:
    return {"result": {"error_code": code, "error_text": text}} | correlation


class _Connection:
    """One accepted socket; written to by many threads, read by one."""

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = accepted.makefile("rb")
        self._lock = threading.Lock()

    def read(self) -> tuple[dict[str, Any], bytes, bytes] | None:
        """Meta, message and attachment of the next request; None at the end."""
        header = self._input.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        magic, body_size, meta_size = _HEADER.unpack(header)
        if magic != _MAGIC or meta_size > body_size or body_size > MAX_FRAME_BYTES:
            raise MalformedMessage("no frame of baidu_std")
        body = self._input.read(body_size)
        if len(body) < body_size:
            return None
        meta = META.decode(body[:meta_size])
        end = body_size - meta["attachment_size"]
        if meta["compress_type"] != 0 or not meta_size <= end <= body_size:
            raise MalformedMessage("compressed, or with an attachment longer than the frame")
        return meta, body[meta_size:end], body[end:]

    def write(self, meta: bytes, rest: bytes) -> None:
        frame = _HEADER.pack(_MAGIC, len(meta) + len(rest), len(meta)) + meta + rest
        try:
            with self._lock:
                self._socket.sendall(frame)
        except OSError:
            pass  # the caller went away, maybe because it no longer waits

    def cut(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """After the last read; a late answer then fails to be written, which is as good as being lost."""
        self.cut()
        with self._lock:
            self._input.close()
            self._socket.close()
