# SPDX-License-Identifier: Apache-2.0
"""The bounds of `scripts/bench flow`, with fewer streams: memory, deadlines, a second wave, tails, and a shut socket."""
import re
import sys
import time

import pytest

from conftest import MIB
from weir_process import ROOT, eventually
from wire_client import WireClient

sys.path.insert(0, str(ROOT / "scripts"))
import flow  # noqa: E402
from flow_wave import Fleet  # noqa: E402
from wire import DEFAULT_WINDOW, stream_request  # noqa: E402

pytestmark = pytest.mark.alone

CONNECTIONS, STREAMS = 20, 50
TOTAL = CONNECTIONS * STREAMS
# What the machine may be late by besides the server, when tests run on a busy one.
BUSY = 0.5


def test_a_thousand_stalled_streams_stay_within_their_bounds_twice(start_weir):
    """A machine that is busy with other work reads late and measures at odd moments: one of two runs must hold them all."""
    try:
        two_waves(start_weir)
    except AssertionError as error:
        print(f"a second try, after: {error}")
        two_waves(start_weir)


def two_waves(start_weir):
    server = start_weir("--threads", "1", "--stall-deadline", "4s", "--tail-deadline", "4s")
    with Fleet(server.port, CONNECTIONS) as fleet, Fleet(server.port, 1) as beside:
        # One stream beside the waves, so that what is made once per process is there before memory is looked at.
        beside.open(1, stream_request(1, flow.MESSAGE_BYTES), 0)
        beside.pump_until(lambda: beside.over == 1, 5, "one whole stream")
        server.wait_for(lambda s: s["connections"] == CONNECTIONS + 1 and s["streams"] == 0, 10, "idle connections")
        idle = server.resident_bytes()
        credit = DEFAULT_WINDOW * STREAMS
        with flow.MemoryWatch(server, 0.02) as memory:
            waves = [
                flow.wave(server, fleet, STREAMS, 4.0, given, beside=(1, 0)) for given in (credit - DEFAULT_WINDOW, credit)]
        peaks = [memory.peak(wave["begun"], wave["over"]) for wave in waves]
        for wave in waves:
            assert wave["ended_before_half"] == 0
            assert wave["resets"] == 0, "a reset destroys what the client already holds"
            # Seen by a client that may itself have read the last byte late.
            assert 4 - BUSY <= wave["stood_still"]["least"]
            assert wave["stood_still"]["most"] <= 4 + flow.LATE_SECONDS + BUSY
            assert wave["accounted_bytes_after"] == 0
            # Nothing but the message in its sender's hands, and the part of one that the window could not finish.
            assert wave["held_bytes"] <= TOTAL * (flow.MESSAGE_BYTES + 64)
        first = waves[0]
        # The output's buffer and other things made once for all streams weigh more here than among ten thousand.
        assert (first["resident_later"] - idle) / TOTAL <= flow.BYTES_PER_STREAM
        assert first["resident_later"] - first["resident_blocked"] <= MIB
        assert peaks[1] <= flow.SECOND_PEAK * peaks[0]


def test_tails_that_nobody_takes_are_freed_at_the_tail_deadline(start_weir):
    server = start_weir("--threads", "1", "--stall-deadline", "60s", "--tail-deadline", "2s")
    record = flow.tail(server, server.port, 5, 20, 2.0, beside=(0, 0))
    # Each held the rest of a message larger than its window, which its handler had already given away.
    assert record["held_bytes"] >= record["streams"] * (flow.TAIL_BYTES - DEFAULT_WINDOW)
    assert record["held_bytes_after"] == 0
    assert record["resets"] == 0
    assert 2 - BUSY <= record["stood_still"]["least"]
    assert record["stood_still"]["most"] <= 2 + flow.LATE_SECONDS + BUSY
    server.wait_until_quiet()


def test_a_shut_receive_window_is_ended_by_the_deadline_and_not_by_the_kernel(start_weir, api):
    """A kernel that only acknowledges zero-window probes would be given up by a TCP_USER_TIMEOUT below the deadline."""
    server = start_weir("--stall-deadline", "8s", "--tail-deadline", "8s")
    huge = 2**31 - 1
    with WireClient(server.port, initial_window=huge, connection_window=huge, receive_buffer=16_384) as client:
        client.call("StreamData", api.pb.StreamRequest(chunk_bytes=65_536).SerializeToString())
        _, blocked = server.wait_for(lambda s: s["suspended_senders"] == 1, 10, "a sender that the socket suspends")
        _, gone = server.wait_for(lambda s: s["connections"] == 0, 20, "the connection ended")
    assert 8 - BUSY <= gone - blocked <= 8 + 2 * flow.LATE_SECONDS
    log = server.log
    stalled = re.search(r"connection stalled and was closed.*", log)
    assert stalled and "socket" in stalled.group(0), log[-2000:]


def test_a_peer_that_reads_again_before_the_deadline_goes_on_after_a_shut_receive_window(start_weir, api):
    server = start_weir("--stall-deadline", "10s", "--tail-deadline", "10s")
    huge = 2**31 - 1
    with WireClient(server.port, initial_window=huge, connection_window=huge, receive_buffer=16_384) as client:
        stream = client.streams[client.call("StreamData", api.pb.StreamRequest(chunk_bytes=65_536).SerializeToString())]
        server.wait_for(lambda s: s["suspended_senders"] == 1, 10, "a sender that the socket suspends")
        # Six seconds without reading: what is tested, and not a wait for something.
        resume_at = time.monotonic() + 6
        eventually(lambda: time.monotonic() >= resume_at, 10, "six seconds")
        assert server.snapshot()["handlers"] == 1
        client.pump_until(lambda: len(stream.data) > 8 * MIB, 20, "the stream going on")
        assert not client.closed_by_peer and not stream.over


@pytest.mark.parametrize("broken", [
    {"bytes_per_stream": 9000.0}, {"peaks": [10, 12]}, {"canary_during": {"p99": 3.0}},
])
def test_a_broken_bound_is_noticed(broken):
    """The comparison itself can fail."""
    stood = {"stood_still": {"least": 20.0, "most": 20.5}, "resets": 0, "accounted_bytes_after": 0, "held_bytes_after": 0,
             "resident_blocked": 1, "resident_later": 1}
    record = {
        "bytes_per_stream": 6000.0, "streams": 10, "stall_deadline": 20.0, "tail_deadline": 20.0, "first": stood,
        "second": stood, "tail": stood, "peaks": [10, 10], "canary_before": {"p99": 1.0}, "canary_during": {"p99": 1.0},
        "canary_while_stalled": {"p99": 1.0},
    }
    assert all(row["holds"] for row in flow.bounds(record))
    assert [row["holds"] for row in flow.bounds({**record, **broken})].count(False) == 1
