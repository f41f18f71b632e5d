"""What people have is not always what the editor of 3.1 saves: other lines' exports, loose JSON, tasks that cannot run
here. Each case is read as a server reads it, or named with the way out."""

import json
import os
import signal
import time
import unittest
from pathlib import Path

from replay_case import ReplayCase, out_param, task, workflow


def conditions(dependence):
    codes = {"a": 1000000, "ok": 1000002, "ko": 1000003}
    decide = task("c", taskType="CONDITIONS", code=1000001, taskParams={
        "dependence": dependence, "conditionResult": {"successNode": [codes["ok"]], "failedNode": [codes["ko"]]}})
    tasks = [task("a", code=codes["a"]), decide, task("ok", code=codes["ok"]), task("ko", code=codes["ko"])]
    return workflow(tasks, [("a", "c"), ("c", "ok"), ("c", "ko")])


class OtherLines(ReplayCase):
    def test_an_export_of_3_3_runs_with_its_sub_workflow(self):
        child = workflow([task("inner", "echo inner ran")], name="child", code=2000)
        sub = task("sub", taskType="SUB_WORKFLOW", taskParams={"workflowDefinitionCode": 2000})
        both = [workflow([sub], name="parent"), child]
        for one in both:
            one["workflowDefinition"] = one.pop("processDefinition")
            one["workflowTaskRelationList"] = one.pop("processTaskRelationList")
        done = self.replay(self.write(both), "--workflow", "parent")
        self.assertEqual(self.states(), {"sub": "SUCCESS"})
        self.assertRegex(done.stdout, r"sub/inner +SHELL +SUCCESS")

    def test_answers_of_the_api_are_named_with_the_way_out(self):
        answer = {"code": 0, "msg": "success", "data": workflow([task("a")]), "success": True, "failed": False}
        self.assertIn("jq .data", self.replay(self.write(answer), expect=2).stderr)
        error = {"code": 10000, "msg": "Required Integer parameter 'codes' is not present", "data": None}
        self.assertRegex(self.replay(self.write(error), expect=2).stderr,
                         r"1:1 /: is an error answer of DolphinScheduler's API \(code 10000: Required Integer")

    def test_an_export_of_1_3_is_named_with_the_way_out(self):
        old = [{"projectName": "demo", "processDefinitionName": "daily", "processDefinitionJson": "{\"tasks\":[]}"}]
        self.assertRegex(self.replay(self.write(old), expect=2).stderr, "export of DolphinScheduler 1.3.*upgrade")


class LooseJson(ReplayCase):
    def test_what_the_server_takes_runs_with_a_remark(self):
        loose = task("a", flag=1, taskPriority=2, timeoutFlag=0, failRetryTimes=0.0, timeout="", delayTime=" ",
                     timeoutNotifyStrategy="")
        loose["taskParams"]["localParams"] = json.dumps([{"prop": "p", "direct": "IN", "value": "from a text"}])
        loose["taskParams"]["rawScript"] = "echo got ${p}"
        done = self.replay(workflow([loose]))
        self.assertIn("got from a text", self.log("a"))
        self.assertIn("/0/taskDefinitionList/0/flag: ", done.stderr)
        self.assertIn("; and 2 more like it", done.stderr, "numbers for enumerations are one kind")

    def test_conditions_without_status_never_hold_and_without_any_do(self):
        item = {"depTaskCode": 1000000, "status": None}
        for dependence, branch in (
                ({"relation": "AND", "dependTaskList": []}, "ok"),
                ({"relation": "AND", "dependTaskList": [{"relation": "AND", "dependItemList": [item]}]}, "ko"),
                ({"relation": "AND", "dependTaskList": [{"relation": "AND", "dependItemList": [
                    {"depTaskCode": "", "status": "SUCCESS"}]}]}, "ko")):
            self.replay(conditions(dependence))
            states = self.states()
            self.assertEqual([states.get(name) for name in ("ok", "ko")],
                             ["SUCCESS" if name == branch else None for name in ("ok", "ko")])


