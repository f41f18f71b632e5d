"""An alert that a task asks for, from its plugin to the alert server: a real worker and ZooKeeper, a scripted master."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from replay_case import DEADLINE, find_binary, wait_for
from zookeeper_server import ZookeeperServer, free_port

DISPATCH, RESULT, ALERT, ALERT_ANSWER = 13, 16, 27, 28  # 3.1 `CommandType`
CONTEXT = b'{"items":{}}'


def write_frame(connection, command, opaque, body):
    """3.1 `NettyEncoder`"""
    text = json.dumps(body).encode()
    connection.sendall(struct.pack(">HBBQI", 0xBABE, 0, command, opaque, len(CONTEXT)) + CONTEXT +
                       struct.pack(">I", len(text)) + text)


def read_frame(stream):
    """(command, opaque, body), or nothing at the end."""
    head = stream.read(16)
    if len(head) < 16:
        return None
    _, _, command, opaque, size = struct.unpack(">HBBQI", head)
    stream.read(size)
    return command, opaque, stream.read(struct.unpack(">I", stream.read(4))[0])


class Alert(unittest.TestCase):
    def setUp(self):
        self.binary = find_binary()
        self.plugins = Path(self.binary).parents[1] / "tests" / "plugins"
        if not (self.plugins / "fixture.so").is_file():
            raise unittest.SkipTest(f"no {self.plugins}/fixture.so: build target fixture")
        self.folder = Path(tempfile.mkdtemp(prefix="porpoise-alert-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.master = self.listen()
        self.alert_server = self.listen()

    def listen(self):
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(DEADLINE)
        self.addCleanup(server.close)
        return server

    def start_worker(self):
        port = free_port()
        log = self.folder / "worker.log"
        with open(log, "wb") as out:
            worker = subprocess.Popen(
                [self.binary, "worker", f"--zookeeper={ZookeeperServer(self).address}", f"--listen=127.0.0.1:{port}",
                 "--http=none", f"--plugin-dir={self.plugins}", "--alert-server=" + address_of(self.alert_server),
                 f"--data-dir={self.folder}/data", f"--log-dir={self.folder}/logs", "--no-sudo"],
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}, cwd="/",
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        wait_for(lambda: " INFO  registered" in log.read_text(), "the registration")
        return worker, port, log

    def dispatch(self, port, task_instance_id):
        params = {"do": "alert", "title": "rows", "content": '[{"a":1}]'}
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as peer:
            write_frame(peer, DISPATCH, 1, {
                "messageSenderAddress": address_of(self.master),
                "taskExecutionContext": {"taskInstanceId": task_instance_id, "taskName": "t", "taskType": "FIXTURE",
                                         "processInstanceId": 1, "processDefineCode": 2, "processDefineVersion": 1,
                                         "projectCode": 3, "tenantCode": "", "taskParams": json.dumps(params)}})

    def result_of_task(self):
        with self.master.accept()[0] as peer, peer.makefile("rb") as stream:
            while frame := read_frame(stream):
                if frame[0] == RESULT:
                    return json.loads(frame[2])
        self.fail("the worker closed its connection without a result")

    def test_reaches_the_alert_server_after_the_task(self):
        worker, port, log = self.start_worker()
        self.dispatch(port, 5)
        self.assertEqual(self.result_of_task()["status"], 7)
        with self.alert_server.accept()[0] as peer, peer.makefile("rb") as stream:
            command, opaque, body = read_frame(stream)
            self.assertEqual(command, ALERT)
            self.assertEqual(json.loads(body), {"groupId": 7, "title": "rows", "content": '[{"a":1}]', "warnType": 1})
            write_frame(peer, ALERT_ANSWER, opaque, {"success": False, "resResults": [
                {"success": False, "message": "no channel"}]})
            self.assertIsNone(read_frame(stream))  # the worker hangs up
        wait_for(lambda: "it could not: no channel" in log.read_text(), "a word about the alert")
        worker.send_signal(signal.SIGKILL)  # it waits for a master to acknowledge the result


def address_of(server):
    return f"127.0.0.1:{server.getsockname()[1]}"


if __name__ == "__main__":
    unittest.main()
