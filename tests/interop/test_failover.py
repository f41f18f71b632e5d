"""kill -9 of the master under a running task, and its restart: the workflow ends well."""

import unittest
import uuid

from scenario import Scenario, processes_with
from tasks import shell
from waiting import until

SECONDS = 40  # longer than the restart of a master takes


class Failover(Scenario):
    def test_a_workflow_survives_a_killed_and_restarted_master(self):
        mark = f"interop-{uuid.uuid4().hex}"
        file = self.plane.run / "failover"
        flow = self.run_workflow([
            shell("long", f"echo begin >> {file}; bash -c 'exec -a {mark} sleep {SECONDS}'; echo end >> {file}"),
            shell("after", "echo after")], [("long", "after")])
        flow.wait_for("long", "RUNNING_EXECUTION")
        until(lambda: processes_with(mark), "the start of the task", 60)
        self.plane.kill_master()
        self.plane.start_master()
        self.plane.wait_for_master()
        state = flow.wait(300)
        rows = self.plane.sql("SELECT name, state, flag FROM t_ds_task_instance "
                              f"WHERE process_instance_id = {flow.instance} ORDER BY id")
        print(f"    failover: {state}; instances {rows}; {file.read_text().split()}", flush=True)
        self.assertEqual(state, "SUCCESS")
        self.assertEqual(flow.states(), {"long": "SUCCESS", "after": "SUCCESS"})
        self.skip_java("does not end the attempt that the new master replaced")
        self.assertEqual(file.read_text().split().count("end"), 1, "a replaced attempt is ended before its end")
        until(lambda: not processes_with(mark), "the end of every process", 60)
        for number in self.plane.sql("SELECT id FROM t_ds_task_instance WHERE name = 'long' AND flag = 0 "
                                     f"AND process_instance_id = {flow.instance}"):
            self.assertIn("cancelled: killed by order of its master ", self.api.log(int(number)), "of the replaced one")


if __name__ == "__main__":
    unittest.main()
