"""Parameters: global, of the start, local, and those that tasks hand on; times now and as scheduled."""

import datetime
import unittest

from scenario import Scenario
from tasks import in_param, out_param, shell

ASK = "echo '[${global}] [${given}] [${local}] [${unknown}]'"
TIMES = "echo '[$[yyyyMMdd]] [$[yyyy-MM-dd-1]] [$[month_end(yyyy-MM-dd,0)]] [${day}]'"


class Parameters(Scenario):
    @classmethod
    def begin(cls):
        up = shell("up", "echo '${setValue(key=a value with spaces)}'\n"
                         "echo \"#{setValue(hash=h)}\"\n"
                         "echo '${setValue(undeclared=u)}'\n"
                         "echo visible", [out_param("key"), out_param("hash")])
        down = shell("down", "echo '[${key}] [${hash}] [${undeclared}]'")
        own = shell("own", ASK, [in_param("local", "mine"), in_param("given", "local wins")])
        cls.flow = cls.run_workflow(
            [up, down, own, shell("all", ASK), shell("equals", "echo '${setValue(sum=1=1=2)}'", [out_param("sum")]),
             shell("empty", "echo '${setValue(none=)}'", [out_param("none")])],
            [("up", "down")], global_params=[in_param("global", "g"), in_param("given", "default")],
            params={"given": "at the start"})
        now = shell("now", TIMES, [in_param("day", "$[yyyy-MM-dd]")])
        cls.before = datetime.datetime.now(datetime.timezone.utc).date()
        cls.now = cls.run_workflow([now])
        cls.scheduled = cls.run_workflow([{**now, "name": "then"}], schedule="2024-03-01 00:00:00")
        for run in (cls.flow, cls.now, cls.scheduled):
            run.wait()

    def test_global_parameters_are_seen_and_the_start_may_change_them(self):
        self.assertEqual(self.flow.output("all"), ["[g] [at the start] [${local}] [${unknown}]"])

    def test_a_local_parameter_wins(self):
        self.assertEqual(self.flow.output("own"), ["[g] [local wins] [mine] [${unknown}]"])

    def test_declared_out_parameters_reach_the_next_task(self):
        self.skip_java("loses values when the task ends before they are read, in one of three runs")
        self.assertEqual(self.flow.output("down"), ["[a value with spaces] [h] [${undeclared}]"])

    def test_lines_that_set_a_value_are_not_in_the_log(self):
        self.assertEqual(self.flow.output("up"), ["visible"])

    def test_a_value_may_hold_an_equals_sign(self):
        self.skip_java("cuts the value at the second equals sign")
        self.assertEqual(self.flow.out_values("equals"), {"sum": "1=1=2"})

    def test_an_empty_value_is_a_value(self):
        self.skip_java("fails the task although its command succeeded")
        self.assertEqual(self.flow.states()["empty"], "SUCCESS")
        self.assertEqual(self.flow.out_values("empty"), {"none": ""})

    def test_times_are_those_of_now(self):
        after = datetime.datetime.now(datetime.timezone.utc).date()
        possible = []
        for day in (self.before, after):
            last = (day.replace(day=28) + datetime.timedelta(4)).replace(day=1) - datetime.timedelta(1)
            possible.append([f"[{day:%Y%m%d}] [{day - datetime.timedelta(1)}] [{last}] [{day}]"])
        self.assertIn(self.now.output("now"), possible)

    def test_times_are_those_of_the_schedule(self):
        self.assertEqual(self.scheduled.output("then"), ["[20240301] [2024-02-29] [2024-03-31] [2024-03-01]"])


if __name__ == "__main__":
    unittest.main()
