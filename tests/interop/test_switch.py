"""A SWITCH, which the master evaluates, fed by what a task of the worker hands on."""

import unittest

from scenario import Scenario
from tasks import out_param, python, shell, switch

BRANCHES = [("${n} > 5", "big"), ("${n} == 5", "five")]


class Switch(Scenario):
    @classmethod
    def begin(cls):
        cls.flows = {}
        for label, feeder in (("9", shell("up", "echo '${setValue(n=9)}'", [out_param("n")])),
                              ("5", python("up", "print('${setValue(n=5)}')", [out_param("n")])),
                              ("1", shell("up", "echo '${setValue(n=1)}'", [out_param("n")]))):
            tasks = [feeder, switch("choose", BRANCHES, "small")]
            tasks += [shell(name, f"echo {name}") for name in ("big", "five", "small")]
            edges = [("up", "choose"), *(("choose", name) for name in ("big", "five", "small"))]
            cls.flows[label] = cls.run_workflow(tasks, edges)
        for flow in cls.flows.values():
            flow.wait()

    def test_the_value_selects_one_branch(self):
        for value, branch in (("9", "big"), ("5", "five"), ("1", "small")):
            with self.subTest(n=value):
                self.assertEqual(self.flows[value].states(), {"up": "SUCCESS", "choose": "SUCCESS", branch: "SUCCESS"})
                self.assertEqual(self.flows[value].state, "SUCCESS")


if __name__ == "__main__":
    unittest.main()