class LongValues(ReplayCase):
    def produce(self, bytes):
        made = task("made", f"python3 -c \"print('\\${{setValue(v=%s)}}' % ('x' * {bytes}))\"")
        made["taskParams"]["localParams"] = [{**out_param("v"), "value": "unset"}]
        return workflow([made, task("use", "wc -c <<'X'\n${v}\nX")], [("made", "use")])

    def test_a_long_output_is_whole(self):
        for bytes in (140_000, 2_000_000):
            self.replay(self.produce(bytes))
            self.assertIn(str(bytes + 1), self.log("use"))

    def test_an_output_beyond_the_limit_fails_its_task_by_name(self):
        done = self.replay(self.produce(17_000_000), expect=1)
        self.assertIn("the value of OUT parameter 'v' is larger than 16 MiB", done.stdout)
        self.assertEqual(self.states(), {"made": "FAILURE"})


class Leftovers(ReplayCase):
    def leave(self, *params):
        """A task that leaves a process behind, and one that looks for it."""
        pid = self.folder / "pid"
        start = task("start", f"nohup sleep 60 > /dev/null 2>&1 &\necho $! > {pid}")
        start["taskParams"]["localParams"] = list(params)
        look = task("look", f"kill -0 $(cat {pid}) && echo alive || echo gone")
        self.addCleanup(lambda: os.path.exists(f"/proc/{pid.read_text().strip()}") and
                        os.kill(int(pid.read_text()), signal.SIGKILL))
        return workflow([start, look], [("start", "look")])

    def test_are_ended_unless_the_task_says_keep(self):
        self.replay(self.leave())
        self.assertIn("gone", self.log("look"))
        # A process that has been forked only just has not become sleep yet.
        self.assertRegex(self.log("start"), "which are ended now: (sleep|nohup|bash)")

    def test_live_on_where_the_task_says_keep(self):
        keep = {"prop": "porpoise.leftovers", "direct": "IN", "type": "VARCHAR", "value": "keep"}
        done = self.replay(self.leave(keep))
        self.assertIn("alive", self.log("look"))
        self.assertIn("live on (leftovers: keep)", self.log("start"))
        self.assertEqual(done.stderr, "")
        self.assertTrue(Path(f"/proc/{(self.folder / 'pid').read_text().strip()}").exists())
        keep["value"] = "end"
        self.replay(self.leave(keep), "--leftovers", "keep")
        self.assertIn("gone", self.log("look"), "the task's own word overrules")
        self.replay(self.leave(), "--leftovers", "keep")
        self.assertIn("alive", self.log("look"))
        keep["value"] = "kept"
        self.assertIn("must be end or keep", self.replay(self.leave(keep), expect=1).stdout)


class EnvironmentFiles(ReplayCase):
    ENDED = "the environment file ended the shell before the task began"

    def test_one_that_ends_the_shell_fails_the_task(self):
        both = workflow([task("s", "echo ran"), task("p", taskType="PYTHON", taskParams={"rawScript": "print('ran')"})])
        for line in ("[ -f /nope ] || exit 0", "exit 3", "exec true", "trap 'exit 0' EXIT; exit", "set -e; false"):
            done = self.replay(both, "--env-file", self.write(f"export A=1\n{line}\nexport B=2\n", "env.sh"), expect=1)
            self.assertIn(self.ENDED, done.stdout, line)
            self.assertEqual(self.states(), {"s": "FAILURE", "p": "FAILURE"}, line)
            self.assertNotIn("ran", [text.strip() for text in self.log("s").splitlines()])

    def test_one_that_does_not_is_as_before(self):
        for line in ("return 0", "(exit 1)", "set -e", "set -o noclobber", "cd /", "trap 'echo bye' EXIT"):
            env = self.write(f"export A=1\n{line}\n", "env.sh")
            self.replay(workflow([task("s", "echo A=$A")]), "--env-file", env)
            self.assertIn("A=1", self.log("s"), line)

    def test_a_task_that_cleans_its_folder_is_not_blamed_on_the_environment(self):
        environment = self.folder / "env.sh"
        environment.write_text("export X=1\n")
        for script in ("find . -mindepth 1 -delete; exit 0", 'rm -rf "$PWD"; exit 0', "rm -rf * .[!.]*; exit 0"):
            with self.subTest(script=script):
                self.replay(workflow([task("a", script)]), "--env-file", str(environment))
                self.assertEqual(self.states(), {"a": "SUCCESS"})

    def test_a_script_that_fails_is_not_blamed_on_the_environment(self):
        done = self.replay(workflow([task("s", "exit 3")]), "--env-file", self.write("export A=1\n", "env.sh"), expect=1)
        self.assertIn("exit code 3", done.stdout)
        self.assertNotIn(self.ENDED, done.stdout)


