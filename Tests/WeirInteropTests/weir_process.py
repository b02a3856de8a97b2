# SPDX-License-Identifier: Apache-2.0
"""A `weir serve` process, started for a test and looked at from outside."""
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Seconds a process may take to print its address, to answer a signal, or to end: generous, for machines that are busy.
PATIENCE = 20.0
POLL_INTERVAL = 0.004


def weir_binary():
    """The executable under test: WEIR_BINARY, or the release build."""
    return os.environ.get("WEIR_BINARY") or str(ROOT / ".build" / "release" / "weir")


def interop_server_binary():
    """The server of gRPC's interoperability cases: WEIR_INTEROP_SERVER, or the release build."""
    return os.environ.get("WEIR_INTEROP_SERVER") or str(ROOT / ".build" / "release" / "weir-interop-server")


def eventually(condition, timeout, what, interval=POLL_INTERVAL):
    """Polls until `condition()` is true, and returns what it gave; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(interval)


class WeirProcess:
    """Starts `weir serve --host 127.0.0.1 --port 0 ...`, or another server, and waits for the line with its address."""

    def __init__(self, log_path, *options, data=None, server=None, port="0"):
        self.log_path = pathlib.Path(log_path)
        command = [*(server or [weir_binary(), "serve"]), "--host", "127.0.0.1"]
        if port is not None and "--port" not in options:
            command += ["--port", port]
        if data is not None:
            command += ["--data", str(data)]
        self._log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log)
        self.output = []
        self._snapshots = queue.Queue()
        self._one_snapshot_at_a_time = threading.Lock()
        self._address_known = threading.Event()
        self.port = None
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        if not self._address_known.wait(PATIENCE) or self.port is None:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{command[0]} printed no address\n{''.join(self.output)}{self.log}")

    def _read_output(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace")
            if line.lstrip().startswith("{"):
                try:
                    record = json.loads(line)
                except ValueError:
                    record = {}
                if record.get("event") == "snapshot":
                    self._snapshots.put(record)
                    continue
            self.output.append(line)
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found and self.port is None:
                self.port = int(found.group(1))
                self._address_known.set()
        self._address_known.set()

    @property
    def target(self):
        """What a client connects to."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        """What it wrote to standard error so far."""
        return self.log_path.read_text("utf-8", "replace")

    def snapshot(self):
        """Asks for the server's own counts (SIGUSR1) and returns them."""
        with self._one_snapshot_at_a_time:
            self.process.send_signal(signal.SIGUSR1)
            try:
                return self._snapshots.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no snapshot after SIGUSR1\n{self.log[-2000:]}") from None

    def wait_for(self, condition, timeout, what):
        """Polls snapshots until `condition(snapshot)`; returns the snapshot and the moment it was seen."""
        last = {}

        def holds():
            last["snapshot"] = self.snapshot()
            return condition(last["snapshot"])

        try:
            eventually(holds, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; last snapshot: {last.get('snapshot')}\n{self.log[-2000:]}") from None
        return last["snapshot"], time.monotonic()

    def wait_until_quiet(self, timeout=10.0, connections=0):
        """Everything that belongs to calls is back to zero."""
        def quiet(s):
            counts = (s["streams"], s["handlers"], s["held_bytes"], s["received_bytes"], s["suspended_senders"])
            return counts == (0, 0, 0, 0, 0) and s["connections"] == connections and (connections or s["timers"] == 0)

        return self.wait_for(quiet, timeout, "streams, handlers, held bytes, senders, connections and timers at zero")

    def wait_until_connections_are_refused(self, timeout=5.0):
        """The listener is closed: a signal to drain has been taken in."""
        def refused():
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                return True
            except OSError:
                pass
            return False

        eventually(refused, timeout, "new connections refused", interval=0.02)

    def resident_bytes(self):
        """Resident memory of the process, from the kernel."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024

    def open_files(self):
        """How many file descriptors it has."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """Waits for its end; returns the exit code."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        return code

    def stop(self):
        """SIGTERM, then the exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.wait()
        finally:
            self.discard()

    def discard(self):
        """Makes sure that nothing is left of it, whatever the test came to."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()


def run_weir(*arguments, timeout=PATIENCE):
    """Runs `weir` to its end; returns the completed process with text output."""
    return subprocess.run(
        [weir_binary(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        check=False)
