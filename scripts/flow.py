# SPDX-License-Identifier: Apache-2.0
"""`scripts/bench flow`: what a server does while thousands of readers stand still, stage by stage, against its bounds."""
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from flow_wave import Fleet
from wire import DEFAULT_WINDOW, stream_request

SCRIPTS = pathlib.Path(__file__).resolve().parent
MESSAGE_BYTES = 1000
LIVE_RATE = 200
# A message larger than the window, sent by a handler that then returns.
TAIL_BYTES = 100_000

BYTES_PER_STREAM = 8192
LATE_SECONDS = 1.0
SECOND_PEAK = 1.1
CANARY_FACTOR = 2.0


class Canary:
    """The process that reads a live stream; see flow_canary.py."""

    def __init__(self, port, core):
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / "flow_canary.py"), str(port), str(LIVE_RATE)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def ticks(self):
        """Ends it; [arrival, lateness] of every tick."""
        output, _ = self.process.communicate("", timeout=20)
        if self.process.returncode:
            raise AssertionError("the canary failed")
        return json.loads(output)

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class MemoryWatch:
    """Samples a process's resident memory in a thread of its own."""

    def __init__(self, server, interval=0.1):
        self.samples = []
        self._server, self._interval = server, interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(self._interval):
            with contextlib.suppress(OSError, AttributeError):
                self.samples.append((time.monotonic(), self._server.resident_bytes()))

    def peak(self, begin, end):
        return max(size for at, size in self.samples if begin <= at <= end)

    def every(self, seconds, begin):
        """[seconds since begin, bytes], one for each so many seconds."""
        kept, due = [], begin
        for at, size in self.samples:
            if at >= due:
                kept.append([round(at - begin, 1), size])
                due = at + seconds
        return kept


def percentile(values, part):
    """The value that this part of them does not pass; None without values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else None


def is_empty(snapshot, connections, streams=0):
    """Whether nothing is accounted for but so many connections, and the canary's stream."""
    return (snapshot["streams"], snapshot["handlers"], snapshot["held_bytes"], snapshot["suspended_senders"]) == (
        streams, streams, 0, 0) and snapshot["connections"] == connections


def wave(server, fleet, streams, deadline, credit, beside=(1, 1)):
    """Opens calls on all connections, waits until all are blocked and until all are cancelled; says what it saw.

    `beside`: the connections and the streams of others, which stay.
    """
    total = len(fleet.connections) * streams
    connections = len(fleet.connections) + beside[0]
    begun = time.monotonic()
    fleet.open(streams, stream_request(0, MESSAGE_BYTES), credit)
    blocked = fleet.pump_until(
        lambda: server.snapshot()["suspended_senders"] >= total, 120, f"{total} suspended senders")
    # What the windows cannot finish is held back for a sixteenth of the deadline, 1 s at most: then it is queued.
    settled = time.monotonic() + deadline / 8
    fleet.pump_until(lambda: time.monotonic() >= settled, deadline, "the end of the hold-back")
    resident = server.resident_bytes()
    half = time.monotonic() + deadline * 3 / 8
    fleet.pump_until(lambda: time.monotonic() >= half, deadline, "half of the deadline")
    later, early, held = server.resident_bytes(), fleet.over, server.snapshot()["held_bytes"]
    over = fleet.pump_until(lambda: fleet.over == total, deadline * 2 + 30, f"{total} cancelled streams")
    seen = []
    empty = fleet.pump_until(
        lambda: seen.append(server.snapshot()) or is_empty(seen[-1], connections, beside[1]), 10, "the accounts at zero", 0.01)
    stood = fleet.stood_still()
    return {
        "streams": total, "begun": begun, "blocked": blocked, "over": over, "held_bytes": held,
        "resident_blocked": resident, "resident_later": later, "ended_before_half": early, "resets": fleet.resets,
        "stood_still": {"least": min(stood), "median": statistics.median(stood), "most": max(stood)},
        "accounted_bytes_after": seen[-1]["held_bytes"], "accounts_empty_after": empty - over,
    }


