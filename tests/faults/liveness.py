"""The liveness oracle: a process of its own asks the worker PING every 50 ms, from its start to its end, whatever a test does
to it. An answer that takes longer than LIMIT fails the test: the worker's loop has waited for something.

What the machine did is not the worker's fault: the time that the worker's loop, or the pinger, waited for a processor
(/proc/PID/schedstat), and what a hypervisor took (steal), are subtracted; an answer that is late by that alone is counted as not judged. A
worker that is stopped, or gone, or has no descriptor for one more connection owes no answer.
"""

import atexit
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

PERIOD = 0.05
LIMIT = 0.25
SANITIZED_LIMIT = 1.0
SOURCE = "127.0.0.77"  # nobody else's: the limits of connections are per address
PING, PONG = 25, 26  # 3.1 `CommandType`; frames.py has the rest, and more to load
TICKS = os.sysconf("SC_CLK_TCK")


def limit_of(binary):
    """In seconds."""
    with open(binary, "rb") as file:
        return SANITIZED_LIMIT if b"libasan.so" in file.read() else LIMIT


class Pinger:
    """In the tests' process: watches one process of a worker until that ends, or finish() is called."""

    summaries = []  # of all tests, told at the end of the run

    def __init__(self, port, pid, limit):
        ended = os.pidfd_open(pid)  # here, where it is a child: it may be killed at once
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__, str(port), str(pid), str(limit), str(ended)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, pass_fds=[ended])
        os.close(ended)
        self._found = None

    def reap(self):
        """Leaves no zombie of one that has ended: a soak starts a thousand."""
        self._process.poll()

    def finish(self):
        """What it has seen: times in seconds, the same less what the machine did, and the answers that were late."""
        if self._found is None:
            try:
                out, _ = self._process.communicate(timeout=30)
                self._found = json.loads(out)
            except (subprocess.TimeoutExpired, ValueError) as problem:
                self._process.kill()
                raise AssertionError(f"the pinger itself failed: {problem}") from problem
        return self._found

    @classmethod
    def violations(cls, test, pingers):
        """Broken promises of a test, one text each; adds its line to the summaries."""
        found = [pinger.finish() for pinger in pingers]
        times = sorted(time for one in found for time in one["times"])
        if times:
            cls.summaries.append((test, len(times), times[len(times) // 2], times[len(times) * 99 // 100], times[-1],
                                  sum(one["not_judged"] for one in found)))
        return [f"P9: PING was not answered for {late['took']:.2f} s, {late['excused']:.2f} s of which the machine was busy, "
                f"{late['at']:.1f} s after the worker's start" for one in found for late in one["late"]]

    @classmethod
    def tell(cls):
        if not cls.summaries:
            return
        print("PING, each 50 ms:   count    p50    p99    max (ms)  late by the machine's load, not judged",
              file=sys.stderr)
        for test, count, *times, not_judged in cls.summaries:
            figures = "".join(f"{1000 * one:7.1f}" for one in times)
            print(f"{count:24}{figures}  {not_judged or '':6} {test}", file=sys.stderr)


atexit.register(Pinger.tell)


# --- in a process of its own: no thread of a test delays it ----------------------------------------------------------


def waited(pid):
    """Seconds that the main thread of a process was ready to run and had no processor."""
    try:
        with open(f"/proc/{pid}/task/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def stolen():
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / TICKS


def is_stopped(pid):
    """By a signal; or it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0] in "TtZX"
    except OSError:
        return True


class Watch:
    def __init__(self, port, pid, limit, ended):
        self._port, self._pid, self._limit, self._ended = port, pid, limit, ended
        self._self = os.getpid()
        self._began = time.monotonic()
        self._socket = None
        self._accepted = False  # before that it waits for a descriptor of the worker, perhaps
        self._opaque = 0
        self.found = {"times": [], "net": [], "late": [], "not_judged": 0, "unanswered": 0}

    def run(self):
        due = time.monotonic()
        while not select.select([sys.stdin, self._ended], [], [], max(0.0, due - time.monotonic()))[0]:
            due = max(due + PERIOD, time.monotonic())
            if self._connected():
                self._ask([sys.stdin, self._ended])

    def _connected(self):
        if self._socket is None:
            try:
                self._socket = socket.create_connection(("127.0.0.1", self._port), 1, source_address=(SOURCE, 0))
                self._accepted = False
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                pass  # it does not listen yet, or any more; or the test has left it no descriptor
        return self._socket is not None

    def _machine(self):
        return waited(self._pid) + waited(self._self) + stolen()

    def _ask(self, ends):
        self._opaque += 1
        context = b'{"items":{}}'
        frame = struct.pack(">BBBqi", 0xBE, 0, PING, self._opaque, len(context)) + context + struct.pack(">i", 2) + b"{}"
        began, machine = time.monotonic(), self._machine()
        stopped, over = False, []
        try:
            self._socket.sendall(frame)
            answer = b""
            while not over and (len(answer) < 3 or not self._whole(answer)):
                ready, _, _ = select.select([self._socket, *ends], [], [], 0.02)
                stopped = stopped or is_stopped(self._pid)
                over = [one for one in ready if one is not self._socket]
                if self._socket in ready:
                    more = self._socket.recv(65536)
                    if not more:
                        raise ConnectionError
                    answer += more
        except OSError:  # it ended, or has thrown out every peer
            self._socket.close()
            self._socket = None
            self.found["unanswered"] += 1
            return
        took = time.monotonic() - began
        if stopped or (over and is_stopped(self._pid)):
            self.found["unanswered"] += 1
            return
        if not self._accepted:
            self._accepted = not over
            return
        excused = self._machine() - machine
        if not over:
            self.found["times"].append(took)
            self.found["net"].append(max(0.0, took - excused))
        if took - excused > self._limit:
            self.found["late"].append({"took": took, "excused": excused, "at": began - self._began})
        elif took > self._limit:
            self.found["not_judged"] += 1

    @staticmethod
    def _whole(raw):
        context, = struct.unpack_from(">i", raw, 11) if len(raw) >= 15 else (1 << 30,)
        if len(raw) < 19 + context:
            return False
        body, = struct.unpack_from(">i", raw, 15 + context)
        if raw[2] != PONG:
            raise ConnectionError
        return len(raw) >= 19 + context + body


def main(port, pid, limit, ended):
    watch = Watch(int(port), int(pid), float(limit), int(ended))
    watch.run()
    json.dump(watch.found, sys.stdout)


if __name__ == "__main__":
    atexit.unregister(Pinger.tell)
    main(*sys.argv[1:])
