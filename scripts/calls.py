# SPDX-License-Identifier: Apache-2.0
"""What a call costs with interceptors, a deadline and metadata, against the same call without; for `scripts/bench calls`."""
import pathlib
import re
import statistics
import subprocess

CALLS, CLIENTS, STREAMS, MESSAGE_BYTES = 200_000, 10, 50, 100
PATH = "/weir.bench.Echo/Echo"
BOUND = 1.3

METADATA = {
    "authorization": "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJldmEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "x-request-id": "7f1c2a5e-9a41-4c1f-8a57-3a0f6f0f2f11",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "vendor=00f067aa0ba902b7",
    "baggage": "tenant=blue,region=north",
    "x-forwarded-for": "203.0.113.7",
    "x-tenant": "blue",
    "x-client-version": "5.12.0",
    "x-priority": "7",
    "x-session-bin": "AAECAwQFBgcICQoLDA0ODw",
}

# The call as it is, and what comes on top of it: interceptors of the server, header fields of the client.
SHAPES = {
    "plain": (0, {}),
    "two interceptors": (2, {}),
    "a deadline": (0, {"grpc-timeout": "10S"}),
    "ten entries": (0, METADATA),
    "all of it": (2, {"grpc-timeout": "10S", **METADATA}),
}


def message():
    """A length-prefixed Payload of MESSAGE_BYTES bytes: body = 2."""
    body = bytes([0x12, MESSAGE_BYTES - 2]) + b"w" * (MESSAGE_BYTES - 2)
    return b"\0" + len(body).to_bytes(4, "big") + body


def load(port, calls, fields, request, on_client):
    """Runs h2load; every call must have succeeded and brought its message back."""
    command = ["h2load", "-t", "1", "-n", str(calls), "-c", str(min(CLIENTS, calls)), "-m", str(STREAMS), "-d", request]
    for name, value in {"content-type": "application/grpc", "te": "trailers", **fields}.items():
        command += ["-H", f"{name}: {value}"]
    with on_client():
        result = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{PATH}"], capture_output=True, text=True, check=False)
    counted = re.search(r"^traffic: .*, \S+ \((\d+)\) data$", result.stdout, re.MULTILINE)
    if result.returncode or f"{calls} succeeded, 0 failed" not in result.stdout or not counted:
        raise SystemExit(f"bench: h2load failed:\n{result.stdout}{result.stderr}")
    if int(counted.group(1)) != calls * len(message()):
        raise SystemExit(f"bench: {counted.group(1)} bytes arrived, {calls * len(message())} were due")


def measure(start, cores, cpu_seconds, folder, rounds, divide, progress):
    """Server CPU per call of each shape, in turns; `start` makes a server of so many interceptors."""
    request = pathlib.Path(folder) / "echo.request"
    request.write_bytes(message())
    calls = max(1, CALLS // divide)
    spent = {name: [] for name in SHAPES}
    servers = {}
    try:
        for count in {count for count, _ in SHAPES.values()}:
            with cores.server():
                servers[count] = start(count)
        for turn in range(rounds + 1):
            for name, (count, fields) in SHAPES.items():
                progress(f"calls round {turn}/{rounds} {name}")
                server = servers[count]
                before = cpu_seconds(server.pid)
                load(server.port, calls, fields, str(request), cores.client)
                if turn:  # the first is for warming up
                    spent[name].append((cpu_seconds(server.pid) - before) * 1e6 / calls)
        progress("")
    finally:
        for server in servers.values():
            server.stop()
    plain = statistics.median(spent["plain"])
    return {
        "calls": calls, "message_bytes": MESSAGE_BYTES, "bound": BOUND,
        "us_per_call": {
            name: {"median": statistics.median(values), "best": min(values), "rounds": values}
            for name, values in spent.items()},
        "ratio": statistics.median(spent["all of it"]) / plain,
        # Every round has both side by side, so what else the machine does touches them alike.
        "round_ratios": [one / other for one, other in zip(spent["all of it"], spent["plain"])],
    }


def report(record):
    """Prints the figures; returns whether the bound holds."""
    print(f"Server CPU per unary call, {record['calls']} calls of {record['message_bytes']} bytes each way a round, one core")
    plain = record["us_per_call"]["plain"]["median"]
    for name, figures in record["us_per_call"].items():
        print(f"  {name:18} {figures['median']:6.2f} us [{figures['best']:.2f}]   x {figures['median'] / plain:.2f}")
    ratio = statistics.median(record["round_ratios"])
    holds = ratio <= record["bound"]
    print(f"  all of it against plain, median of the rounds: {ratio:.2f}, bound {record['bound']}: "
          f"{'holds' if holds else 'BROKEN'}")
    return holds
