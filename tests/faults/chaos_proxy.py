"""A TCP proxy that breaks: between the worker and ZooKeeper, or the worker and a master.

Both directions have their own faults; "up" is from whoever connected. A fault is set from the test's thread and holds
for what comes from then on.
"""

import socket
import threading
import time

UP, DOWN = "up", "down"


class ChaosProxy:
    def __init__(self, target, history=None, name="proxy", listen=("127.0.0.1", 0)):
        self._target, self._history, self._name = target, history, name
        self._server = socket.create_server(listen, backlog=128)
        self.port = self._server.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._pairs = []
        self._accepts = True
        self._flows = {UP: threading.Event(), DOWN: threading.Event()}
        for flow in self._flows.values():
            flow.set()
        self.delays = {UP: 0.0, DOWN: 0.0}  # seconds for each piece
        self.pieces = {UP: 65536, DOWN: 65536}  # the most bytes of one piece
        self.connections = 0  # so far
        threading.Thread(target=self._accept, daemon=True).start()

    # --- faults ------------------------------------------------------------------------------------------------------

    def cut(self):
        """Connections break, new ones are closed at once, until heal()."""
        self._note("cut")
        self._accepts = False
        self.drop()

    def drop(self):
        """Connections break once; whoever comes again is let in."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _close(end)

    def stall(self, *directions):
        """Nothing passes, nothing breaks: as a network that swallows packets."""
        self._note("stall")
        for direction in directions or (UP, DOWN):
            self._flows[direction].clear()

    def heal(self):
        self._note("heal")
        self._accepts = True
        self.delays.update({UP: 0.0, DOWN: 0.0})
        self.pieces.update({UP: 65536, DOWN: 65536})
        for flow in self._flows.values():
            flow.set()

    def close(self):
        _close(self._server)
        for flow in self._flows.values():
            flow.set()
        self.drop()

    # --- ---

    def _note(self, fault):
        if self._history:
            self._history.add(fault, where=self._name)

    def _accept(self):
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            if not self._accepts:
                _close(near)
                continue
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                _close(near)
                continue
            for end in (near, far):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((near, far))
            for source, sink, direction in ((near, far, UP), (far, near, DOWN)):
                threading.Thread(target=self._pump, args=(source, sink, direction), daemon=True).start()

    def _pump(self, source, sink, direction):
        try:
            while raw := source.recv(self.pieces[direction]):
                self._flows[direction].wait()
                if self.delays[direction]:
                    time.sleep(self.delays[direction])
                sink.sendall(raw)
        except OSError:
            pass
        _close(source)
        _close(sink)


def _close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
