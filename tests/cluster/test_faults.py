"""Everything a cluster can do to a workflow that the double scripts, as the real SDKs show it."""

import unittest

from sdk_case import SDKS_AS_INSTALLED, CallFault, JobFault, StatementError, for_each

RPC_FAILED = "[2001] taskmanager load data failed--ReturnCode[1004]--"


@for_each(SDKS_AS_INSTALLED, globals())
class Faults:
    def test_a_job_fails_with_a_log(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.double.faults.add_job(JobFault(end="FAILED", log="java.lang.OutOfMemoryError: Java heap space"))
        job = client.sql(self.load())[0]
        self.assertEqual(job[2], "FAILED")
        self.assertIn("OutOfMemoryError", client.sql(f"SHOW JOBLOG {job[0]}")[0][0])
        self.assertEqual(client.sql(self.load("overwrite"))[0][2], "FINISHED", "a fault is met once")

    def test_a_job_is_lost(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.double.faults.add_job(JobFault(end="LOST"))
        self.assertEqual(client.sql(self.load())[0][2], "LOST")

    def test_a_job_is_finished_and_then_failed(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.double.faults.add_job(JobFault(end="FLIP"))
        job = client.sql(self.load("overwrite"))[0]
        self.assertEqual(job[2], "FINISHED")
        self.job_state(client, job[0], "FAILED")

    def test_a_job_goes_on_after_its_call_ran_into_its_timeout(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=false", "job_timeout=1000")
        self.double.faults.add_job(JobFault(hold=True))
        self.double.faults.add_call(CallFault("ImportOfflineData", hold=True))
        self.fails(client, self.load("overwrite"), RPC_FAILED + "[E1008]Reached timeout=1000ms")
        job = client.sql("SHOW JOBS")[-1]
        self.job_state(client, job[0], "RUNNING")
        self.double.faults.release()
        self.assertEqual(self.job_state(client, job[0]), "FINISHED")

    def test_a_synchronous_statement_waits_while_others_are_answered(self):
        waiting = self.demo_client("execute_mode='offline'", "sync_job=true")
        other = self.demo_client()
        self.double.faults.add_job(JobFault(hold=True))
        waiting.begin(self.load("overwrite"))
        job = self.until(lambda: [row for row in other.sql("SHOW JOBS") if row[2] == "RUNNING"], "the job to run")[0]
        self.double.faults.release()
        self.assertEqual(waiting.answer()["rows"][0][:3], [job[0], "ImportOfflineData", "FINISHED"])

    def test_a_connection_is_cut_after_the_job_was_submitted(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=false")
        before = len(client.sql("SHOW JOBS"))
        self.double.faults.add_call(CallFault("ImportOfflineData", cut=True))
        self.fails(client, self.load("overwrite"), RPC_FAILED, "Got EOF of Socket")
        self.assertEqual(len(client.sql("SHOW JOBS")), before + 1, "the client was told of a failure")

    def test_a_call_fails_and_a_call_is_refused(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=false")
        before = client.sql("SHOW JOBS")
        self.double.faults.add_call(CallFault("ImportOfflineData", error_code=1234, text="no such luck"))
        self.fails(client, self.load(), RPC_FAILED + "[E1234]no such luck")
        self.double.faults.add_call(CallFault("ImportOfflineData", code=-1, text="wait for job failed"))
        self.fails(client, self.load(), "[2001] taskmanager load data failed--ReturnCode[-1]--wait for job failed")
        self.assertEqual(client.sql("SHOW JOBS"), before)

    def test_the_taskmanager_refuses_connections_and_comes_back(self):
        self.addCleanup(self.double.server, "taskmanager", "up")
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.double.server("taskmanager", "refusing")
        self.fails(client, self.load(), RPC_FAILED, "Not connected to")
        self.assertEqual(client.sql("SHOW VARIABLES")[1], ["execute_mode", "offline"], "the rest is there")
        self.double.server("taskmanager", "up")
        self.until(lambda: self.loads(client), "the SDK to find the TaskManager again")

    def test_there_is_no_taskmanager_in_zookeeper(self):
        self.addCleanup(self.double.server, "taskmanager", "up")
        self.double.server("taskmanager", "gone")
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.fails(client, self.load(), "ReturnCode[1003]--Fail to get TaskManager client")
        self.assertIsInstance(client.sql("SHOW JOBS"), list)
        self.double.server("taskmanager", "up")
        self.until(lambda: self.loads(client), "the SDK to find the TaskManager")

    def test_the_nameserver_is_away(self):
        self.addCleanup(self.double.server, "nameserver", "up")
        client = self.demo_client()
        for state, words in (("refusing", "Create database failed"), ("gone", "no ns client")):
            self.double.server("nameserver", state)
            self.until(lambda: words in self.refusal(client, "CREATE DATABASE other"), f"words {words}")
        stranger = self.client(connect=False)
        with self.assertRaisesRegex(StatementError, "fail to init OpenMLDB sdk"):
            stranger.connect(self.double.cluster.zk, self.double.cluster.root)
        self.double.server("nameserver", "up")
        self.until(lambda: "already exists" in self.refusal(client, "CREATE DATABASE other"), "the nameserver")
        client.sql("DROP DATABASE other")

    def test_the_tablet_is_away(self):
        self.addCleanup(self.double.server, "tablet", "up")
        client = self.demo_client()
        self.double.server("tablet", "refusing")
        self.fails(client, "SHOW JOBS", "Query rpc failed", "Not connected to")
        self.double.server("tablet", "up")
        self.until(lambda: not self.refusal(client, "SHOW JOBS"), "the SDK to find the tablet again")

    def loads(self, client):
        try:
            return client.sql(self.load("overwrite"))[0][2] == "FINISHED"
        except StatementError:
            return False

    def refusal(self, client, text):
        """What the statement fails with; empty where it does not."""
        try:
            client.sql(text)
        except StatementError as error:
            return str(error)
        return ""


if __name__ == "__main__":
    unittest.main()
