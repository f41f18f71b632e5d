"""STOP of a running workflow: its tasks end, and nothing that they started lives on."""

import unittest
import uuid

from scenario import Scenario, output_of, processes_with
from tasks import shell
from waiting import until

STUBBORN = """\
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(3600)
    os._exit(0)
time.sleep(3600)
"""


class Kill(Scenario):
    @classmethod
    def begin(cls):
        cls.mark = f"interop-{uuid.uuid4().hex}"
        stubborn = cls.plane.run / f"{cls.mark}.py"
        stubborn.write_text(STUBBORN)
        cls.flow = cls.run_workflow([
            shell("child", f"echo begin; bash -c 'exec -a {cls.mark}-sleep sleep 3600'; echo not reached"),
            shell("daemon", f"echo begin; /usr/bin/python3 {stubborn}; echo not reached"),
        ])
        for name in ("child", "daemon"):
            cls.flow.wait_for(name, "RUNNING_EXECUTION")
        until(lambda: len(processes_with(f"{cls.mark}-sleep 3600")) >= 1 and len(cls.daemons()) >= 2,
              "the start of all processes", 30)
        cls.api.stop(cls.flow.instance)
        cls.flow.wait()

    @classmethod
    def daemons(cls):
        return [line for line in processes_with(f"{cls.mark}.py") if "sudo" not in line]

    def test_the_states_are_those_of_a_stop(self):
        self.assertEqual(self.flow.state, "STOP")
        self.assertEqual(self.flow.states(), {"child": "KILL", "daemon": "KILL"})

    def test_nothing_of_it_lives_on(self):
        self.skip_java("leaves the child, the daemon and its parent running")
        until(lambda: not processes_with(self.mark), "the end of every process", 30)

    def test_the_log_has_the_output_so_far(self):
        self.skip_java("loses the output of a task that it ends")
        for name in ("child", "daemon"):
            number = self.flow.tasks()[name]["id"]
            # The master has the state before the worker has the order.
            until(lambda: output_of(self.api.log(number)) == ["begin"], f"the output of '{name}' in its log", 30)

    def test_the_log_names_the_master_that_ordered_it(self):
        self.skip_java("says nothing of who asked")
        for name in ("child", "daemon"):
            number = self.flow.tasks()[name]["id"]
            until(lambda: "cancelled: killed by order of its master " in self.api.log(number),
                  f"who had '{name}' killed in its log", 30)


if __name__ == "__main__":
    unittest.main()
