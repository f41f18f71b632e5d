"""What `porpoise replay` promises: options, order, retries, timeouts, branches, output."""

import json
import os
import pty
import re
import signal
import subprocess
import unittest
from pathlib import Path

from replay_case import DEADLINE, ReplayCase, out_param, task, workflow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def switch(name, condition, chosen, default):
    return task(name, taskType="SWITCH", taskParams={"localParams": [], "switchResult": {
        "dependTaskList": [{"condition": condition, "nextNode": chosen}], "nextNode": default}})


class Running(ReplayCase):
    def test_hands_out_parameters_downstream(self):
        produce = task("produce", "echo '${setValue(auc=0.93)}'")
        produce["taskParams"]["localParams"] = [out_param("auc")]
        self.replay(workflow([produce, task("use", "echo got ${auc} on ${day}")], [("produce", "use")],
                             global_params=[{"prop": "day", "direct": "IN", "type": "VARCHAR", "value": "1"}]),
                    "--set", "day=2")
        self.assertIn("got 0.93 on 2", self.log("use"))
        self.assertEqual(self.summary()["tasks"]["produce"]["varPool"],
                         [{"prop": "auc", "direct": "OUT", "type": "VARCHAR", "value": "0.93"}])

    def test_the_example_of_the_readme_runs(self):
        self.replay(EXAMPLES / "hello" / "workflow.json", "--set", "name=you")
        self.assertIn("HELLO YOU", self.log("shout"))

    def test_a_set_name_that_nothing_has_is_warned_of(self):
        flow = workflow([task("a", "echo ${used}")],
                        global_params=[{"prop": "day", "direct": "IN", "type": "VARCHAR", "value": "1"}])
        done = self.replay(flow, "--set", "dya=2", "--set", "used=3", "--set", "day=4")
        self.assertIn("--set dya: no global parameter and no placeholder of the file has this name (did you mean 'day'?)",
                      done.stderr)
        self.assertNotIn("--set used", done.stderr)
        self.assertNotIn("--set day", done.stderr)

    def test_schedule_time_is_the_base_of_time_placeholders(self):
        one = workflow([task("a", "echo day $[yyyyMMdd-1]")])
        for text in ("2026-03-01 00:00:00", "20260301000000"):
            self.replay(one, "--schedule-time", text)
            self.assertIn("day 20260228", self.log("a"))
        self.replay(one, "--schedule-time", "yesterday", expect=2)

    def test_a_failed_task_gives_1_and_shows_the_end_of_its_log(self):
        done = self.replay(workflow([task("bad", "echo the reason; exit 7"), task("after")], [("bad", "after")]),
                           expect=1)
        self.assertEqual(self.states(), {"bad": "FAILURE"})
        self.assertIn("the reason", done.stdout)
        self.assertRegex(done.stdout, r"bad: FAILURE .*exit code 7")
        self.assertIn("upstream 'bad' failed", done.stdout)

    def test_retries_until_it_works(self):
        counter = self.folder / "count"
        script = f"echo x >> {counter}; test $(wc -l < {counter}) -ge 3"
        done = self.replay(workflow([task("flaky", script, failRetryTimes=3)]), "--time-scale", "0.001")
        self.assertEqual(counter.read_text(), "x\nx\nx\n")
        self.assertIn("attempt 2 of 4 failed", done.stdout)
        self.assertRegex(done.stdout, r"flaky +SHELL +SUCCESS .* 3\b")

    def test_gives_up_after_the_last_retry(self):
        counter = self.folder / "count"
        self.replay(workflow([task("bad", f"echo x >> {counter}; false", failRetryTimes=1)]), "--time-scale", "0.001",
                    expect=1)
        self.assertEqual(counter.read_text(), "x\nx\n")

    def test_delay_postpones_the_start(self):
        done = self.replay(workflow([task("late", delayTime=10)]), "--time-scale", "0.001", "--json")
        finished = [json.loads(line) for line in done.stdout.splitlines()][-1]
        self.assertGreaterEqual(finished["tasks"][0]["waitMillis"], 600)

    def test_timeout_failed_ends_the_task(self):
        late = task("slow", "sleep 1000", timeoutFlag="OPEN", timeoutNotifyStrategy="FAILED", timeout=1)
        done = self.replay(workflow([late]), "--time-scale", "0.005", "--kill-grace", "1", expect=1)
        self.assertEqual(self.states(), {"slow": "FAILURE"})
        self.assertIn("timed out", done.stdout)

    def test_timeout_warn_only_warns(self):
        late = task("slow", "sleep 1", timeoutFlag="OPEN", timeoutNotifyStrategy="WARN", timeout=1)
        done = self.replay(workflow([late]), "--time-scale", "0.005")
        self.assertIn("'slow' runs longer than its timeout", done.stdout)

    def test_failure_strategy_end_stops_the_others(self):
        flow = workflow([task("bad", "false"), task("long", "sleep 1000"), task("after")], [("long", "after")])
        self.replay(flow, "--failure-strategy", "end", "--parallel", "2", "--kill-grace", "1", expect=1)
        self.assertEqual(self.states(), {"bad": "FAILURE", "long": "KILL"})

    def test_failure_strategy_continue_lets_the_others_finish(self):
        flow = workflow([task("bad", "false"), task("other", "sleep 0.3"), task("after")], [("other", "after")])
        self.replay(flow, "--failure-strategy", "continue", "--parallel", "2", expect=1)
        self.assertEqual(self.states(), {"bad": "FAILURE", "other": "SUCCESS", "after": "SUCCESS"})

    def test_the_schedule_of_the_file_says_the_strategy(self):
        flow = workflow([task("bad", "false"), task("long", "sleep 1000")])
        flow["schedule"] = {"failureStrategy": "END"}
        self.replay(flow, "--parallel", "2", "--kill-grace", "1", expect=1)
        self.assertEqual(self.states()["long"], "KILL")

    def test_a_task_with_flag_no_is_passed_through(self):
        flow = workflow([task("a"), task("off", "exit 1", flag="NO"), task("b")], [("a", "off"), ("off", "b")])
        done = self.replay(flow)
        self.assertEqual(self.states(), {"a": "SUCCESS", "b": "SUCCESS"})
        self.assertIn("off: FORBIDDEN", done.stdout)

    def test_task_and_from_choose_what_runs(self):
        flow = workflow([task("a"), task("b"), task("c"), task("d")], [("a", "b"), ("b", "c"), ("a", "d")])
        self.replay(flow, "--task", "b")
        self.assertEqual(self.states(), {"b": "SUCCESS"})
        self.replay(flow, "--from", "b")
        self.assertEqual(self.states(), {"b": "SUCCESS", "c": "SUCCESS"})
        done = self.replay(flow, "--task", "bb", expect=2)
        self.assertIn("has no task 'bb'", done.stderr)
        done = self.replay(flow, "--from", "nothing like it", expect=2)
        self.assertIn("--list shows those that it has", done.stderr)

    def test_urgent_tasks_start_first(self):
        order = self.folder / "order"
        flow = workflow([task("low", f"echo low >> {order}", taskPriority="LOW"),
                         task("mid", f"echo mid >> {order}"),
                         task("high", f"echo high >> {order}", taskPriority="HIGHEST")])
        self.replay(flow, "--parallel", "1")
        self.assertEqual(order.read_text(), "high\nmid\nlow\n")

    def test_env_file_is_sourced(self):
        env_file = self.write("export GREETING='hello world'\n", "env.sh")
        self.replay(workflow([task("a", 'echo "$GREETING"')]), "--env-file", env_file)
        self.assertIn("hello world", self.log("a"))

    def test_python_option_sets_the_interpreter_beside_the_env_file(self):
        env_file = self.write("export GREETING=hi\n", "env.sh")
        script = task("a", "import os, sys; print(os.environ['GREETING'], os.environ['PYTHON_HOME'])",
                      taskType="PYTHON")
        self.replay(workflow([script]), "--env-file", env_file, "--python", "/usr/bin/python3")
        self.assertIn("hi /usr/bin/python3", self.log("a"))

    def test_a_sub_process_runs_the_definition_in_the_same_file(self):
        sub = task("sub", taskType="SUB_PROCESS", taskParams={"processDefinitionCode": 2000, "localParams": []})
        child = workflow([task("inner", "echo inner sees ${day}")], name="child", code=2000,
                         global_params=[{"prop": "day", "direct": "IN", "type": "VARCHAR", "value": "1"}])
        file = self.write([workflow([sub, task("after")], [("sub", "after")]), child])
        done = self.replay(file, "--workflow", "w")
        self.assertEqual(self.states(), {"sub": "SUCCESS", "after": "SUCCESS"})
        self.assertRegex(done.stdout, r"sub/inner +SHELL +SUCCESS")
        [log] = (self.run_directory / "logs/by-name").glob("sub_inner~*.log")
        self.assertIn("inner sees 1", log.read_text())

    def test_compat_changes_the_rules_of_switch(self):
        give = task("give", "echo '${setValue(x=1)}'")
        give["taskParams"]["localParams"] = [out_param("x")]
        flow = workflow([give, switch("choose", "${x} == 1", 1000002, 1000003), task("one"), task("other")],
                        [("give", "choose"), ("choose", "one"), ("choose", "other")],
                        global_params=[{"prop": "x", "direct": "IN", "type": "VARCHAR", "value": "2"}])
        self.replay(flow, "--compat", "3.1.5")
        self.assertNotIn("one", self.states(), "in 3.1.5 the global parameter wins")
        self.replay(flow, "--compat", "3.1.9")
        self.assertIn("one", self.states(), "in 3.1.9 the varPool wins")

    def test_keeps_working_directories_only_when_asked(self):
        flow = workflow([task("a", "echo x > file")])
        self.replay(flow)
        self.assertEqual(list(self.run_directory.glob("tasks/*/work")), [])
        self.replay(flow, "--keep-work")
        self.assertEqual([path.read_text() for path in self.run_directory.glob("tasks/*/work/file")], ["x\n"])

    def test_plugin_settings_come_from_the_configuration(self):
        config = self.write("plugins:\n  SWITCH:\n    compat: nonsense\n", "porpoise.yaml")
        flow = workflow([switch("choose", "true", 1000001, 1000001), task("one")], [("choose", "one")])
        done = self.replay(flow, "--config", config, expect=1)
        self.assertIn("nonsense", done.stdout)

    def test_many_tasks_share_few_slots(self):
        tasks = [task(f"t{number}", ":") for number in range(60)]
        self.replay(workflow(tasks), "--parallel", "2", "--quiet")
        self.assertEqual(set(self.states().values()), {"SUCCESS"})


