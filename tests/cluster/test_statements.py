"""The demo's statements, through the real SDKs, with nothing but a ZooKeeper address and a path."""

import unittest

from sdk_case import CREATE, EVERY_VARIANT, FEATURES, JobFault, for_each

JOB_COLUMNS = ["job_id", "job_type", "state", "start_time", "end_time", "parameter", "cluster", "application_id",
               "error", "db", "name", "pid", "cur_task", "component"]


@for_each(EVERY_VARIANT, globals())
class Statements:
    def test_the_demo_runs_from_its_table_to_its_deployment(self):
        client = self.client()
        for text in ("CREATE DATABASE IF NOT EXISTS demo_db", "USE demo_db", CREATE, CREATE,
                     "SET @@execute_mode='offline'", "SET @@sync_job=true", "SET @@job_timeout=200000"):
            self.assertIsNone(client.sql(text))
        loaded = client.sql(self.load("overwrite"))[0]
        self.assertEqual(loaded[1:3], ["ImportOfflineData", "FINISHED"])
        self.assertEqual(loaded[13], "TaskManager")
        features = self.folder / f"features-{self.id()}"
        self.assertEqual(client.sql(f"{FEATURES} INTO OUTFILE '{features}'")[0][1:3], ["ExportOfflineData", "FINISHED"])
        self.assertTrue((features / "_SUCCESS").exists())
        rows = sorted("".join(part.read_text() for part in features.glob("part-*.csv")).splitlines())
        self.assertEqual(rows, ["0,1,10,9,1", "0,2,10,13,1", "1,1,11,9,2", "is_attributed,ip,app,hour,qty"])

        client.sql("SET @@execute_mode='online'")
        self.assertIsNone(client.sql(f"DEPLOY demo {FEATURES}"))
        self.assertEqual(client.sql("SHOW DEPLOYMENTS"), [["demo_db", "demo"]])
        self.assertIn("qty", client.sql("SHOW DEPLOYMENT demo")[0][0])
        self.fails(client, f"DEPLOY demo {FEATURES}", "already exists")
        self.assertEqual(client.sql(self.load())[0][1:3], ["ImportOnlineData", "FINISHED"])
        self.assertEqual(client.sql("SELECT count(*) FROM talkingdata"), [[3]])
        request = [2, 10, 1, 13, 379, 1510033227000, 0]
        self.assertEqual(client.call("demo_db.demo", request), [[0, 2, 10, 13, 2]])

        self.fails(client, "DROP TABLE talkingdata", "has associated deployment: demo_db.demo")
        client.sql("DROP DEPLOYMENT demo")
        self.fails(client, "DROP DEPLOYMENT demo", "deployment not found")
        self.fails(client, "SHOW DEPLOYMENT demo", "not found")
        client.sql("DROP TABLE talkingdata")
        client.sql("DROP DATABASE demo_db")

    def test_a_failed_job_is_a_row_and_no_error(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        self.assertEqual(client.columns("SHOW JOBS"), JOB_COLUMNS)
        job = client.sql("LOAD DATA INFILE 'file:///no/such.csv' INTO TABLE talkingdata")[0]
        self.assertEqual(job[2], "FAILED")
        self.assertEqual(client.sql(f"SHOW JOB {job[0]}"), [job])
        self.assertIn(job, client.sql("SHOW JOBS"))
        self.assertIn("Path does not exist: file:/no/such.csv", client.sql(f"SHOW JOBLOG {job[0]}")[0][0])
        self.fails(client, "SHOW JOB 99999", "Job not found: 99999")
        self.assertEqual(client.sql("SHOW JOBLOG 99999"), [["Stdout:\n\n\nStderr:\n"]])

    def test_an_insert_without_a_column_takes_its_default(self):
        client = self.demo_client("execute_mode='online'")
        client.sql("CREATE TABLE defaults(id int, s string DEFAULT 'it\\'s', i bigint DEFAULT 7, d double DEFAULT 1.5, b bool DEFAULT true, "
                   "dt date DEFAULT '2021-02-03', ts timestamp DEFAULT 1000)")
        client.sql("INSERT INTO defaults(id) VALUES (1)")
        self.assertEqual(client.sql("SELECT id, s, i, d, b, year(dt), day(dt), bigint(ts) FROM defaults CONFIG (execute_mode='online')"),
                         [[1, "it's", 7, 1.5, True, 2021, 3, 1000]])
        client.sql("DROP TABLE defaults")  # the database is everybody's, and another test drops it

    def test_an_asynchronous_job_is_submitted_and_found_again(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=false")
        job = client.sql(self.load("overwrite"))[0]
        self.assertEqual(self.job_state(client, job[0]), "FINISHED")

    def test_an_offline_select_gives_its_rows_as_text(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=true")
        client.sql(self.load("overwrite"))
        text = client.sql("SELECT ip FROM talkingdata WHERE app = 11")[0][0]
        self.assertIn("1 rows in set", text)
        self.fails(client, "SELECT nosuch FROM talkingdata", "ReturnCode[-1]--The job", "SHOW JOBLOG")

    def test_stop_job_stops_a_job_that_runs(self):
        client = self.demo_client("execute_mode='offline'", "sync_job=false")
        self.double.faults.add_job(JobFault(hold=True))
        job = client.sql(self.load("overwrite"))[0]
        self.job_state(client, job[0], "RUNNING")
        self.assertEqual(client.sql(f"STOP JOB {job[0]}")[0][2], "STOPPED")
        self.fails(client, "STOP JOB 99999", "Job not found: 99999")

    def test_rows_of_every_type_go_in_and_come_back(self):
        client = self.demo_client()
        client.sql("CREATE TABLE kinds(a bool, b smallint, c int, d bigint, e float, f double, g date, h timestamp, "
                   "i string, j string, k string NOT NULL)")
        client.sql("INSERT INTO kinds VALUES (true, -2, 3, 4000000000, 1.5, -2.25, '2021-12-01', 1590738989000, "
                   "NULL, 'Größe', 'x')")
        client.sql("INSERT INTO kinds VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a', NULL, '')")
        self.fails(client, "INSERT INTO kinds(c) VALUES (1)")
        rows = client.sql("SELECT * FROM kinds")
        self.assertEqual(rows, [
            [True, -2, 3, 4000000000, 1.5, -2.25, "2021-12-01", 1590738989000, None, "Größe", "x"],
            [None, None, None, None, None, None, None, None, "a", None, ""],
        ])
        long = "y" * 300
        client.sql(f"INSERT INTO kinds VALUES (true, 1, 1, 1, 1.0, 1.0, '1999-01-31', 0, '{long}', '{long}', 'z')")
        self.assertEqual(client.sql("SELECT i, j, k FROM kinds WHERE k = 'z'"), [[long, long, "z"]])
        client.sql("DROP TABLE kinds")

    def test_a_deployment_on_a_table_with_rows_gets_its_index(self):
        client = self.demo_client()
        client.sql("CREATE TABLE filled(k int, o int, t timestamp)")
        client.sql("INSERT INTO filled VALUES (1, 7, 1000)")
        client.sql("DEPLOY counted SELECT k, count(o) OVER w AS c FROM filled WINDOW w AS "
                   "(PARTITION BY o ORDER BY t ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)")
        self.assertEqual(client.call("demo_db.counted", [2, 7, 2000]), [[2, 2]])
        self.assertIn("demo_db", client.sql("SHOW TABLE STATUS")[0])
        client.sql("DROP DEPLOYMENT counted")
        client.sql("DROP TABLE filled")

    def test_a_second_client_sees_what_the_first_has_made(self):
        first, second = self.demo_client(), self.client()
        second.sql("USE demo_db")
        first.sql("CREATE TABLE shared(a int)")
        self.until(lambda: ["shared"] in second.sql("SHOW TABLES"), "the table to be seen")
        first.sql("INSERT INTO shared VALUES (5)")
        self.assertEqual(second.sql("SELECT a FROM shared"), [[5]])
        first.sql("DROP TABLE shared")
        self.until(lambda: ["shared"] not in second.sql("SHOW TABLES"), "the table to be gone")

    def test_refusals_have_the_words_of_a_cluster(self):
        client = self.demo_client()
        self.fails(client, "CREATE DATABASE demo_db", "[2000] Create database failed for database already exists")
        self.fails(client, "USE nosuch", "[2000] Use database failed for database not found")
        self.fails(client, "CREATE TABLE talkingdata(ip int)", "[2000] table already exists")
        self.fails(client, "DROP TABLE nosuch", "[2000] fail to drop, table does not exist!")
        self.fails(client, "DROP DATABASE demo_db", "not empty")
        self.fails(client, "SELECT * FROM nosuch", "nosuch")

    def test_variables_are_kept_for_the_session_and_for_all(self):
        client = self.client()
        self.assertEqual(sorted(client.sql("SHOW VARIABLES"))[1], ["execute_mode", "online"])
        client.sql("SET @@global.job_timeout=30000")
        self.assertIn(["job_timeout", "30000"], client.sql("SHOW GLOBAL VARIABLES"))
        self.assertIn(["job_timeout", "30000"], self.client().sql("SHOW VARIABLES"))
        client.sql("SET @@global.job_timeout=20000")
        self.fails(client, "SET @@execute_mode='nope'", "execute_mode")


if __name__ == "__main__":
    unittest.main()
