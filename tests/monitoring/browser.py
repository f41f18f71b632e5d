"""A headless Chromium, driven by its own protocol over a pipe: no more is needed to look at one page."""

import base64
import json
import os
import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-headless-shell")


class Browser:
    """One page. Each call waits for its answer; an error of the script or of the browser is an AssertionError."""

    def __init__(self, folder):
        orders, self._orders = os.pipe()
        answers, theirs = os.pipe()
        # Fonts and profiles go where the test's files are; what tests as root cannot have is Chromium's own sandbox.
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--window-size=1200,800", f"--user-data-dir={folder}",
                   "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{orders} 4>&{theirs}', "bash", *command], pass_fds=(orders, theirs),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": str(folder)})
        os.close(orders)
        os.close(theirs)
        self._answers = os.fdopen(answers, "rb")
        self._rest, self._number, self._session = b"", 0, None
        self.errors = []  # what the page's script has thrown, and what the policy has forbidden
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            pass
        assert "error" not in message, f"{method}: {message}"
        return message["result"]

    def _next(self):
        while b"\0" not in self._rest:
            more = self._answers.read1(65536)
            assert more, "the browser has ended"
            self._rest += more
        raw, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(raw)
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"])
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.errors.append(message["params"]["entry"]["text"])
        return message

    def run(self, script):
        """The value of an expression in the page; a promise is waited for."""
        found = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, address):
        self.ask("Page.navigate", url=address)

    def dark(self, yes):
        self.ask("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if yes else "light"}])

    def press(self, key, code, text=""):
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **event)

    def screenshot(self):
        """A PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])

    def end(self):
        try:
            os.killpg(self._process.pid, 9)
        except ProcessLookupError:
            pass
        self._process.wait(30)
        self._answers.close()
        os.close(self._orders)
