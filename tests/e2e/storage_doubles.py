"""An S3 and a WebHDFS server for tests: small, on a loopback port of their own, and strict about who asks."""

import hashlib
import hmac
import http.server
import re
import threading
import urllib.parse

NO_BODY = hashlib.sha256(b"").hexdigest()
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")


def signature(secret, scope, method, path, query, headers, signed, payload):
    """AWS signature version 4, from its description; `headers` have lower-case names."""
    lines = [method, path, query, *(f"{name}:{headers[name].strip()}" for name in signed.split(";")), "", signed, payload]
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, request])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Double:
    """Serves `files` (path -> bytes); what asks for a path in `hanging` waits for `over`."""

    answers_late = False

    def __init__(self):
        self.files, self.hanging, self.requests = {}, set(), []
        self.hung, self.over = threading.Event(), threading.Event()
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                double.requests.append(self.path)
                double.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        path = urllib.parse.unquote(urllib.parse.urlsplit(request.path).path)
        if path in self.hanging:
            self.hung.set()
            self.over.wait(120)
            if not self.answers_late:
                return None  # the asker is gone
        content = self.files.get(path)
        if content is None:
            return self.send(request, 404, self.missing())
        return self.send(request, 200, content)

    def missing(self):
        return b""

    @staticmethod
    def send(request, status, body, **headers):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


class S3(Double):
    access_key, secret_key, region = "AKIDEXAMPLE", "wJalr/XUtn+FEMI=K7", "eu-west-1"

    def answer(self, request):
        problem = self.problem(request)
        if problem:
            body = f"<Error><Code>{problem}</Code><Message>not you</Message></Error>".encode()
            return self.send(request, 403, body)
        return super().answer(request)

    def problem(self, request):
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if not given or headers.get("x-amz-content-sha256") != NO_BODY:
            return "AccessDenied"
        key, scope, signed, found = given.groups()
        if key != self.access_key or scope != f"{headers['x-amz-date'][:8]}/{self.region}/s3/aws4_request":
            return "InvalidAccessKeyId"
        if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(signed.split(";")):
            return "AccessDenied"
        # The path as it came: S3 signs it escaped once.
        path, _, query = request.path.partition("?")
        right = signature(self.secret_key, scope, "GET", path, query, headers, signed, NO_BODY)
        return "" if found == right else "SignatureDoesNotMatch"

    def missing(self):
        return b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"


class WebHdfs(Double):
    """NameNode and DataNode in one, told apart by a parameter as a real redirect has."""

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if query.get("op") != "OPEN" or query.get("user.name") != "hdfs":
            return self.send(request, 403, b'{"RemoteException":{"exception":"AccessControlException","message":"no"}}')
        if "namenoderpcaddress" not in query:
            return self.send(request, 307, b"", Location=f"{self.url}{url.path}?{url.query}&namenoderpcaddress=nn:8020")
        return super().answer(request)
