"""HTTP tasks against a server of this test."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from scenario import JAVA, Scenario
from tasks import http, in_param


EXTENDED = {"verified", "rolled back"}  # by fields of porpoise's own


class Answers(BaseHTTPRequestHandler):
    """/STATUS/TEXT is answered so; requests are kept by path."""

    seen = {}

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = self.path.partition("?")[0]
        Answers.seen[path] = (self.command, self.path, dict(self.headers), body)
        _, status, *text = path.split("/")
        content = " ".join(text).encode()
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


class Http(Scenario):
    @classmethod
    def begin(cls):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        base = f"http://127.0.0.1:{server.server_port}"
        cls.flow = cls.run_workflow([
            http("get", "GET", base + "/200/got?x=1", query={"q": "${what}"}, headers={"X-Test": "value"}),
            http("post", "POST", base + "/200/posted", body={"a": "1", "b": "${what}"}),
            http("put", "PUT", base + "/200/put", body={"a": "1"}),
            http("delete", "DELETE", base + "/200/deleted"),
            http("head", "HEAD", base + "/200/head"),
            http("not 200", "GET", base + "/404/missing"),
            http("custom", "GET", base + "/201/made", "STATUS_CODE_CUSTOM", "201"),
            http("not custom", "GET", base + "/200/made", "STATUS_CODE_CUSTOM", "201"),
            http("contains", "GET", base + "/200/needle/in/hay", "BODY_CONTAINS", "needle in"),
            http("lacks", "GET", base + "/200/only/hay", "BODY_CONTAINS", "needle"),
            http("contains not", "GET", base + "/200/just/hay", "BODY_NOT_CONTAINS", "needle"),
            http("contains it", "GET", base + "/200/a/needle", "BODY_NOT_CONTAINS", "needle"),
            http("no server", "GET", "http://127.0.0.1:1/"),
            http("verified", "POST", base + "/200/deployed",
                 verify={"url": base + "/200/serves", "contains": "serves"}),
            http("rolled back", "POST", base + "/200/deployed/badly",
                 verify={"url": base + "/503/down", "withinMillis": 0},
                 rollback={"url": base + "/200/restored", "body": "earlier"}),
        ], global_params=[in_param("what", "ever")])
        cls.flow.wait()

    def test_the_check_condition_decides_the_state(self):
        states = self.flow.states()
        self.assertEqual({name for name, state in states.items() if state == "FAILURE"} - EXTENDED,
                         {"not 200", "not custom", "lacks", "contains it", "no server"})
        self.assertEqual({name for name, state in states.items() if state == "SUCCESS"} - EXTENDED,
                         {"get", "post", "put", "delete", "head", "custom", "contains", "contains not"})

    def test_the_request_is_what_was_asked_for(self):
        command, path, headers, _ = Answers.seen["/200/got"]
        self.assertEqual((command, path, headers.get("X-Test")), ("GET", "/200/got?x=1&q=ever", "value"))
        command, _, headers, body = Answers.seen["/200/posted"]
        self.assertEqual((command, json.loads(body)), ("POST", {"a": "1", "b": "ever"}))
        self.assertIn("application/json", headers["Content-Type"])
        self.assertEqual([Answers.seen[path][0] for path in ("/200/put", "/200/deleted", "/200/head")],
                         ["PUT", "DELETE", "HEAD"])

    def test_the_master_passes_on_how_to_verify_and_to_roll_back(self):
        if JAVA:
            self.skipTest("the Java worker knows neither")
        states = self.flow.states()
        self.assertEqual([states[name] for name in ("verified", "rolled back")], ["SUCCESS", "FAILURE"])
        self.assertEqual(Answers.seen["/200/serves"][0], "GET")
        self.assertEqual((Answers.seen["/200/restored"][0], Answers.seen["/200/restored"][3]), ("POST", "earlier"))

    def test_the_answer_is_in_the_log(self):
        self.assertIn("needle in hay", self.flow.log("contains"))
        self.assertIn("404", self.flow.log("not 200"))


if __name__ == "__main__":
    unittest.main()