def tail(server, port, connections, streams, deadline, beside=(1, 1)):
    """Calls whose handlers return with their tail unsent; sees that each is freed at the tail deadline.

    `beside` as for `wave`.
    """
    with Fleet(port, connections) as fleet:
        total = connections * streams
        # The connection's window carries every stream's part, so each stream waits for its own.
        fleet.open(streams, stream_request(1, TAIL_BYTES), DEFAULT_WINDOW * streams)
        fleet.pump_until(
            lambda: returned(server.snapshot(), total, beside[1]), 30, "handlers returned, tails unsent")
        held = server.snapshot()["held_bytes"]
        fleet.pump_until(lambda: fleet.over == total, deadline * 2 + 30, "tails given up")
        seen = []
        fleet.pump_until(
            lambda: seen.append(server.snapshot()["held_bytes"]) or seen[-1] == 0, 5, "the tails' memory given back", 0.01)
        stood = fleet.stood_still()
    return {
        "streams": total, "held_bytes": held, "held_bytes_after": seen[-1], "resets": fleet.resets,
        "stood_still": {"least": min(stood), "median": statistics.median(stood), "most": max(stood)},
    }


def returned(snapshot, total, others):
    """Whether so many streams are there without their handlers."""
    return snapshot["streams"] == total + others and snapshot["handlers"] == others


def simulation(binary):
    """The same rules for an hour of virtual time, by the executable `weir-simulation`, if it was built.

    It prints one JSON object; what it says is passed on, and its exit code is a bound of its own.
    """
    path = pathlib.Path(binary).resolve().with_name("weir-simulation")
    if not os.access(path, os.X_OK):
        return None
    begun = time.monotonic()
    result = subprocess.run([str(path), "--json"], capture_output=True, text=True, check=False)
    with contextlib.suppress(ValueError):
        return {"exit": result.returncode, "seconds": time.monotonic() - begun, "report": json.loads(result.stdout)}
    return {"exit": result.returncode, "seconds": time.monotonic() - begun, "report": result.stdout[-4000:]}


def lateness(ticks, begin, end):
    """How late the canary's ticks of this time were, in milliseconds."""
    values = [1000 * late for at, late in ticks if begin <= at < end]
    return {"ticks": len(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99),
            "most": max(values, default=None)}


