"""One event log of a test: what the master said and heard, what happened to the daemon, what the tasks themselves did.

The checks at the end read nothing but that log (README.md has the promises): P1 at most one execution of a task
instance and one terminal state, P2 its result delivered until it is acknowledged, the same bytes each time, P3 nothing
of it alive when that is said.
"""

import json
import threading
import time
from collections import defaultdict

from frames import SUCCESS

IN_FLIGHT = 2.0  # seconds: what was on its way when an ACK was sent


class Event(dict):
    """kind, t (monotonic seconds), task, and what else the kind has."""

    __getattr__ = dict.get


class History:
    def __init__(self, folder, name):
        self.marks = folder / f"{name}-marks"  # one file a task, written by the task
        self.marks.mkdir()
        self._file = (folder / f"{name}.history").open("w")
        self._events = []
        self._of_task = defaultdict(list)  # the same ones
        self._changed = threading.Condition()

    # --- writing -----------------------------------------------------------------------------------------------------

    def add(self, kind, task=None, t=None, **details):
        """`t`: when it happened, if that is not now."""
        event = Event(kind=kind, t=t or time.monotonic(), task=task, **details)
        with self._changed:
            self._events.append(event)
            self._of_task[task].append(event)
            if self._file.closed:  # the test is over; somebody's thread is not
                return event
            self._file.write(json.dumps(event, default=str) + "\n")
            self._file.flush()
            self._changed.notify_all()
        return event

    def close(self):
        self._file.close()

    # --- reading -----------------------------------------------------------------------------------------------------

    def of(self, kind, task=None, **details):
        with self._changed:
            return self._of(kind, task, details)

    def _of(self, kind, task, details):
        return [event for event in self._told(task) if event.kind == kind
                and all(event.get(key) == value for key, value in details.items())]

    def _told(self, task):
        return self._events if task is None else self._of_task[task]

    def wait(self, kind, task=None, count=1, seconds=60, **details):
        """The first `count` such events, as soon as they are there."""
        end = time.monotonic() + seconds
        with self._changed:
            while len(found := self._of(kind, task, details)) < count:
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() > end:
                    what = f"{kind} {task or ''} {details or ''}"
                    raise AssertionError(f"{len(found)} of {count} {what} within {seconds} s")
        return found[:count]

    def wait_any(self, kinds, task, seconds=60):
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := [event for event in self._told(task) if event.kind in kinds]):
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() > end:
                    raise AssertionError(f"none of {kinds} of {task} within {seconds} s")
        return found[0]

    def result(self, task, seconds=60):
        return self.wait("RESULT", task, seconds=seconds)[0]

    def marks_of(self, task):
        file = self.marks / str(task)
        return file.read_text().split("\n")[:-1] if file.exists() else []

    def begun(self, task):
        return [mark for mark in self.marks_of(task) if mark.startswith("begin")]

    def finished(self, task):
        return [mark for mark in self.marks_of(task) if mark == "end"]

    # --- checking ----------------------------------------------------------------------------------------------------

    def violations(self, given_up=()):
        """Broken promises, one text each. `given_up`: tasks that masters have lost with the worker's session."""
        with self._changed:
            events = list(self._events)
            by_task = {task: list(own) for task, own in self._of_task.items() if task is not None}
        circumstances = Circumstances(events)
        found = []
        for task, own in by_task.items():
            found += [f"task {task}: {text}" for text in self._of_one(task, own, circumstances, task in given_up)]
        return found

    def _of_one(self, task, events, circumstances, given_up):
        dispatched = [e for e in events if e.kind == "dispatch"]
        if not dispatched:
            return
        results = [e for e in events if e.kind == "RESULT"]
        begun = self.begun(task)
        if len(begun) > 1:
            yield f"P1: it was begun {len(begun)} times"
        if len(self.finished(task)) > 1:
            yield "P1: it was finished twice"
        if len({e.status for e in results}) > 1:
            yield f"P1: its states are {[e.status for e in results]}"
        rejected = [e for e in events if e.kind == "REJECT"]
        if not results and not given_up and not rejected:
            yield "P2: it was accepted and has no result"
        if rejected and begun and len(dispatched) == 1:
            yield "P1: it was rejected and has run"
        if len({e.body for e in results}) > 1:
            yield f"P2: its results differ: {sorted({e.body for e in results})}"
        if results and results[0].status == SUCCESS and begun and not self.finished(task):
            yield "P1: it is told to have succeeded, and has not finished"
        yield from self._after_ack(events, dispatched, results, circumstances)
        if late := [e for e in events if e.kind == "RUNNING" and results and self._said_after(e, results[0])]:
            yield f"P2: RUNNING came after RESULT, {late[0].t - results[0].t:.3f} s"
        for e in results:
            if e.survivors:
                yield f"P3: its end was told while these lived: {e.survivors}"

    @staticmethod
    def _said_after(running, result):
        """Whether it left the worker after that RESULT. What comes by an older connection may have left it before: a
        master reads each on a thread of its own."""
        if running.t <= result.t:
            return False
        if running.master == result.master:
            return running.connection >= result.connection
        return running.connected > result.t + IN_FLIGHT

    @staticmethod
    def _after_ack(events, dispatched, results, circumstances):
        acks = [e for e in events if e.kind == "ACK" and e.of == "RESULT"]
        if not acks:
            return
        first = min(circumstances.arrival(e.t) for e in acks)
        for e in results:
            reasons = [*circumstances.disturbances, *(d.t for d in dispatched)]
            excused = any(first - IN_FLIGHT < t <= e.t for t in reasons)
            if e.t > first + IN_FLIGHT and not excused:
                yield f"P2: RESULT came again {e.t - first:.1f} s after its ACK"


class Circumstances:
    """What befell the daemon and its connections: reasons for a message to come again, or late."""

    def __init__(self, events):
        self.disturbances = [e.t for e in events if e.kind in ("daemon killed", "daemon started", "cut")]
        self._network = [e for e in events if e.kind in ("stall", "heal") and e.where == "to master"]

    def arrival(self, sent):
        """When something came that a master sent then: a silent network gives it out when it heals."""
        silent = [e.kind == "stall" for e in self._network if e.t <= sent][-1:] == [True]
        heals = [e.t for e in self._network if e.kind == "heal" and e.t > sent]
        return heals[0] if silent and heals else sent
