"""The HTTP side: a threading server on loopback that hands every request to `Api`."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import __version__, json_text
from .api import Api
from .peer import OwnUsers

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
MAX_BODY_BYTES = 16 * 1024 * 1024
IDLE_TIMEOUT_S = 120
MAX_CONNECTIONS = 256


class Handler(BaseHTTPRequestHandler):
    """One connection.  Every request gets exactly one answer, or the connection is closed."""

    protocol_version = "HTTP/1.1"
    server_version = f"openmldb-sandbox/{__version__}"
    timeout = IDLE_TIMEOUT_S
    disable_nagle_algorithm = True
    # buffered, so that headers and body leave in one piece
    wbufsize = 1 << 16
    server: "Server"

    def _answer_api(self) -> None:
        body, problem = self._read_body()
        if problem:
            self.close_connection = True
            self._send_json({"code": -1, "msg": problem})
        elif self.path.partition("?")[0] == "/health":
            self._send(b"OK", "text/plain")
        elif self.path.partition("?")[0] == "/version":
            self._send(self.server_version.encode(), "text/plain")
        else:
            self._send_json(self.server.api.handle(self.command, self.path, body))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer_api

    def setup(self) -> None:
        super().setup()
        self._refusal = self.server.own_users.refusal(self.request)

    def _read_body(self) -> tuple[bytes, str]:
        """The body, or why there is none.  Other users, and web pages, may not talk to a server on loopback."""
        if self._refusal:
            return b"", self._refusal
        # A name of somebody else's that leads here (DNS rebinding) makes a web page's requests look like its own.
        if self.headers.get("Host", HOST).rpartition(":")[0] not in NAMES and self.headers.get("Host", HOST) not in NAMES:
            return b"", "the sandbox is called 127.0.0.1 or localhost, and this request is for another host"
        if self.headers.get("Origin"):
            return b"", "cross-origin requests are refused"
        if self.headers.get("Transfer-Encoding"):
            return b"", "request body needs a Content-Length"
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            return b"", "invalid Content-Length"
        if len(length) > 10 or int(length) > MAX_BODY_BYTES:
            return b"", f"request body is larger than {MAX_BODY_BYTES} bytes"
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        body = self.rfile.read(int(length))
        return body, "" if len(body) == int(length) else "request body is incomplete"

    def handle_expect_100(self) -> bool:
        """Answered only after the length has been looked at."""
        return True

    def _send_json(self, answer: dict) -> None:
        self._send(json_text.dump(answer), "application/json")

    def _send(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the HTTP parser refuses is answered in JSON too."""
        self.close_connection = True
        self.command = self.command or "GET"
        self.request_version = "HTTP/1.1"
        msg = "unsupported method" if code == 501 else f"bad request: {message}"
        self._send_json({"code": -1, "msg": msg})

    def log_message(self, format: str, *args: object) -> None:
        """No access log: the caller's own log is the place for it."""


class Server(ThreadingHTTPServer):
    """Binds at construction, so that the port is known before serving starts."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, api: Api, own_users: OwnUsers) -> None:
        self.api = api
        self.own_users = own_users
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((HOST, port), Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def process_request(self, request, client_address) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address) -> None:
        """A caller that went away is no event."""
