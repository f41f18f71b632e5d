"""F11: frames that are none, and bodies that make no sense: the connection ends or the frame is dropped, no more.

tests/fuzz has the decoders' own targets; these are the same bytes against the whole daemon.
"""

import json
import unittest
from pathlib import Path

from fault_case import JAVA_WORKER, FaultCase
from frames import (DISPATCH, GET_APP_ID_RESPONSE, HEART_BEAT, KILL, PING, PONG, REMOVE_LOG_RESPONSE, ROLL_LOG,
                    ROLL_LOG_RESPONSE, SAVEPOINT_RESPONSE, WHOLE_LOG_RESPONSE, encode)
from master import Link

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "frames"
BODIES = {
    "no JSON": b"not json", "nothing": b"", "null": b"null", "a list": b"[]", "a number": b"42", "NUL": b"\0" * 100,
    "cut off": b'{"taskInstanceId":', "trailing bytes": b'{"taskInstanceId":1} and more',
    "deep": b'{"taskExecutionContext":' + b"[" * 10000, "deep objects": b'{"a":' * 10000,
    "invalid UTF-8": b'{"taskInstanceId":"\xff\xfe"}',
    "wrong types": b'{"taskInstanceId":{},"taskExecutionContext":[1]}',
    "duplicate keys": b'{"taskInstanceId":-1,"taskInstanceId":-1,"taskExecutionContext":{},"taskExecutionContext":3}',
    "huge number": b'{"taskInstanceId":1e999}', "no int": b'{"path":"/x","skipLineNum":1000000000000000000,"limit":1}',
    "a context of nulls": json.dumps({"taskExecutionContext": {"taskInstanceId": None, "taskParams": None}}).encode()}
FRAMES = {  # these end the connection
    "magic": encode(HEART_BEAT, b"heart_beat", magic=0x00), "version": encode(HEART_BEAT, b"heart_beat", version=9),
    "type": encode(99, b"{}"), "type 255": encode(255, b"{}"), "HTTP": b"GET / HTTP/1.1\r\nHost: worker\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(200)}
ODD = {  # and these do not
    "context that is no JSON": encode(HEART_BEAT, b"heart_beat", context=b"?"),
    "empty context": encode(PING, b"", context=b""), "no reader": encode(31, b"{}"),
    "an answer to nothing": encode(19, b"{}"), "a beat with a body": encode(HEART_BEAT, b"x" * 1000)}


class Malformed(FaultCase):
    java = True

    def test_what_is_no_frame_ends_its_connection(self):
        seen = {}
        for name, raw in FRAMES.items():
            with self.subTest(name):
                link = Link(self.worker.port)
                link.send(raw)
                try:
                    link.wait_closed(20)
                    seen[name] = "closed"
                except AssertionError:
                    seen[name] = "stays open"
                link.close()
                if not JAVA_WORKER:
                    self.assertEqual(seen[name], "closed")
        self.measured("no frames", seen)

    def test_bodies_that_make_no_sense_cost_nothing_else(self):
        seen = {}
        for name, body in BODIES.items():
            for kind in (DISPATCH, KILL, ROLL_LOG):
                with self.subTest(name, kind=kind):
                    link = Link(self.worker.port)
                    link.send(encode(kind, body, 5))
                    seen[name] = self._alive(link)
                    if not JAVA_WORKER:
                        self.assertTrue(seen[name], "the next frame is read")
        self.assertIsNone(self.worker.process.poll(), "the daemon lives")
        self.measured("bodies after which the connection no longer answers",
                      [name for name, alive in seen.items() if not alive])

    def test_frames_that_are_odd_are_read_over(self):
        for name, raw in ODD.items():
            with self.subTest(name):
                link = Link(self.worker.port)
                link.send(raw)
                alive = self._alive(link)
                if not JAVA_WORKER:
                    self.assertTrue(alive)

    def test_recorded_frames_are_still_understood(self):
        if JAVA_WORKER:
            self.skipTest("it made the recordings")
        answers = []
        for name in ("28", "29", "30", "31", "34"):
            raw = next(GOLDEN.glob(f"{name}-client-to-worker-*.bin")).read_bytes()
            link = Link(self.worker.port, lambda kind, body: answers.append(kind))
            link.send(raw)
            self.assertTrue(self._alive(link))
        recorded = {WHOLE_LOG_RESPONSE, GET_APP_ID_RESPONSE, PONG, SAVEPOINT_RESPONSE, REMOVE_LOG_RESPONSE}
        self.assertEqual(set(answers) - {ROLL_LOG_RESPONSE}, recorded)

    def _alive(self, link):
        """It answers on that connection: a log request, which the Java worker answers, too."""
        path = str(self.worker.log_dir / "20200101" / "1_1-1-1.log")
        answered = link.ask(ROLL_LOG, {"path": path, "skipLineNum": 0, "limit": 10}, 77, 10) is not None
        link.close()
        return answered


if __name__ == "__main__":
    unittest.main()
