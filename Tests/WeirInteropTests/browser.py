# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that opens a file, driven over the DevTools protocol through two pipes, and what it complained of."""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import time

# Seconds that starting, loading or an answer may take: generous, for machines that are busy.
PATIENCE = 60.0
# Pipes are duplicated to numbers up here, so that none of them is one of the numbers they are moved to.
HIGH = 100

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb",
    # Nothing has a name: a page that asks for anything beyond its file is heard and gets nothing.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
)


def chromium():
    """The path of the browser; None where there is none."""
    return os.environ.get("WEIR_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One browser process with one page."""

    def __init__(self, folder):
        profile = pathlib.Path(folder) / "profile"
        to_read, self._out = self._pipe()
        self._in, to_write = self._pipe()
        # The protocol's numbers for its pipes: commands come in on 3, answers go out on 4.
        actions = [
            (os.POSIX_SPAWN_DUP2, to_read, 3), (os.POSIX_SPAWN_DUP2, to_write, 4),
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(pathlib.Path(folder) / "chromium.log"), os.O_WRONLY | os.O_CREAT, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        binary = chromium()
        command = [binary, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self.pid = os.posix_spawn(binary, command, os.environ, file_actions=actions, setsid=True)
        os.close(to_read)
        os.close(to_write)
        self._pending = b""
        self._number = 0
        self._events = []
        self._session = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    @staticmethod
    def _pipe():
        """Both ends, under high numbers and not inherited."""
        ends = os.pipe()
        moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for end in ends]
        for end in ends:
            os.close(end)
        return moved

    def close(self):
        """Ends the browser; it has a process group of its own."""
        if self.pid is None:
            return
        os.close(self._out)
        os.close(self._in)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        self.pid = None

    def _message(self, deadline):
        """The next message, which ends with a zero byte."""
        while b"\0" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise AssertionError("the browser did not answer")
            received = os.read(self._in, 1 << 16)
            assert received, "the browser ended"
            self._pending += received
        message, _, self._pending = self._pending.partition(b"\0")
        return json.loads(message)

    def _call(self, method, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self._message(deadline)
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._events.append(message)

    def _wait_for(self, method):
        deadline = time.monotonic() + PATIENCE
        while not any(event.get("method") == method for event in self._events):
            self._events.append(self._message(deadline))

    def open(self, path, dark=False, width=1200, height=900, media="", scripts=True):
        """Loads a file, and forgets what was heard before."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._events = []
        self._call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self._wait_for("Page.loadEventFired")
        # Answered after what the page did while it loaded.
        self._call("Runtime.evaluate", expression="1")

    def evaluate(self, expression):
        """What an expression gives in the page, as far as JSON can say it."""
        result = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def mouse(self, kind, x, y, **more):
        """A mouse event, such as `mouseMoved`."""
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def key(self, name):
        """Presses and releases a key, such as `ArrowLeft`."""
        codes = {"ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes[name])

    def screenshot(self, path, whole=True):
        """A picture of the page as PNG; returns its bytes."""
        picture = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        data = base64.b64decode(picture["data"])
        if path is not None:
            pathlib.Path(path).write_bytes(data)
        return data

    @property
    def complaints(self):
        """Errors and warnings of scripts, of the policy, and of loading."""
        found = []
        for event in self._events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            elif event.get("method") == "Log.entryAdded":
                found.append(f"{parameters['entry']['level']}: {parameters['entry']['text']}")
            elif event.get("method") == "Runtime.consoleAPICalled":
                found.append(f"console: {parameters['args']}")
        return found

    @property
    def requests(self):
        """The addresses that the page asked for."""
        return [event["params"]["request"]["url"] for event in self._events
                if event.get("method") == "Network.requestWillBeSent"]
