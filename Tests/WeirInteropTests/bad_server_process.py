# SPDX-License-Identifier: Apache-2.0
"""A `bad_server` process, started for a test and looked at from outside."""
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

# Faults that show only while nothing else takes the processor: they are about processor time, or about an honest client being
# quick enough.
NEED_QUIET = {"busy-loop", "cuts-honest-readers", "ignores-resets", "loses-data", "one-connection-at-a-time"}
FOLDER = pathlib.Path(__file__).resolve().parent


class BadServer:
    """Starts `python3 -m bad_server --port 0 ...` and waits for the line with its address; a context manager."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bad_server", "--port", "0", *options], cwd=FOLDER, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"bad_server printed {line!r}")
        self.port = int(found.group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            try:
                code = self.process.wait(20)
            except subprocess.TimeoutExpired:
                # Where it stands goes to the log; then it is asked once more.
                self.process.send_signal(signal.SIGUSR1)
                self.process.terminate()
                code = self.process.wait(20)
            assert code == 0, "bad_server did not end well"
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def resident_bytes(self):
        """Resident memory, from the kernel."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024

    def cpu_seconds(self):
        """Processor time it has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alone_if_it_needs_quiet(faults):
    """Parameters of a test that runs once for each of these faults."""
    return [pytest.param(fault, marks=pytest.mark.alone) if fault in NEED_QUIET else fault for fault in faults]
