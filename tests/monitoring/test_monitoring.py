"""docker/monitoring beside a real worker: its histograms hold what happened, and dashboard and alerts ask for what there is."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
MONITORING = HERE.parents[1] / "docker" / "monitoring"
sys.path.append(str(HERE.parent / "faults"))  # a worker, a master, a ZooKeeper

from fault_case import FaultCase  # noqa: E402
from fault_worker import NEIGHBOUR  # noqa: E402
from frames import KILLED, SUCCESS  # noqa: E402
from waiting import free_ports, until  # noqa: E402

NAME = re.compile(r"\b(?:porpoise|process|ds)_[a-z0-9_]+")


def rules():
    """Name of the alert -> its expression; as text, since YAML is not among Python's own libraries."""
    text = (MONITORING / "alerts.yaml").read_text()
    blocks = text.split("- alert: ")[1:]
    return {block.split("\n", 1)[0]: re.search(r"expr: (.*?)\n\s+(?:for|labels):", block, re.DOTALL)[1] for block in blocks}


def dashboard():
    return json.loads((MONITORING / "grafana" / "porpoise.json").read_text())


def expressions(panels):
    """(panel, expression), with values for the variables."""
    for panel in panels:
        for target in panel.get("targets", []):
            values = {"$job": "porpoise", "$instance": ".*", "$__rate_interval": "1m"}
            yield panel["title"], re.sub(r"\$\w+", lambda found: values[found[0]], target["expr"])


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is missing: the Debian package prometheus has it")


class Files(unittest.TestCase):
    @needs("promtool")
    def test_promtool_finds_no_mistake_and_each_alert_fires(self):
        for arguments in (["check", "config", MONITORING / "prometheus.yaml"], ["check", "rules", MONITORING / "alerts.yaml"],
                          ["test", "rules", HERE / "alerts.test.yaml"]):
            done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        fired = set(re.findall(r'alertname="(\w+)"', (HERE / "alerts.test.yaml").read_text()))
        self.assertEqual(fired, set(rules()), "alerts that fire in alerts.test.yaml, and those that there are")

    def test_each_panel_of_the_dashboard_has_a_place_of_its_own(self):
        panels = dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            taken |= cells

    def test_what_compose_mounts_is_there(self):
        mounts = re.findall(r"- \./(\S+?):(/\S+?):ro", (MONITORING / "compose.yaml").read_text())
        self.assertGreater(len(mounts), 4)
        for file, _ in mounts:
            self.assertTrue((MONITORING / file).is_file(), file)


