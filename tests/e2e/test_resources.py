"""Files of the resource centre get into the working directory: from a folder in a replay, from each storage through the
task host. The servers are doubles that check what a real one checks."""

import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from replay_case import DEADLINE, ReplayCase, find_binary, processes_with, task, wait_for, workflow
from storage_doubles import NO_BODY, S3, WebHdfs, signature

LONG = 60_000  # milliseconds of grace: who waits for it fails the test


def with_resources(*names, script="cat lib/a.py", **members):
    params = {"rawScript": script, "localParams": [], "resourceList": [{"resourceName": name} for name in names]}
    return workflow([task("t", taskParams=params, **members)])


class Replayed(ReplayCase):
    def setUp(self):
        super().setUp()
        self.centre = self.folder / "centre"
        (self.centre / "lib").mkdir(parents=True)
        (self.centre / "lib" / "a.py").write_text("content of a\n")

    def test_files_are_where_their_full_names_say(self):
        (self.centre / "b c.sh").write_text("echo from b\n")
        self.replay(with_resources("/lib/a.py", "/b c.sh", script="cat lib/a.py; bash 'b c.sh'; stat -c %a lib/a.py"),
                    "--resources", self.centre)
        log = self.log("t")
        for line in ("content of a", "from b", "644", "fetched /lib/a.py, 13 bytes, "):
            self.assertIn(line, log)

    def test_without_a_folder_nothing_runs(self):
        error = self.replay(with_resources("/lib/a.py"), expect=2).stderr
        self.assertRegex(error, r"\d+:\d+ /0/taskDefinitionList/0/taskParams/resourceList: task 't': resource "
                                r'"/lib/a.py" is in the resource centre of a cluster; say with --resources')
        self.assertFalse(self.run_directory.exists())

    def test_what_is_not_in_the_folder_is_said_before_anything_runs(self):
        error = self.replay(with_resources("/lib/b.py", "/lib", "/../x"), "--resources", self.centre, expect=2).stderr
        self.assertIn(f"cannot read {self.centre}/lib/b.py: there is no such file", error)
        self.assertIn(f"{self.centre}/lib: it is a folder", error)
        self.assertIn("would leave the working directory", error)

    def with_ids(self):
        tasks = [task("one", taskParams={"rawScript": "cat lib/a.py", "resourceList": [{"id": 6}]}),
                 task("two", taskParams={"rawScript": "cat lib/a.py b.sh", "resourceList": [{"id": 6}, {"id": 9}]}),
                 task("none")]
        return workflow(tasks, [("one", "two"), ("two", "none")])

    def test_resources_by_id_are_missed_all_at_once_with_the_tasks_that_want_them(self):
        error = self.replay(self.with_ids(), "--resources", self.centre, expect=2).stderr
        self.assertIn("6 of 'one', 'two'; 9 of 'two'", error)
        self.assertIn("--resource 6=/FULL/NAME --resource 9=/FULL/NAME", error)

    def test_resources_by_id_get_their_names_from_the_command_line(self):
        (self.centre / "b.sh").write_text("content of b\n")
        self.replay(self.with_ids(), "--resources", self.centre, "--resource", "6=/lib/a.py", "--resource", "9=/b.sh")
        for line in ("content of a", "content of b", "fetched /lib/a.py", "fetched /b.sh"):
            self.assertIn(line, self.log("two"))

    def test_some_names_are_not_enough(self):
        error = self.replay(self.with_ids(), "--resources", self.centre, "--resource", "6=/lib/a.py", expect=2).stderr
        self.assertIn("(9 of 'two')", error)

    def test_the_list_and_a_dry_run_say_which_ids_need_a_name(self):
        listed = self.replay(self.with_ids(), "--list").stdout
        self.assertIn("needs --resource 6=/FULL/NAME", listed)
        self.assertIn("9 of 'two'", listed)
        self.assertIn("a run would refuse this: resources are known by ids only",
                      self.replay(self.with_ids(), "--dry-run").stderr)

    def test_a_wrong_resource_option_is_refused(self):
        self.assertIn("is not of the form ID=/FULL/NAME",
                      self.replay(self.with_ids(), "--resource", "lib/a.py", expect=2).stderr)
        self.assertIn("would leave", self.replay(self.with_ids(), "--resource", "6=/../a", expect=2).stderr)
        self.assertIn("no task of the file has a resource with this id",
                      self.replay(self.with_ids(), "--resource", "7=/a", "--dry-run").stderr)

    def test_a_resource_that_is_listed_twice_is_fetched_once(self):
        self.replay(with_resources("/lib/a.py", "/lib/a.py", "lib/a.py"), "--resources", self.centre)
        self.assertEqual(self.log("t").count("fetched "), 1)

    def test_of_a_storage_url_the_end_counts_that_the_folder_has(self):
        for url in ("hdfs://nn:8020/dolphinscheduler/etl/resources/lib/a.py", "file:/opt/ds/etl/resources/lib/a.py",
                    "s3a://bucket/dolphinscheduler/lib/a.py"):
            self.replay(with_resources(url), "--resources", self.centre)
            self.assertIn("content of a", self.log("t"))
        whole = self.centre / "dolphinscheduler/etl/resources"
        whole.mkdir(parents=True)
        (whole / "c.py").write_text("content of c\n")
        self.replay(with_resources("hdfs://nn/dolphinscheduler/etl/resources/c.py",
                                   script="cat dolphinscheduler/etl/resources/c.py"), "--resources", self.centre)
        self.assertIn("content of c", self.log("t"))
        self.assertIn("x/lib/z.py or an end of that path in",
                      self.replay(with_resources("hdfs://nn/x/lib/z.py"), "--resources", self.centre, expect=2).stderr)

    def test_a_dry_run_needs_no_files(self):
        self.replay(with_resources("/lib/b.py"), "--dry-run")
        self.assertIn("dry run", self.log("t"))

    def test_a_link_in_the_folder_is_refused_before_anything_runs(self):
        (self.centre / "link").symlink_to("/etc/hostname")
        (self.centre / "way").symlink_to(self.centre / "lib")
        for name in ("/link", "/way/a.py"):
            error = self.replay(with_resources(name), "--resources", self.centre, expect=2).stderr
            self.assertIn(f"cannot read {self.centre}{name}: a symbolic link", error)
        self.assertIn("a symbolic link", self.replay(with_resources("/link"), "--resources", self.centre, "--list").stdout)

    def test_the_list_says_what_the_folder_must_have(self):
        self.assertIn("/lib/a.py", self.replay(with_resources("/lib/a.py"), "--list").stdout)


