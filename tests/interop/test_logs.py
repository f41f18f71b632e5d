"""Task logs through the API server: pages as the web page reads them, download, and removal."""

import os
import time
import unittest

from scenario import Scenario, output_of
from tasks import shell
from waiting import until

LINES = 100_000
MORE_PAGES_THAN_ANY_LOG = 1000
ODD = r"""
printf 'before\n\n\n   \n\nafter\n'
printf 'not utf-8: \377\376\n'
head -c 200000 /dev/zero | tr '\0' x; echo
echo end
"""


class Logs(Scenario):
    @classmethod
    def begin(cls):
        cls.flow = cls.run_workflow([shell("long", f"seq 1 {LINES}"), shell("odd", ODD),
                                     shell("short", "echo one line")])
        cls.flow.wait()
        for name in ("long", "short"):
            cls.flow.log(name)  # complete

    def number(self, name):
        return self.flow.tasks()[name]["id"]

    def pages(self, name):
        """As the web page does: longer and longer pages, each behind what the server said it had, to an empty one."""
        number, skip, pages = self.number(name), 0, []
        for page in range(1, MORE_PAGES_THAN_ANY_LOG):
            text, lines = self.api.log_page(number, skip, 1000 * page)
            if not text:
                return pages
            pages.append(text)
            skip += lines
        self.fail(f"the log has no end; the last page: {pages[-1][:200]}")

    def test_paging_through_a_long_log_ends_and_loses_nothing(self):
        began = time.monotonic()
        pages = self.pages("long")
        print(f"    logs: {len(pages)} pages in {time.monotonic() - began:.1f} s", flush=True)
        self.assertEqual(output_of("".join(pages)), [str(number) for number in range(1, LINES + 1)])

    def test_the_download_has_every_line(self):
        text = self.api.download_log(self.number("long")).decode()
        self.assertEqual(output_of(text), [str(number) for number in range(1, LINES + 1)])
        self.assertIn("[LOG-PATH]", text.splitlines()[0])

    def test_empty_lines_strange_bytes_and_a_huge_line_do_not_stop_the_paging(self):
        self.skip_java("sends no answer for a log that is not UTF-8")
        text = "".join(self.pages("odd"))
        for part in ("before", "after", "not utf-8: \ufffd", "xxxxxxxx"):
            self.assertIn(part, text)
        self.assertEqual(output_of(text)[-1], "end")

    def test_the_log_of_a_removed_task_is_gone(self):
        flow = self.run_workflow([shell("short", "echo one line")])
        self.assertEqual(flow.wait(), "SUCCESS")
        flow.log("short")
        file = flow.tasks()["short"]["logPath"]
        self.assertTrue(os.path.isfile(file), file)
        began = time.monotonic()
        self.api.delete(flow.instance)
        self.assertLess(time.monotonic() - began, 8, "the API server waits ten seconds for an answer that never comes")
        until(lambda: not os.path.exists(file), f"the removal of {file}", 10)

    def test_a_log_that_is_missing_is_no_endless_log(self):
        os.remove(self.flow.tasks()["short"]["logPath"])
        self.assertLessEqual(len(self.pages("short")), 2)


if __name__ == "__main__":
    unittest.main()
