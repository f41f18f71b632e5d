"""Waiting for an event with a deadline; never for an amount of time."""

import random
import socket
import time
from pathlib import Path

FIRST_PORT = 10000  # below it are those of well-known services


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
    """A free port of 127.0.0.1 for each name, all different.

    None that the kernel gives to whoever connects: such a connection could have it before the server starts. By chance,
    as other runs on this machine look for theirs at the same time.
    """
    ports = {}
    candidates = iter(random.sample(range(FIRST_PORT, _first_given_to_clients()), 1000))
    for name in names:
        ports[name] = next(port for port in candidates if _is_free(port))
    return ports


def _first_given_to_clients():
    try:
        return max(int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]), FIRST_PORT + 1000)
    except OSError:
        return 32768


def _is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