class HostCase(unittest.TestCase):
    """One task in the task host of the build, asked for as the worker asks."""

    def setUp(self):
        replay = ReplayCase("setUp")
        self.addCleanup(replay.doCleanups)
        replay.setUp()
        self.folder, self.binaries = replay.folder, Path(find_binary()).parent
        self.state, self.work = self.folder / "state", self.folder / "work"
        self.state.mkdir()

    def serve(self, double):
        self.addCleanup(double.close)
        return double

    def ask(self, names, storage, script="cat lib/a.py", **members):
        request = {"v": 1, "taskInstanceId": 7, "taskName": "t", "taskType": "SHELL", "processInstanceId": 3,
                   "plugin": str(self.binaries.parent / "lib/porpoise/plugins/shell.so"),
                   "taskParams": json.dumps({"rawScript": script, "localParams": []}), "resources": names,
                   "executePath": str(self.work), "logPath": str(self.folder / "task.log"), "killGraceMillis": LONG,
                   **members}
        order = {"v": 1, "storage": storage, "maxBytes": 1 << 20,
                 "files": [{"name": name, "path": "etl/resources/" + name.lstrip("/")} for name in names]}
        (self.state / "request.json").write_text(json.dumps(request))
        (self.state / "resources.json").write_text(json.dumps(order))
        host = subprocess.Popen([self.binaries / "porpoise-host", self.state], stdin=subprocess.DEVNULL,
                                env={**os.environ, "MARK": str(self.folder)}, stderr=subprocess.PIPE, text=True)
        self.addCleanup(host.stderr.close)
        self.addCleanup(host.wait)
        self.addCleanup(host.kill)
        return host

    def finish(self, host):
        _, errors = host.communicate(timeout=DEADLINE)
        result = json.loads((self.state / "result.json").read_text())
        code = max(result["exitCode"], 0 if result["state"] == "SUCCESS" else 1)
        self.assertEqual((host.returncode, errors), (code, ""), "it exits as its task")
        return result

    def run_task(self, names, storage, **more):
        return self.finish(self.ask(names, storage, **more))

    def log(self):
        return (self.folder / "task.log").read_text()


