"""Files of the resource centre, made through the API server, in the working directory of a task."""

import unittest

from ds_api import NEIGHBOUR
from scenario import Scenario
from tasks import shell, task


def with_files(name, script, *files):
    return task(name, "SHELL", {"rawScript": script, "localParams": [], "resourceList": list(files)})


class Resources(Scenario):
    @classmethod
    def begin(cls):
        cls.api.own_files_as("root")
        folder = cls.api.add_folder("lib")
        nested = cls.api.add_file("greet.sh", "echo greetings from a file\n", folder, "/lib")
        top = cls.api.add_file("data.txt", "a,b\n1,2\n")
        cls.flow = cls.run_workflow([
            with_files("nested", "bash lib/greet.sh; stat -c '%U %a' lib/greet.sh", {"id": nested}),
            with_files("two", "cat data.txt lib/greet.sh", {"id": nested}, {"id": top}),
            shell("none", "ls -A"),
        ])
        cls.flow.wait()

    def test_a_file_is_where_its_full_name_says(self):
        self.assertEqual(self.flow.states(), {"nested": "SUCCESS", "two": "SUCCESS", "none": "SUCCESS"},
                         self.flow.log("nested"))
        self.assertEqual(self.flow.output("nested"), ["greetings from a file", "root 644"])

    def test_several_files_come_together(self):
        self.assertEqual(self.flow.output("two"), ["a,b", "1,2", "echo greetings from a file"])

    def test_the_log_says_what_was_fetched(self):
        self.skip_java("it says when it begins, not what came")
        self.assertRegex(self.flow.log("nested"), r"fetched /lib/greet.sh, 27 bytes, ")

    def test_downloads_are_counted(self):
        self.skip_java("its metrics are not looked at")
        text = NEIGHBOUR.open(f"http://127.0.0.1:{self.worker.http_port}/metrics").read().decode()
        self.assertRegex(text, r"ds_worker_resource_download_count_total.*success.* [1-9]")


if __name__ == "__main__":
    unittest.main()
