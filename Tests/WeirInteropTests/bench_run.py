# SPDX-License-Identifier: Apache-2.0
"""One run of `weir slow-clients`."""
import json
import subprocess

from weir_process import weir_binary

METHOD = "weir.data.v1.DataService/StreamData"
# StreamRequest{max_chunks: 4000}: 64 MB, more than windows and kernels hold.
REQUEST = "18a01f"
# StreamRequest{max_chunks: 1000}: 16 MB, more than they hold as well, and quickly made by a server in Python.
SMALL_REQUEST = "18e807"


class BenchRun:
    """Runs the command against a port and keeps what it printed and wrote."""

    def __init__(self, folder, port, *options, profiles="all", deadline="2s", duration="1s", pid=None, timeout=600, request=REQUEST):
        self.json_path, self.html_path = folder / "bench.json", folder / "bench.html"
        self.junit_path = folder / "bench.xml"
        command = [
            weir_binary(), "slow-clients", "--target", f"127.0.0.1:{port}", "--method", METHOD, "--request-hex", request,
            "--profile", profiles, "--stall-deadline", deadline, "--duration", duration, "--json", str(self.json_path),
            "--html", str(self.html_path), "--junit", str(self.junit_path), *options,
        ]
        if pid is not None:
            command += ["--pid", str(pid)]
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
        self.code, self.output, self.errors = result.returncode, result.stdout, result.stderr
        self.report = json.loads(self.json_path.read_text()) if self.json_path.stat().st_size else None

    @property
    def profiles(self):
        """The profiles' results by name."""
        return {profile["name"]: profile for profile in self.report["profiles"]}

    @property
    def verdicts(self):
        """The verdicts by name."""
        return {name: profile["verdict"] for name, profile in self.profiles.items()}

    def told(self):
        """All that it said, for the message of a failed test."""
        reasons = {name: [profile["verdict"], profile["reasons"], profile["figures"]]
                   for name, profile in (self.profiles.items() if self.report else ())
                   if profile["verdict"] != "pass"}
        return f"exit code {self.code}\n{self.output}\n{self.errors}\n{json.dumps(reasons, indent=1)}"