class DryRun(ReplayCase):
    def test_shows_every_task_and_changes_nothing(self):
        proof = self.folder / "proof"
        flow = workflow([task("a", f"touch {proof} # ${{day}}"), switch("choose", "${x} == 1", 1000002, 1000003),
                         task("one"), task("other")],
                        [("a", "choose"), ("choose", "one"), ("choose", "other")],
                        global_params=[{"prop": "day", "direct": "IN", "type": "VARCHAR", "value": "today"}])
        done = self.replay(flow, "--dry-run")
        self.assertFalse(proof.exists())
        self.assertIn(f"touch {proof} # today", done.stdout)
        for name in ("a", "choose", "one", "other"):
            self.assertRegex(done.stdout, rf"{name}: SUCCESS")

    def test_says_so_in_table_and_total_and_leaves_no_folder(self):
        file = self.write([workflow([task("a")])])
        done = subprocess.run([self.binary, "replay", str(file), "--dry-run"], env=self.environment, text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^task +type +dry run ")
        self.assertRegex(done.stdout, r"dry run of workflow w: SUCCESS in .*; nothing was run\n$")
        self.assertNotIn("logs", done.stdout)
        self.assertEqual(list((self.folder / "state/porpoise/runs").iterdir()), [])

    def test_leaves_no_folder_when_it_is_interrupted_early_or_fails(self):
        file = self.write([workflow([task("a")])])
        for words in ([], ["--sandbox", "--python", "/bin/false"]):
            with self.subTest(words=words):
                process = subprocess.Popen([self.binary, "replay", str(file), "--dry-run", *words],
                                           env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while process.poll() is None and not list((self.folder / "state").rglob("tasks")):
                    pass
                process.send_signal(signal.SIGINT)
                process.wait(DEADLINE)
                self.assertEqual(list((self.folder / "state/porpoise/runs").iterdir()), [])

    def test_list_shows_order_and_what_is_refused(self):
        flow = workflow([task("a"), task("b", taskType="DEPENDENT"), task("c", failRetryTimes=2)],
                        [("a", "b"), ("b", "c")])
        done = self.replay(flow, "--list")
        self.assertRegex(done.stdout, r"1  a +SHELL +\w+\.so")
        self.assertRegex(done.stdout, r"2  b +DEPENDENT +refused")
        self.assertRegex(done.stdout, r"3  c .*2 retries every 1 min")
        self.assertFalse(self.run_directory.exists())


class Showing(ReplayCase):
    def setUp(self):
        super().setUp()
        self.flow = workflow([task("a", "echo '${setValue(v=1)}'"), task("b", "exit 3")], [("a", "b")])
        self.flow["taskDefinitionList"][0]["taskParams"]["localParams"] = [out_param("v")]

    def test_a_pipe_gets_lines_without_escapes_and_ends_with_the_table(self):
        done = self.replay(self.flow, expect=1)
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^\[ +[\d.]+s\] a: started \(SHELL\)$")
        self.assertRegex(done.stdout, r"(?m)^a +SHELL +SUCCESS +[\d.]+s +[\d.]+s +1  v=1$")
        self.assertTrue(done.stdout.endswith(f"logs: {self.run_directory}\n"), done.stdout)
        self.assertEqual(done.stderr, "")

    def test_json_is_one_object_per_line_and_nothing_else(self):
        done = self.replay(self.flow, "--json", expect=1)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([event["event"] for event in events],
                         ["workflow_started", "task_started", "task_finished", "task_started", "task_finished",
                          "workflow_finished"])
        self.assertEqual(events[2]["outputs"], {"v": "1"})
        self.assertEqual(events[4]["exitCode"], 3)
        self.assertTrue(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"]) for event in events))

    def test_quiet_prints_failures_and_the_table(self):
        done = self.replay(self.flow, "--quiet", expect=1)
        self.assertNotIn("started", done.stdout)
        self.assertRegex(done.stdout.splitlines()[0], r"b: FAILURE")

    def test_standard_output_that_is_full_is_said_and_gives_3(self):
        file = self.write([workflow([task("a")])])
        for words in (["replay", str(file)], ["replay", str(file), "--list"], ["plugins", "list"], ["--help"]):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                done = subprocess.run([self.binary, *words], env=self.environment, text=True, stdout=full,
                                      stderr=subprocess.PIPE, timeout=DEADLINE)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("cannot write to standard output", done.stderr)

    def test_colors_are_forced_and_forbidden_by_the_environment(self):
        self.environment["CLICOLOR_FORCE"] = "1"
        self.assertIn("\x1b[31m", self.replay(self.flow, expect=1).stdout)
        self.assertNotIn("\x1b", self.replay(self.flow, "--no-color", expect=1).stdout)
        self.environment["NO_COLOR"] = "1"
        self.assertNotIn("\x1b", self.replay(self.flow, expect=1).stdout)

    def test_a_terminal_shows_running_tasks_and_their_last_line(self):
        flow = workflow([task("slow", "echo working hard; sleep 1.5")])
        screen = self.on_terminal(self.command(self.write([flow])))
        self.assertRegex(screen, r"slow\x1b\[0m  [\d.]+s  working hard")
        self.assertIn("[0/1]", screen)
        self.assertRegex(screen, r"SUCCESS")

    def on_terminal(self, command):
        parent, child = pty.openpty()
        process = subprocess.Popen(command, env=self.environment, stdout=child, stderr=child, stdin=child)
        os.close(child)
        screen = b""
        try:
            while chunk := os.read(parent, 65536):
                screen += chunk
        except OSError:  # EIO: nobody holds the other end any more
            pass
        os.close(parent)
        self.assertEqual(process.wait(DEADLINE), 0, screen)
        return screen.decode()

    def test_a_reader_that_goes_away_does_not_stop_the_run(self):
        process = self.start(self.flow)
        process.stdout.close()
        self.assertEqual(process.wait(DEADLINE), 1)
        self.assertEqual(self.states(), {"a": "SUCCESS", "b": "FAILURE"})

    def test_reads_the_workflow_from_standard_input(self):
        self.replay("-", stdin=json.dumps([workflow([task("a")])]))
        self.assertEqual(self.states(), {"a": "SUCCESS"})

    def test_the_default_run_directory_is_in_the_state_folder(self):
        file = self.write([workflow([task("a")], name="my/flow")])
        done = subprocess.run([self.binary, "replay", str(file)], env=self.environment, text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        folders = list((self.folder / "state/porpoise/runs").iterdir())
        self.assertEqual(len(folders), 1)
        self.assertRegex(folders[0].name, r"^my_flow-\d{8}-\d{6}-\d+$")
        self.assertEqual(folders[0].stat().st_mode & 0o777, 0o700)


if __name__ == "__main__":
    unittest.main()
