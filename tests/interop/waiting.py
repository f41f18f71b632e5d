"""Waiting for an event with a deadline; never for an amount of time."""

import socket
import time


def until(condition, what, seconds, pause=0.1):
    """The first true value of condition(); AssertionError when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(pause)  # between two looks


class Once:
    """What all tests of a run share, made when the first asks for it. A failure is not repeated by every test."""

    def __init__(self, make):
        self._make, self._made, self._problem = make, None, None

    def __call__(self):
        if self._problem is None and self._made is None:
            try:
                self._made = self._make()
            except Exception as problem:
                self._problem = problem
        if self._problem is not None:
            raise self._problem
        return self._made


def port_is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def free_ports(names):
    """A free port of 127.0.0.1 for each name, all different."""
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: server.getsockname()[1] for name, server in sockets.items()}
    for server in sockets.values():
        server.close()
    return ports
