"""F43: a task dispatches tasks: it connects to the worker's own port from its machine, whose address a master has, too.
Its process is looked up, whoever it runs as, and whatever it does to be alone with its socket."""

import os
import resource
import shlex
import shutil
import sys
import unittest

from fault_case import FaultCase
from frames import DISPATCH, HEART_BEAT, REMOVE_LOG, SUCCESS, encode
from waiting import until

# Sends what is in a file to the worker, in one of several ways, and waits for the end of the connection.
ATTACK = '''
import array, os, socket, sys, threading
way, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
raw = open(file, "rb").read()
end = socket.create_connection(("127.0.0.1", port), 10)
end.settimeout(60)
if way == "fork away" and os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end.sendall(raw)
        end.recv(1)
    os._exit(0)
elif way == "closed":
    end.sendall(raw)
    os._exit(0)
elif way == "in flight":  # its descriptor is nowhere but in the queue of another socket
    left, right = socket.socketpair()
    copy = os.dup(end.fileno())
    end.sendall(raw)
    left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [copy]))])
    os.close(copy)
    end.close()
    import time
    until = time.monotonic() + 8
    while time.monotonic() < until: pass
elif way != "fork away":
    end.sendall(raw)
    print("told", end.recv(1))
'''
# The same in two steps: it connects, and sends what is in the file once that is there.
LATER = '''
import os, socket, sys, time
end = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
open(sys.argv[2] + ".connected", "w").close()
while not os.path.exists(sys.argv[2]): time.sleep(0.05)
end.settimeout(60)
end.sendall(open(sys.argv[2], "rb").read())
end.recv(1)
'''
WAYS = ("plainly", "fork away", "closed", "in flight")


class TaskDispatches(FaultCase):
    def _attack(self, way, tenant):
        """A task of `tenant` that dispatches one of the user root; the latter."""
        victim = self.task("true", tenantCode="root")
        self.history.marks.chmod(0o777)  # where tasks of another user write their marks
        folder = self.history.marks / f"attack-{victim.id}"
        folder.mkdir()
        folder.chmod(0o755)
        (folder / "frames").write_bytes(
            encode(HEART_BEAT, b"heart_beat") + encode(DISPATCH, victim.body(self.master.address), 1))
        (folder / "attack.py").write_text(ATTACK)
        python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
        attacker, status = self.run_task(
            f"'{python}' '{folder}/attack.py' '{way}' {self.worker.port} '{folder}/frames'; true", tenantCode=tenant)
        self.assertEqual(status, SUCCESS)
        self.tasks.pop(victim.id)
        return attacker, victim

    def test_is_refused_whoever_it_runs_as(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        for tenant, ways in (("nobody", ("plainly", "closed")), ("root", WAYS)):
            for way in ways:
                with self.subTest(way, tenant=tenant):
                    before = self.worker.text().count("it may not send TASK_DISPATCH_REQUEST")
                    _, victim = self._attack(way, tenant)
                    until(lambda: self.worker.text().count("it may not send TASK_DISPATCH_REQUEST") > before
                          or "closed the connection" in self.worker.text(), "a line about it", 20)
                    self.assertEqual(self.run_task("true")[1], SUCCESS, "a master's task, after it")
                    self.assertEqual(self.history.begun(victim.id), [])
                    self.assertFalse(self.worker.has_on_disk(victim))

    def test_is_refused_when_the_worker_has_no_descriptor_left(self):
        victim = self.task("true")
        self.tasks.pop(victim.id)
        frames = self.history.marks / "frames-later"
        script = f"'{sys.executable}' -c {shlex.quote(LATER)} {self.worker.port} '{frames}'; true"
        attacker, = self.start_tasks(1, script)
        until(frames.with_suffix(".connected").exists, "the attacker's connection", 20)
        pid = self.worker.process.pid
        used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        none = next(number for number in range(1 << 20) if number not in used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (none, before[1]))
        try:
            frames.with_suffix(".new").write_bytes(
                encode(HEART_BEAT, b"heart_beat") + encode(DISPATCH, victim.body(self.master.address), 1))
            frames.with_suffix(".new").rename(frames)
            until(lambda: "it may not send TASK_DISPATCH_REQUEST: it is a process of a task" in self.worker.text(),
                  "a line about it", 20)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertEqual(self.history.result(attacker.id).status, SUCCESS)
        self.assertEqual(self.history.begun(victim.id), [])
        self.assertFalse(self.worker.has_on_disk(victim))

    def test_removes_no_log(self):
        own, status = self.run_task("echo something")
        self.assertEqual(status, SUCCESS)
        path = self.history.result(own.id).log_path
        folder = self.history.marks / "removal"
        folder.mkdir()
        (folder / "frames").write_bytes(encode(REMOVE_LOG, b'{"path":"%s"}' % path.encode(), 1))
        (folder / "attack.py").write_text(ATTACK)
        self.assertEqual(self.run_task(
            f"'{sys.executable}' '{folder}/attack.py' plainly {self.worker.port} '{folder}/frames'")[1], SUCCESS)
        self.assertTrue(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
