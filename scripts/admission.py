# SPDX-License-Identifier: Apache-2.0
"""What it costs to ask the admission policies, and to turn a call away, in server CPU; for `scripts/bench admission`."""
import pathlib
import re
import statistics
import subprocess

import calls

# A call that is turned away costs less than this, HTTP/2 and all.
BOUND_US = 5.0
# What stands before the handlers, and the DATA bytes that come back for a call.
SHAPES = {"none": True, "standard": True, "closed": False}
TITLES = {
    "none": "no policies", "standard": "the standard chain, which lets every call in",
    "closed": "a rate limit that turns every call away"}


def load(port, count, request, is_answered, on_client):
    """Runs h2load; every call must have ended, with its message or, turned away, without."""
    command = [
        "h2load", "-t", "1", "-n", str(count), "-c", str(calls.CLIENTS), "-m", str(calls.STREAMS), "-d", request,
        "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{port}{calls.PATH}"]
    with on_client():
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    counted = re.search(r"^traffic: .*, \S+ \((\d+)\) data$", result.stdout, re.MULTILINE)
    due = count * len(calls.message()) if is_answered else 0
    # The one call that the closed chain's bucket holds is answered.
    spare = 0 if is_answered else len(calls.message())
    if result.returncode or f"{count} succeeded, 0 failed" not in result.stdout or not counted:
        raise SystemExit(f"bench: h2load failed:\n{result.stdout}{result.stderr}")
    if not due <= int(counted.group(1)) <= due + spare:
        raise SystemExit(f"bench: {counted.group(1)} bytes arrived, {due} were due")


def measure(start, cores, cpu_seconds, folder, rounds, divide, progress):
    """Server CPU per call of each shape, in turns; `start` makes a server of that shape."""
    request = pathlib.Path(folder) / "admission.request"
    request.write_bytes(calls.message())
    count = max(calls.CLIENTS, calls.CALLS // divide)
    spent = {name: [] for name in SHAPES}
    servers = {}
    try:
        for name in SHAPES:
            with cores.server():
                servers[name] = start(name)
        for turn in range(rounds + 1):
            for name, is_answered in SHAPES.items():
                progress(f"admission round {turn}/{rounds} {name}")
                before = cpu_seconds(servers[name].pid)
                load(servers[name].port, count, str(request), is_answered, cores.client)
                if turn:  # the first is for warming up
                    spent[name].append((cpu_seconds(servers[name].pid) - before) * 1e6 / count)
        progress("")
    finally:
        for server in servers.values():
            server.stop()
    return {
        "calls": count, "bound_us": BOUND_US,
        "us_per_call": {
            name: {"median": statistics.median(values), "best": min(values), "rounds": values}
            for name, values in spent.items()},
    }


def report(record):
    """Prints the figures; returns whether the bound holds."""
    print(f"Server CPU per unary call, {record['calls']} calls a round, one core")
    for name, figures in record["us_per_call"].items():
        print(f"  {TITLES[name]:42} {figures['median']:6.2f} us [{figures['best']:.2f}]")
    closed = record["us_per_call"]["closed"]["best"]
    holds = closed <= record["bound_us"]
    print(f"  turned away, best round: {closed:.2f} us, bound {record['bound_us']}: {'holds' if holds else 'BROKEN'}")
    return holds
