"""A scripted 3.1 master: it registers in ZooKeeper, dispatches, hears RUNNING, RESULT and REJECT, and acknowledges them
by a policy that a test sets. What it says and hears goes to the history.
"""

import itertools
import json
import queue
import socket
import threading
import time

import settings
from dispatch import survivors
from frames import (ACKS, DELAYED, DISPATCH, HOST_UPDATE, KILL, KILL_RESPONSE, NAMES, REJECT, RESULT, RUNNING, Decoder,
                    encode)
from waiting import until
from zk_client import Server

NODES = f"/{settings.NAMESPACE}/nodes/master"
ANSWER_LIMIT = 10  # seconds: what a 3.1 caller waits for a log


class Acks:
    """What becomes of acknowledgements.

    `drop`: of each message, so many times; `hold`: until release(), then the last come first.
    """

    def __init__(self):
        self.drop = 0
        self.copies = 1
        self.delay = 0.0
        self.hold = False


class Link:
    """A connection to the worker's port; `source` is the address it comes from."""

    def __init__(self, port, on_frame=None, source="127.0.0.1"):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)
        self._on_frame = on_frame
        self._answers = {}
        self._changed = threading.Condition()
        self.open = True
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, raw):
        self._socket.sendall(raw)

    def ask(self, kind, body, opaque, seconds=ANSWER_LIMIT):
        """The JSON of the frame with the same opaque; None when there is none in time, or the connection ends."""
        self.send(encode(kind, json.dumps(body).encode() if isinstance(body, dict) else body, opaque))
        end = time.monotonic() + seconds
        with self._changed:
            while opaque not in self._answers and self.open and time.monotonic() < end:
                self._changed.wait(end - time.monotonic())
            raw = self._answers.pop(opaque, None)
        return None if raw is None else json.loads(raw)

    def wait_closed(self, seconds):
        until(lambda: not self.open, "the end of a connection", seconds, 0.02)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _read(self):
        decoder = Decoder()
        try:
            while raw := self._socket.recv(65536):
                for kind, opaque, body in decoder.feed(raw):
                    if self._on_frame:
                        self._on_frame(kind, body)
                    with self._changed:
                        self._answers[opaque] = body
                        self._changed.notify_all()
        except (OSError, ValueError):
            pass
        with self._changed:
            self.open = False
            self._changed.notify_all()