def measure(start_server, on_cores, options):
    """Runs all stages; returns the record with its bounds."""
    stall, tail_deadline = options.stall_deadline, options.tail_deadline
    connections, streams = options.connections, options.streams
    with on_cores.server():
        server = start_server(
            "--threads", "1", "--stall-deadline", f"{stall}s", "--tail-deadline", f"{tail_deadline}s",
            "--live-rate", str(LIVE_RATE), "--log-level", "error")
    canary = None
    try:
        fresh = server.resident_bytes()
        canary = Canary(server.port, on_cores.client_core)
        with MemoryWatch(server) as memory, Fleet(server.port, connections) as fleet:
            server.wait_for(lambda s: s["connections"] == connections + 1, 10, "all connections seen")
            idle = server.resident_bytes()
            quiet = time.monotonic()
            settled = quiet + options.quiet
            fleet.pump_until(lambda: time.monotonic() >= settled, options.quiet + 5, "the canary alone")
            credit = DEFAULT_WINDOW * streams
            first = wave(server, fleet, streams, stall, credit - DEFAULT_WINDOW)
            between = server.resident_bytes()
            # Each stream's window was used up but for its last message's part; the connection's is made whole again.
            second = wave(server, fleet, streams, stall, credit)
            after = server.resident_bytes()
            memory_over_time = memory.every(1.0, first["begun"])
            peaks = [memory.peak(w["begun"], w["over"]) for w in (first, second)]
        ticks = canary.ticks()
        server.wait_for(lambda s: is_empty(s, 0), 10, "nothing left of the waves")
        with on_cores.client(), contextlib.ExitStack() as stack:
            canary = Canary(server.port, on_cores.client_core)
            stack.callback(canary.discard)
            server.wait_for(lambda s: s["streams"] == 1, 10, "the canary's stream")
            tails = tail(server, server.port, max(1, connections // 10), streams, tail_deadline)
        server.wait_for(lambda s: is_empty(s, 0), 10, "nothing left at all")
    finally:
        if canary is not None:
            canary.discard()
        server.stop()
    per_stream = (first["resident_later"] - fresh) / first["streams"]
    before = lateness(ticks, quiet, first["begun"])
    during = lateness(ticks, first["begun"], second["over"])
    # From when all streams stand still until the first of them may be cancelled.
    stalled = lateness(ticks, first["blocked"], first["begun"] + stall)
    record = {
        "connections": connections, "streams": first["streams"], "message_bytes": MESSAGE_BYTES,
        "stall_deadline": stall, "tail_deadline": tail_deadline, "resident_fresh": fresh,
        "resident_idle_connections": idle, "resident_between_waves": between, "resident_after": after,
        "bytes_per_stream": per_stream, "peaks": peaks, "first": first, "second": second, "tail": tails,
        "canary_rate": LIVE_RATE, "canary_before": before, "canary_during": during, "canary_while_stalled": stalled,
        "memory_over_time": memory_over_time,
    }
    record["bounds"] = bounds(record)
    return record


def bounds(r):
    """[what, measured, bound, holds] for each promise."""
    rows = []

    def at_most(what, value, bound, unit):
        rows.append({"what": what, "value": value, "bound": bound, "unit": unit, "holds": value <= bound})

    at_most("resident memory per stalled stream", r["bytes_per_stream"], BYTES_PER_STREAM, "bytes")
    growth = (r["first"]["resident_later"] - r["first"]["resident_blocked"]) / r["streams"]
    at_most("its growth in 3/8 of a stall deadline", growth, 64, "bytes")
    for name, deadline in (("first", "stall_deadline"), ("second", "stall_deadline"), ("tail", "tail_deadline")):
        stood = r[name]["stood_still"]
        what = {"first": "first wave", "second": "second wave", "tail": "tails"}[name]
        at_most(f"{what}: longest from last byte to end", stood["most"], r[deadline] + LATE_SECONDS, "s")
        rows.append({"what": f"{what}: shortest", "value": stood["least"], "bound": r[deadline] - 0.1, "unit": "s",
                     "at_least": True, "holds": stood["least"] >= r[deadline] - 0.1})
        at_most(f"{what}: ended by a reset", r[name]["resets"], 0, "streams")
    for name, what in (("first", "first wave"), ("second", "second wave")):
        at_most(f"accounted bytes after the {what}", r[name]["accounted_bytes_after"], 0, "bytes")
    at_most("accounted bytes after the tails", r["tail"]["held_bytes_after"], 0, "bytes")
    at_most("second wave's peak memory", r["peaks"][1] / r["peaks"][0], SECOND_PEAK, "x first")
    for name, when in (("while_stalled", "while all stand still"), ("during", "in the whole of the waves")):
        at_most(f"canary's p99 {when}", r[f"canary_{name}"]["p99"] / r["canary_before"]["p99"], CANARY_FACTOR, "x before")
    return rows


def plot(samples, width=50):
    """Memory over time as text: one line for a second."""
    top = max(size for _, size in samples)
    for at, size in samples:
        yield f"  {at:6.1f} s {size / 1e6:8.1f} MB {'#' * round(width * size / top)}"


def show(record):
    """Prints the record for people; returns whether all bounds hold."""
    print(f"Flow: {record['connections']} connections, {record['streams']} streams that nobody reads, "
          f"{record['message_bytes']}-byte messages; stall deadline {record['stall_deadline']:g} s, tail deadline "
          f"{record['tail_deadline']:g} s")
    print(f"{'what':45} {'measured':>10} {'bound':>14} {'unit':9}")
    for row in record["bounds"]:
        sign = ">=" if row.get("at_least") else "<="
        print(f"{row['what']:45} {row['value']:>10.4g} {sign + ' ' + format(row['bound'], '.4g'):>14} {row['unit']:9}"
              f"{'' if row['holds'] else '  BROKEN'}")
    for name in ("before", "during", "while_stalled"):
        c = record[f"canary_{name}"]
        print(f"  canary {name.replace('_', ' ')}: {c['ticks']} ticks, late by {c['p50']:.2f} ms (p50), "
              f"{c['p99']:.2f} ms (p99), {c['most']:.2f} ms (most)")
    print("  resident memory, from the first wave on:")
    for line in plot(record["memory_over_time"]):
        print(line)
    if record.get("simulation"):
        simulated = record["simulation"]
        print(f"  simulation: exit {simulated['exit']} after {simulated['seconds']:.1f} s")
        told = simulated["report"]
        if isinstance(told, dict):
            runs = ", ".join(f"{seconds:.1f} s" for seconds in told["run_seconds"])
            print(f"    {told['clients']} mixed clients, {told['virtual_seconds']} s of virtual time in {runs}; "
                  f"same trace: {told['same_trace']} ({told['trace']})")
            print(f"    {told['messages']} messages checked, {told['bytes']} bytes; longest stall "
                  f"{told['longest_stall_seconds']} s; held at most {told['peak_held_bytes']} bytes; "
                  f"{told['resident_bytes_per_client']} resident bytes a client")
            print(f"    32 equal streams on one connection: Jain's index {told['jain_index']:.6f}, longest gap "
                  f"{told['longest_gap_rounds']} rounds")
            for problem in told["problems"]:
                print(f"    WRONG: {problem}")
    else:
        print("  simulation: weir-simulation is not built next to weir; left out")
    return all(row["holds"] for row in record["bounds"]) and not (record.get("simulation") or {}).get("exit")