class WhatCannotRunHere(ReplayCase):
    def setUp(self):
        super().setUp()
        wait = task("wait for ods", taskType="DEPENDENT", taskParams={"dependence": {}})
        query = task("query", taskType="SQL", taskParams={"sql": "SELECT 1"}, delayTime=60)
        use = task("use", "echo n=${n}, m=${m}")
        self.flow = workflow([wait, task("left"), query, use, task("apart")],
                             [("wait for ods", "left"), ("left", "query"), ("query", "use")])

    def test_the_refusal_names_the_ways_round(self):
        error = self.replay(self.flow, expect=2).stderr
        for way in ("--skip 'wait for ods'", "--assume 'wait for ods'", "--skip 'query'", "--assume 'query'"):
            self.assertIn(way, error)

    def test_a_task_is_left_out_with_what_comes_after_it(self):
        done = self.replay(self.flow, "--skip", "wait for ods")
        self.assertEqual(self.states(), {"apart": "SUCCESS"})
        self.assertIn("left out by --skip: 'wait for ods', 'left', 'query', 'use'", done.stderr)
        self.replay(self.flow, "--assume", "wait for ods", "--skip", "/^qu/")
        self.assertEqual(self.states(), {"wait for ods": "SUCCESS", "left": "SUCCESS", "apart": "SUCCESS"})

    def test_tasks_of_any_type_are_taken_as_done_with_their_outputs(self):
        self.replay(self.flow, "--assume", "wait for ods", "--assume", "query=n:3,m:a:b,c")
        self.assertEqual(set(self.states().values()), {"SUCCESS"})
        self.assertIn("n=3, m=a:b,c", self.log("use"))
        self.assertIn("taken as done (--assume): nothing ran", self.log("query"))

    def test_a_declared_output_gets_the_value_that_is_assumed(self):
        made = task("made", taskType="SQL")
        made["taskParams"]["localParams"] = [out_param("n")]
        self.replay(workflow([made, task("use", "echo n=${n}")], [("made", "use")]), "--assume", "made=n:7")
        self.assertIn("n=7", self.log("use"))

    def test_a_task_inside_a_sub_workflow_can_be_left_out(self):
        child = workflow([task("inner"), task("deep", taskType="DEPENDENT")], name="child", code=2000)
        sub = task("sub", taskType="SUB_PROCESS", taskParams={"processDefinitionCode": 2000})
        done = self.replay(self.write([workflow([sub], name="parent"), child]), "--workflow", "parent", "--skip", "deep")
        self.assertEqual(self.states(), {"sub": "SUCCESS"})
        self.assertRegex(done.stdout, r"sub/inner +SHELL +SUCCESS")
        self.assertNotIn("sub/deep", done.stdout)

    def test_a_declared_output_that_is_not_assumed_keeps_its_default(self):
        made = task("made", taskType="SQL")
        made["taskParams"]["localParams"] = [out_param("n"), {**out_param("m"), "value": "8"}]
        self.replay(workflow([made, task("use", "echo n=${n} m=${m}")], [("made", "use")]), "--assume", "made=n:7")
        self.assertIn("n=7 m=8", self.log("use"))

    def test_one_option_does_not_hide_a_task_from_another(self):
        child = workflow([task("inner", taskType="DEPENDENT")], name="child", code=2000)
        sub = task("sub", taskType="SUB_PROCESS", taskParams={"processDefinitionCode": 2000})
        file = self.write([workflow([sub], name="parent"), child])
        self.replay(file, "--workflow", "parent", "--assume", "sub", "--assume", "inner")
        self.assertEqual(self.states(), {"sub": "SUCCESS"})

    def doubling(self, count):
        """So many workflows, each of which starts the next one twice."""
        flows = []
        for i in range(count - 1):
            following = {"processDefinitionCode": 2001 + i}
            tasks = [task(name, taskType="SUB_PROCESS", taskParams=dict(following)) for name in ("one", "two")]
            flows.append(workflow(tasks, name=f"w{i}", code=2000 + i))
        flows.append(workflow([task("leaf")], name="last", code=2000 + count - 1))
        return self.write(flows)

    def test_workflows_that_start_each_other_without_bound_are_refused_before_anything_runs(self):
        told = "workflow 'w0' would run 393214 tasks, as each start of a workflow by a SUB_PROCESS counts; the limit is 100000"
        file = self.doubling(18)
        for option in ((), ("--dry-run",)):
            self.assertIn(told, self.replay(file, "--workflow", "w0", *option, expect=2).stderr)
            self.assertFalse(self.run_directory.exists())
        self.assertIn(told, self.replay(file, "--workflow", "w0", "--list").stdout)
        self.assertIn("at least 1000000000000000000 tasks", self.replay(self.doubling(99), "--workflow", "w0", expect=2).stderr)

    def test_the_name_of_a_workflow_makes_no_lines_of_its_own(self):
        name = "real\nworkflow fake: 9 tasks\x1b[2J"
        shown = self.replay(workflow([task("a")], name=name), "--dry-run").stdout
        self.assertNotIn("\nworkflow fake", shown)
        self.assertNotIn("\x1b[2J", shown)
        several = self.write([workflow([task("a")], name=name), workflow([task("b")], name="other", code=2000)])
        self.assertNotIn("\nworkflow fake", self.replay(several, expect=2).stderr)
        wrong = workflow([task("a", taskParams=7)], name=name)
        self.assertNotIn("workflow fake", [line.strip()[:13] for line in self.replay(wrong, expect=2).stderr.splitlines()])

    def test_a_dense_workflow_is_listed_in_time_of_its_relations(self):
        names = [f"t{i}" for i in range(400)]
        edges = [(pre, post) for i, pre in enumerate(names) for post in names[i + 1:]]
        begin = time.monotonic()
        done = self.replay(workflow([task(name) for name in names], edges), "--list", "--json")
        self.assertLess(time.monotonic() - begin, 20, "a minute and more when each task reads the whole file")
        self.assertEqual(json.loads(done.stdout)["tasks"][399]["after"], names[:399])

    def test_workflows_that_start_each_other_within_the_limit_are_not_refused(self):
        self.assertNotIn("refuse", self.replay(self.doubling(15), "--workflow", "w0", "--list").stdout)
        self.assertNotIn("limit", self.replay(self.doubling(18), "--workflow", "w0", "--task", "one", "--skip", "two", "--list").stdout)

    def test_a_pattern_neither_crashes_nor_hangs(self):
        deep = "(" * 20000 + "a" + ")" * 20000
        self.assertIn("at most 200 characters", self.replay(self.flow, "--skip", f"/{deep}/", expect=2).stderr)
        many = workflow([task("a" * 200)])
        self.assertIn("no task", self.replay(many, "--skip", "/^(a+)+$b/", expect=2).stderr)

    def test_wrong_words_are_refused(self):
        self.assertIn("there is no task 'lef' (did you mean 'left'?)", self.replay(self.flow, "--skip", "lef", expect=2).stderr)
        self.assertIn("there is no task 'quer'", self.replay(self.flow, "--assume", "quer=n:1", expect=2).stderr)
        self.assertIn("not a regular expression", self.replay(self.flow, "--skip", "/(/", expect=2).stderr)
        self.assertIn("NAME:VALUE", self.replay(self.flow, "--assume", "query=n", expect=2).stderr)
        self.assertIn("leaves nothing to run", self.replay(self.flow, "--skip", "/./", expect=2).stderr)

    def test_the_list_tells_what_a_run_would_refuse(self):
        done = self.replay(self.flow, "--list")
        self.assertRegex(done.stdout, r"wait for ods +DEPENDENT +refused")
        self.assertRegex(done.stdout, r"query +SQL +no plugin")
        self.assertIn("a run would refuse:", done.stdout)
        listed = json.loads(self.replay(self.flow, "--list", "--json", "--from", "left", "--assume", "query").stdout)
        self.assertEqual([one["task"] for one in listed["tasks"]], ["left", "query", "use"])
        self.assertEqual([one["runBy"] for one in listed["tasks"]], ["shell.so", "assumed", "shell.so"])
        self.assertEqual(listed["refusals"], [])

    def test_the_list_tells_parameters_that_break_the_schema_and_stale_branches(self):
        bad = task("bad", taskParams={"localParams": []})
        listed = json.loads(self.replay(workflow([bad, task("good")]), "--list", "--json").stdout)
        self.assertEqual([one["refused"] for one in listed["tasks"]], [True, False])
        self.assertIn("rawScript", listed["refusals"][0])


if __name__ == "__main__":
    unittest.main()
