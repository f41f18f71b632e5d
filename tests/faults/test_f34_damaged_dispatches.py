"""F34: dispatches that make no sense. As soon as it can be read who sent one and which task it is about, it ends as a
RESULT of FAILURE with the reason in the task's log; its workflow would wait for ever else.

tests/unit/wire/decode_test.cc has each member by itself.
"""

import json
import unittest

from fault_case import FaultCase
from frames import DISPATCH, FAILURE, SUCCESS, encode
from waiting import until

MEMBERS = {  # of the context
    "varPool no JSON": {"varPool": "garbage"}, "varPool no list": {"varPool": '{"a":1}'},
    "globalParams cut off": {"globalParams": '[{"prop":'}, "a parameter that is a number": {"prepareParamsMap": {"a": 5}},
    "an ISO date": {"scheduleTime": "2026-11-30T10:00:00"}, "a workflow beyond int": {"processInstanceId": 3000000000},
    "a list of resources": {"resources": ["a"]}, "a time limit beyond int": {"taskTimeout": 9999999999},
    "no type": {"taskType": ""}, "an object as params": {"taskParams": {"rawScript": "echo"}},
    "a code that is a list": {"processDefineCode": [1]}, "a flag that is a text": {"dryRun": "maybe"},
    "too many values": {"definedParams": [1] * 200000},
    "a tenant that is an object": {"tenantCode": {"a": 1}}, "an environment that is a list": {"environmentConfig": [1]}}


class Damaged(FaultCase):
    def dispatch(self, task, raw):
        self.master.knows(task)
        self.history.add("dispatch", task.id, master=self.master.name)
        self.master.link.send(encode(DISPATCH, raw, 5))

    def whole(self, task):
        return task.body(self.master.address)

    def fails(self, task, name):
        result = self.history.result(task.id)
        self.assertEqual(result.status, FAILURE, name)
        log = (self.worker.log_dir / result.log_path).read_text()
        self.assertIn("its dispatch makes no sense: ", log, name)
        self.assertEqual(self.history.begun(task.id), [])
        return log

    def test_each_damaged_member_fails_its_task_by_name(self):
        tasks = {name: self.task("true", **members) for name, members in MEMBERS.items()}
        for task in tasks.values():
            self.dispatch(task, self.whole(task))
        for name, task in tasks.items():
            with self.subTest(name):
                log = self.fails(task, name)
                if name != "too many values":
                    self.assertIn(f'taskExecutionContext.{next(iter(MEMBERS[name]))}"', log)
        self.assertTrue(self.master.link.open, "the connection goes on")
        until(lambda: not any((self.worker.data / "tasks").iterdir()), "the end of every state folder", 30)

    def test_text_that_is_no_json_fails_its_task_too(self):
        damage = {"invalid UTF-8": lambda raw: raw.replace(b'"fault"', b'"f\xff\xfe"'),
                  "deep": lambda raw: raw.replace(b'"fault"', b"[" * 100000),
                  "cut off": lambda raw: raw[:len(raw) * 2 // 3], "trailing": lambda raw: raw + b" and more"}
        for name, change in damage.items():
            with self.subTest(name):
                task = self.task("true")
                self.dispatch(task, change(self.whole(task)))
                self.fails(task, name)

    def test_one_that_is_too_large_fails_its_task_and_the_next_one_on_the_connection_runs(self):
        large = self.task("true", taskParams=json.dumps({"rawScript": "#" + "x" * (17 << 20)}))
        self.dispatch(large, self.whole(large))
        after = self.task("true")
        self.master.dispatch(after)
        self.assertIn("bytes, more than can be taken", self.fails(large, "17 MiB"))
        self.assertEqual(self.history.result(after.id).status, SUCCESS)
        self.assertTrue(self.master.link.open)

    def test_one_that_comes_again_is_told_again_and_a_kill_is_answered(self):
        task = self.task("true", varPool="garbage")
        self.dispatch(task, self.whole(task))
        self.fails(task, "varPool")
        self.dispatch(task, self.whole(task))
        until(lambda: len(self.history.of("RESULT", task.id)) > 1, "another RESULT", 30)
        self.master.kill(task.id)
        self.history.wait("KILL_RESPONSE", task.id)

    def test_a_worker_killed_in_the_midst_of_it_tells_it_after_its_restart(self):
        self.master.acks.drop = 1_000_000
        task = self.task("true", varPool="garbage")
        self.dispatch(task, self.whole(task))
        self.fails(task, "varPool")
        self.worker.kill_hard()
        self.master.acks.drop = 0
        self.worker.restart()
        self.history.wait("ACK", task.id, of="RESULT")
        self.master.connect(self.worker.port)

    def test_without_sender_or_task_nobody_can_be_told_and_the_next_one_runs(self):
        for change in ({"messageSenderAddress": "127.0.0.1"}, {"messageSenderAddress": None}, {"taskExecutionContext": 5}):
            task = self.task("true")
            del self.tasks[task.id]
            self.master.link.send(encode(DISPATCH, json.dumps({**json.loads(self.whole(task)), **change}).encode(), 5))
        self.assertEqual(self.run_task("true")[1], SUCCESS)


if __name__ == "__main__":
    unittest.main()