def s3_storage(server, **changed):
    return {"kind": "s3", "url": server.url, "basePath": "/ds", "bucket": "bucket", "region": S3.region,
            "accessKey": S3.access_key, "secretKey": S3.secret_key, **changed}


class FromS3(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(S3())
        self.server.files["/bucket/ds/etl/resources/lib/a.py"] = b"content of a\n"

    def test_the_double_signs_as_amazon_does(self):
        """The example of a GET in Amazon's description of the signature."""
        headers = {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9", "x-amz-content-sha256": NO_BODY,
                   "x-amz-date": "20130524T000000Z"}
        self.assertEqual(
            signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524/us-east-1/s3/aws4_request", "GET", "/test.txt",
                      "", headers, "host;range;x-amz-content-sha256;x-amz-date", NO_BODY),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")

    def test_the_host_exits_as_its_task_does(self):
        for script, code in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)):
            self.finish(host := self.ask([], s3_storage(self.server), script=script))
            self.assertEqual(host.returncode, code)

    def test_files_come_with_a_good_signature_whatever_they_are_called(self):
        names = ["/lib/a.py", "/a b+c=d&e.py", "/数据/ü.csv", "/100%~(1)'*!;:@,$.txt"]
        for name in names[1:]:
            self.server.files["/bucket/ds/etl/resources" + name] = name.encode()
        result = self.run_task(names, s3_storage(self.server), script="cat 数据/*.csv lib/a.py; cat 1*.txt a*")
        self.assertEqual(result["state"], "SUCCESS", self.log())
        self.assertIn("content of a", self.log())
        self.assertIn("/100%~(1)'*!;:@,$.txt/a b+c=d&e.py", self.log())
        self.assertEqual([one["bytes"] for one in result["fetched"]],
                         [13] + [len(name.encode()) for name in names[1:]])

    def test_a_key_may_begin_with_a_slash(self):
        self.server.files["/bucket//etl/resources/lib/a.py"] = b"at the top\n"
        self.assertEqual(self.run_task(["/lib/a.py"], s3_storage(self.server, basePath="/"))["state"], "SUCCESS")
        self.assertIn("at the top", self.log())

    def test_a_wrong_key_fails_the_task_at_once_and_says_what_to_check(self):
        result = self.run_task(["/lib/a.py"], s3_storage(self.server, secretKey="wrong"))
        self.assertEqual((result["state"], result["fetchFailed"]), ("FAILURE", True))
        self.assertIn(f"cannot fetch resource /lib/a.py from {self.server.url}/bucket/ds/etl/resources/lib/a.py: status "
                      "403 (SignatureDoesNotMatch: not you); check resources.access-key", result["message"])
        self.assertIn(result["message"], self.log())
        self.assertEqual(len(self.server.requests), 1)
        self.assertEqual(result["processId"], 0, "the script ran")

    def test_the_secret_is_in_nothing_that_stays_or_can_be_seen(self):
        self.server.answers_late = True
        self.server.hanging.add("/bucket/ds/etl/resources/lib/a.py")
        host = self.ask(["/lib/a.py"], s3_storage(self.server), script="env; cat /proc/self/cmdline; cat lib/a.py")
        self.assertTrue(self.server.hung.wait(DEADLINE))
        self.assertFalse((self.state / "resources.json").exists())
        mine = processes_with(str(self.folder))
        self.assertIn(host.pid, mine)
        self.assertEqual(len(mine), 2, "host and fetch")
        self.assertEqual([pid for pid in processes_with(S3.secret_key) if pid in mine], [])
        self.server.over.set()
        self.assertEqual(self.finish(host)["state"], "SUCCESS")
        for file in self.folder.rglob("*"):
            if file.is_file():
                self.assertNotIn(S3.secret_key.encode(), file.read_bytes(), file)

    def hang(self, **members):
        self.server.hanging.add("/bucket/ds/etl/resources/lib/a.py")
        host = self.ask(["/lib/a.py"], s3_storage(self.server), **members)
        self.assertTrue(self.server.hung.wait(DEADLINE))
        return host

    def ended_at_once(self, host):
        began = time.monotonic()
        result = self.finish(host)
        self.assertLess(time.monotonic() - began, LONG / 1000 / 2, "it waited for the grace period")
        self.assertEqual(processes_with(str(self.folder)), [])
        self.assertFalse(self.work.exists())
        return result

    def test_a_cancel_ends_a_hanging_download_at_once(self):
        host = self.hang()
        host.send_signal(signal.SIGTERM)
        result = self.ended_at_once(host)
        self.assertEqual(result["state"], "KILL")
        self.assertNotIn("fetchFailed", result)

    def test_a_timeout_ends_a_hanging_download_at_once(self):
        result = self.ended_at_once(self.hang(timeoutMillis=2000))
        self.assertEqual((result["state"], result["timedOut"]), ("FAILURE", True))
        self.assertIn("timed out after 2 s", result["message"])

    def test_a_fetch_that_dies_fails_the_task_and_is_named(self):
        host = self.hang()
        [fetch] = [pid for pid in processes_with(str(self.folder)) if pid != host.pid]
        os.kill(fetch, signal.SIGKILL)
        result = self.ended_at_once(host)
        self.assertEqual(result["state"], "FAILURE")
        self.assertIn("porpoise-fetch, which was fetching resources, was ended by signal 9 (SIGKILL)", result["message"])

    def test_a_host_that_dies_takes_the_download_with_it(self):
        host = self.hang()
        host.kill()
        host.wait()
        wait_for(lambda: not processes_with(str(self.folder)), "the end of porpoise-fetch")

    def test_a_name_that_leads_out_is_refused_also_by_the_host(self):
        result = self.run_task(["/lib/../../a.py"], s3_storage(self.server))
        self.assertEqual(result["state"], "FAILURE")
        self.assertIn('resource "/lib/../../a.py" would leave the working directory', result["message"])
        self.assertEqual(self.server.requests, [])


