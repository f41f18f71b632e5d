"""The page that a worker serves, as a browser has it: its parts, hostile names, both colours, and the way of the keyboard."""

import json
import re
import sys
import unittest
import urllib.error
import urllib.request
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))  # a worker, a master, a ZooKeeper

from browser import CHROMIUM, Browser  # noqa: E402
from fault_case import FaultCase  # noqa: E402
from fault_worker import NEIGHBOUR  # noqa: E402
from waiting import until  # noqa: E402

HOSTILE = "<img src=x onerror=\"document.title='taken'\"></td><script>document.title='taken'</script>"
TAB, ENTER = ("Tab", 9), ("Enter", 13, "\r")


def colours(png):
    """How many different bytes the pixels have: an empty page has few."""
    chunks, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at:at + 4], "big")
        if png[at + 4:at + 8] == b"IDAT":
            chunks += png[at + 8:at + 8 + size]
        at += size + 12
    return len(set(zlib.decompress(chunks)))


class Page(FaultCase):
    flags = {"exec_threads": 2}

    def address(self, path="/"):
        return f"http://127.0.0.1:{self.worker.http_port}{path}"

    def read(self, path, **headers):
        return NEIGHBOUR.open(urllib.request.Request(self.address(path), headers=headers), timeout=20)

    def _fill_slots(self, tasks):
        """With the first two; one dispatch of several may be on disk before another, and takes its slot."""
        self.master.dispatch(*tasks[:2])
        self.wait_begun(*tasks[:2], seconds=60)
        self.master.dispatch(*tasks[2:])

    def test_json_of_tasks_that_run_wait_and_have_names_of_all_kinds(self):
        gate, wait = self.gate()
        tasks = [self.task(wait, taskName=name) for name in ("one", HOSTILE, "three", "日本 \u202e\x07")]
        self._fill_slots(tasks)
        states = lambda: [task["state"] for task in json.load(self.read("/v1/tasks"))["tasks"]]  # noqa: E731
        until(lambda: states() == ["running", "running", "waiting", "waiting"], "four tasks, two of which wait", 30)
        found = {task["id"]: task for task in json.load(self.read("/v1/tasks"))["tasks"]}
        self.assertEqual([found[task.id]["state"] for task in tasks], ["running", "running", "waiting", "waiting"])
        self.assertEqual(found[tasks[1].id]["name"], HOSTILE)
        status = json.load(self.read("/v1/status"))
        self.assertEqual((status["state"], status["slots"]), ("working", {"total": 2, "used": 2}))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.read("/v1/tasks", Host="evil.example")
        self.assertEqual(refused.exception.code, 421)
        refused.exception.close()
        gate.touch()
        for task in tasks:
            self.history.result(task.id)

    @unittest.skipUnless(CHROMIUM, "no Chromium: the Debian package chromium has it")
    def test_in_a_browser(self):
        gate, wait = self.gate()
        tasks = [self.task(wait, taskName=name) for name in ("first", HOSTILE, "third")]
        self._fill_slots(tasks)
        folder = self.world.run / "browser"
        folder.mkdir()
        browser = Browser(folder)
        self._closing.append(browser.end)
        browser.dark(False)
        browser.open(self.address())
        rows = "document.querySelectorAll('#rows tr').length"
        until(lambda: "waits: 2 of 2 slots" in browser.run("document.body?.innerText ?? ''"), "three tasks on the page", 60)
        self._has_its_parts(browser, tasks)
        self._is_used_by_keyboard(browser)
        self._has_two_colours(browser)
        gate.touch()
        until(lambda: browser.run(rows) == 0, "the end of the tasks on the page", 60)
        self.assertEqual(browser.errors, [])
        self.worker.kill_hard()
        until(lambda: "does not answer" in browser.run("document.getElementById('freshness').textContent"),
              "the page says that the worker is gone", 60)
        self.worker.start()
        self.master.connect(self.worker.port)
        until(lambda: browser.run("document.getElementById('freshness').textContent") == "", "its return", 60)

    def _has_its_parts(self, browser, tasks):
        text = browser.run("document.body.innerText")
        for part in ("porpoise at 127.0.0.1:", "working", "Slots", "2 of 2 taken", "ZooKeeper", "registered", "Data folder",
                     "Tasks: 3", "waits: 2 of 2 slots", "SHELL", *(str(task.id) for task in tasks)):
            self.assertIn(part, text)
        self.assertIn(HOSTILE, text, "a name is shown as it is")
        self.assertEqual(browser.run("document.images.length + document.scripts.length"), 1, "and is no HTML")
        self.assertRegex(browser.run("document.title"), r"^2/2 127\.0\.0\.1:\d+ – porpoise$")
        loaded = browser.run("performance.getEntriesByType('resource').map(one => new URL(one.name).host)")
        self.assertEqual(set(loaded), {f"127.0.0.1:{self.worker.http_port}"}, "nothing comes from elsewhere")

    def _is_used_by_keyboard(self, browser):
        order = []
        for _ in range(13):
            browser.press(*TAB)
            order.append(browser.run("document.activeElement.textContent.trim().slice(0, 20) || document.activeElement.id"))
        self.assertEqual(order[:3], ["To the tasks", "Pause", "filter"])
        self.assertTrue(browser.run("document.activeElement.tagName") != "BODY", order)
        self.assertEqual(order[4:13], ["Id", "Workflow instance", "Name", "Type", "Tenant", "State", "Since", "Master", "Log"])
        self.assertRegex(order[3], "^Id", "the table itself, so that it can be scrolled")
        names = "[...document.querySelectorAll('#rows td:nth-child(3)')].map(one => one.textContent)"
        browser.run("document.querySelectorAll('#columns button')[2].focus()")
        browser.press(*ENTER)
        self.assertEqual(browser.run(names)[1:], ["first", "third"])
        self.assertEqual(browser.run("document.querySelectorAll('#columns th')[2].ariaSort"), "ascending")
        browser.press(*ENTER)
        self.assertEqual(browser.run(names)[:2], ["third", "first"])
        browser.run("document.getElementById('filter').focus()")
        browser.ask("Input.insertText", text="third")
        self.assertEqual(browser.run(names), ["third"])
        browser.run("filter = document.getElementById('filter'), filter.value = '', filter.dispatchEvent(new Event('input'))")

    def _has_two_colours(self, browser):
        back = "getComputedStyle(document.body).backgroundColor"
        light, first = browser.run(back), browser.screenshot()
        browser.dark(True)
        dark, second = browser.run(back), browser.screenshot()
        self.assertEqual((light, dark), ("rgb(255, 255, 255)", "rgb(13, 17, 23)"))
        for picture in (first, second):
            self.assertTrue(re.match(rb"\x89PNG", picture))
            self.assertGreater(colours(picture), 20)
        self.assertNotEqual(first, second)


del FaultCase  # a frame, no test of its own
if __name__ == "__main__":
    unittest.main()