class Scraped(FaultCase):
    def text(self):
        return NEIGHBOUR.open(f"http://127.0.0.1:{self.worker.http_port}/metrics", timeout=20).read().decode()

    def names(self):
        return set(re.findall(r"^([a-z_]+)(?:\{| )", self.text(), re.MULTILINE))

    def buckets(self, name, labels=""):
        """Upper bound -> how many were at most that."""
        found = re.findall(rf'^{name}_bucket{{{labels}le="([^"]+)"}} (\d+)', self.text(), re.MULTILINE)
        self.assertTrue(found, name)
        return {float(bound): int(count) for bound, count in found}

    def observed(self, name, low, high, labels=""):
        """There is exactly one value, in (low, high], which are bounds of buckets."""
        buckets = self.buckets(name, labels)
        self.assertEqual((buckets[float("inf")], buckets.get(low, 0), buckets[high]), (1, 0, 1), f"{name}: {buckets}")

    def test_histograms_hold_what_happened(self):
        self.master.acks.delay = 0.6
        began = time.monotonic()
        task, status = self.run_task("sleep 1.2")
        self.assertEqual(status, SUCCESS)
        self.history.wait("ACK", task.id, of="RESULT")
        self.worker.wait_metric("porpoise_result_ack_seconds_count", 1)
        took = time.monotonic() - began
        self.observed("porpoise_task_run_seconds", 1, 15, 'outcome="success",type="SHELL",')
        self.observed("porpoise_result_ack_seconds", 0.5, 60)
        self.observed("porpoise_host_start_seconds", 0.0025, 30)
        self.observed("porpoise_task_queue_seconds", 0, 30, 'type="SHELL",')
        sums = {name: self.worker.metric(f"porpoise_{name}_seconds_sum")
                for name in ("task_run", "result_ack", "host_start", "task_queue")}
        self.assertLess(max(sums.values()), took, sums)
        self.assertGreaterEqual(sums["task_run"], 1.2)
        self.assertGreaterEqual(sums["result_ack"], 0.6)
        self.assertLess(sums["host_start"], sums["task_run"], "how long the host took to begin, not the task to end")

        victim, = self.start_tasks(1, "sleep 60")
        self.master.kill(victim.id)
        self.assertEqual(self.history.result(victim.id).status, KILLED)
        self.worker.wait_metric('porpoise_task_run_seconds_count{outcome="kill",type="SHELL"}', 1)
        unknown, _ = self.run_task("true", taskType="NO_SUCH_TYPE")
        self.worker.wait_metric('porpoise_task_run_seconds_count{outcome="failure",type="other"}', 1)
        self.assertNotIn("NO_SUCH_TYPE", self.text(), "a label that a master has made up")

    def test_dashboard_and_alerts_ask_for_metrics_that_there_are(self):
        """While a task runs, and when it has been killed: histograms begin with their first value."""
        self.run_task("true")
        victim, = self.start_tasks(1, "sleep 60")
        there = self.names()
        self.master.kill(victim.id)
        self.history.result(victim.id)
        self.worker.wait_metric("porpoise_kill_seconds_count", 1)
        until(lambda: self.worker.metric("porpoise_result_ack_seconds_count") >= 1, "an acknowledged result", 30)
        until(lambda: "porpoise_disk_free_bytes{" in self.text(), "the room of the disks", 30)
        there |= self.names()
        asked = [(where, name) for where, text in [*rules().items(), *expressions(dashboard()["panels"])]
                 for name in NAME.findall(text)]
        self.assertGreater(len(asked), 40)
        self.assertEqual([one for one in asked if one[1] not in there], [])
        self.assertNotEqual(NAME.findall(json.dumps(dashboard()["templating"])), [])
        for name in NAME.findall(json.dumps(dashboard()["templating"])):
            self.assertIn(name, there)

    @needs("prometheus")
    def test_prometheus_scrapes_it_draws_every_panel_and_fires(self):
        """A real one, every second, with the alerts' patience cut short: the worker is well, then killed."""
        prometheus = Prometheus(self.world, self.worker.http_port)
        self._closing.append(prometheus.end)
        self.run_task("true")
        until(lambda: prometheus.ask("up")[:1] == ["1"], "a scrape", 60)
        self.assertNotIn("PorpoiseDown", prometheus.firing())
        for panel, expression in [*expressions(dashboard()["panels"]), *rules().items()]:
            prometheus.ask(expression.replace(">-", "").strip())  # fails where it makes no sense
        self.worker.kill_hard()
        until(lambda: "PorpoiseDown" in prometheus.firing(), "the alert PorpoiseDown", 60)
        self.worker.start()
        self.master.connect(self.worker.port)
        until(lambda: "PorpoiseDown" not in prometheus.firing(), "the end of the alert", 60)


class Prometheus:
    """Debian's, with the rules and the job of docker/monitoring, on a free port."""

    def __init__(self, world, worker_port):
        self._port = free_ports(["prometheus"])["prometheus"]
        folder = world.run / "prometheus"
        folder.mkdir()
        text = (MONITORING / "prometheus.yaml").read_text()
        text = re.sub(r"15s", "1s", text).replace("127.0.0.1:1235", f"127.0.0.1:{worker_port}")
        (folder / "prometheus.yaml").write_text(text)
        (folder / "alerts.yaml").write_text(re.sub(r"for: \w+", "for: 0s", (MONITORING / "alerts.yaml").read_text()))
        self._process = world.spawn("prometheus", [
            "prometheus", f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}"], dict(os.environ))

    def ask(self, expression):
        """The values; an AssertionError where the expression makes no sense."""
        try:
            query = urllib.parse.urlencode({"query": expression})
            answer = NEIGHBOUR.open(f"http://127.0.0.1:{self._port}/api/v1/query?{query}", timeout=20)
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{expression}: {problem.read().decode()}") from problem
        except OSError:
            return []
        found = json.load(answer)["data"]["result"]
        return [one["value"][1] for one in found]

    def firing(self):
        alerts = json.load(NEIGHBOUR.open(f"http://127.0.0.1:{self._port}/api/v1/alerts", timeout=20))["data"]["alerts"]
        return sorted(one["labels"]["alertname"] for one in alerts if one["state"] == "firing")

    def end(self):
        self._process.terminate()
        self._process.wait(30)


del FaultCase  # a frame, no test of its own
if __name__ == "__main__":
    unittest.main()