class FromWebHdfs(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(WebHdfs())

    def test_files_come_by_way_of_the_name_node(self):
        self.server.files["/webhdfs/v1/ds/etl/resources/lib/a.py"] = b"content of a\n"
        result = self.run_task(["/lib/a.py"], {"kind": "webhdfs", "url": self.server.url, "basePath": "/ds",
                                               "user": "hdfs"})
        self.assertEqual(result["state"], "SUCCESS", self.log())
        self.assertEqual(len(self.server.requests), 2)

    def test_who_may_not_is_told_which_key_to_check(self):
        result = self.run_task(["/lib/a.py"], {"kind": "webhdfs", "url": self.server.url, "basePath": "/ds"})
        self.assertIn("AccessControlException: no); check resources.user", result["message"])


class AsTenant(HostCase):
    def test_files_belong_to_the_tenant(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a task as somebody else")
        self.folder.chmod(0o711)
        centre = self.folder / "centre/ds/etl/resources/lib"
        centre.mkdir(parents=True)
        (centre / "a.py").write_text("x")
        (self.folder / "centre").chmod(0o700)  # the tenant could not read it there
        result = self.run_task(["/lib/a.py"], {"kind": "file", "url": f"file://{self.folder}/centre", "basePath": "/ds"},
                               script="stat -c '%U %U %a' lib lib/a.py; echo more >> lib/a.py; touch lib/b",
                               runAs="nobody")
        self.assertEqual(result["state"], "SUCCESS", self.log())
        self.assertIn("nobody nobody 755", self.log())
        self.assertIn("nobody nobody 644", self.log())


if __name__ == "__main__":
    unittest.main()