class Master:
    def __init__(self, zookeeper, history, name="m1"):
        """`zookeeper`: makes a client of it."""
        self._zookeeper, self._history, self.name = zookeeper, history, name
        self.acks = Acks()
        self.look_for_survivors = True
        self._lock = threading.Lock()
        self._heard = {}  # (kind, task) -> times
        self._held = []
        self._tasks = {}
        self._opaque = 0
        self._server = None
        self._server_node = None
        self._connections = []
        self._numbers = itertools.count(1)  # of connections: the worker has one at a time
        self.port = None
        self.listen()
        self.address = f"127.0.0.1:{self.port}"
        self.link = None

    # --- life --------------------------------------------------------------------------------------------------------

    def listen(self):
        self._server = socket.create_server(("127.0.0.1", self.port or 0), backlog=1024)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def register(self):
        self.unregister()
        self._server_node = Server(self._zookeeper, f"{NODES}/{self.address}")

    def unregister(self):
        node, self._server_node = self._server_node, None
        if node:
            node.close()

    def connect(self, port):
        self.link = Link(port, self._from_link)

    def die(self):
        """As kill -9 of a master: connections break, and its node goes with its session."""
        self._history.add("master died", master=self.name)
        self.close()
        self.unregister()

    def close(self):
        server, self._server = self._server, None
        if server:
            try:
                server.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            server.close()
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self.link:
            self.link.close()

    # --- orders ------------------------------------------------------------------------------------------------------

    def dispatch(self, *tasks, sender=None):
        """In one write, so that they come together."""
        raw = b""
        for task in tasks:
            self.knows(task)
            raw += encode(DISPATCH, task.body(sender or self.address), self._next())
            self._history.add("dispatch", task.id, master=self.name)
        self.link.send(raw)

    def knows(self, *tasks):
        self._tasks.update({task.id: task for task in tasks})

    def kill(self, *ids):
        for task in ids:
            self._history.add("kill", task, master=self.name)
        self.link.send(b"".join(self._frame(KILL, {"taskInstanceId": task}) for task in ids))

    def update_host(self, task, address):
        self._history.add("host update", task, to=address)
        self.link.send(self._frame(HOST_UPDATE, {"taskInstanceId": task, "processHost": address}))

    def ask(self, kind, body, seconds=ANSWER_LIMIT):
        return self.link.ask(kind, body, self._next(), seconds)

    def release(self):
        """Acknowledges what was held, last come first."""
        with self._lock:
            held, self._held = self._held, []
        for acknowledge in reversed(held):
            acknowledge()

    # --- what comes --------------------------------------------------------------------------------------------------

    def _accept(self, server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.append(connection)
            messages = queue.SimpleQueue()
            threading.Thread(target=self._read, args=(connection, messages), daemon=True).start()
            way = {"connection": next(self._numbers), "connected": time.monotonic()}
            threading.Thread(target=self._hear, args=(connection, way, messages), daemon=True).start()

    @staticmethod
    def _read(connection, messages):
        """Does nothing else, so that a message has the time when it came, not when its turn came to be looked at."""
        decoder = Decoder()
        try:
            while raw := connection.recv(65536):
                came = time.monotonic()
                for kind, _, body in decoder.feed(raw):
                    messages.put((came, kind, body))
        except OSError:
            pass
        connection.close()
        messages.put(None)

    def _hear(self, connection, way, messages):
        while message := messages.get():
            self._from_worker(connection, way, *message)

    def _from_worker(self, connection, way, came, kind, raw):
        if kind not in (RUNNING, RESULT, REJECT):
            return  # heartbeats
        body = json.loads(raw)
        task = body["taskInstanceId"]
        if kind == RESULT and body["status"] == DELAYED:
            self._history.add("DELAY", task, master=self.name)
            return
        left = []
        # Once for a task: the look takes longer than the worker takes to repeat what waits meanwhile.
        first = kind == RESULT and (kind, task) not in self._heard
        if first and self.look_for_survivors and task in self._tasks:
            left = survivors(self._tasks[task])
        # A new master is named as the receiver; the rest stays the same.
        same = {key: value for key, value in body.items() if key != "messageReceiverAddress"}
        self._history.add(NAMES[kind], task, came, master=self.name, **way, status=body.get("status"),
                          survivors=left, log_path=body.get("logPath"), pid=body.get("processId"),
                          body=json.dumps(same, sort_keys=True) if kind == RESULT else None)
        self._acknowledge(connection, kind, task)

    def _acknowledge(self, connection, kind, task):
        acks = self.acks
        with self._lock:
            times = self._heard[kind, task] = self._heard.get((kind, task), 0) + 1
        if times <= acks.drop:
            return

        def send():
            body = {"taskInstanceId": task, "success": True}
            try:
                for _ in range(acks.copies):
                    connection.sendall(self._frame(ACKS[kind], body))
                self._history.add("ACK", task, of=NAMES[kind], master=self.name)
            except OSError:
                self._history.add("ACK lost", task, of=NAMES[kind], master=self.name)

        if acks.hold:
            with self._lock:
                self._held.append(send)
        elif acks.delay:
            threading.Timer(acks.delay, send).start()
        else:
            send()

    def _from_link(self, kind, raw):
        if kind == KILL_RESPONSE:
            body = json.loads(raw)
            self._history.add("KILL_RESPONSE", body["taskInstanceId"], status=body["status"], master=self.name)

    def _frame(self, kind, body):
        return encode(kind, json.dumps(body).encode(), self._next())

    def _next(self):
        with self._lock:
            self._opaque += 1
            return self._opaque
