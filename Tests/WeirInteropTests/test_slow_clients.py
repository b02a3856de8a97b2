# SPDX-License-Identifier: Apache-2.0
"""Slow clients: who stops is cut at the deadline and told why, who reads slowly is not, and nobody else notices."""
import contextlib
import itertools
import re
import threading
import time

import grpc
import pytest

from conftest import MIB, NARROW
from stall_details import details_of, details_of_error
from weir_process import eventually
from wire_client import WireClient, split_messages

pytestmark = pytest.mark.alone

DEADLINE = 2.0
# What a cut may come late by.
GRACE = 0.5
# What polling and the two processes' scheduling may add to a moment seen from here.
SEEN = 0.1
STALL = ("--stall-deadline", "2s", "--tail-deadline", "2s")
WINDOW_CLOSED = re.compile(r"(stream|connection)[ _-]?window", re.IGNORECASE)


class Flow:
    """A stream that is read without a pause, in a thread of its own; notes its longest gap between two messages."""

    def __init__(self, stub, request):
        self._call = stub.StreamData(request, timeout=120)
        self.messages = 0
        self.longest_gap = 0.0
        self.error = None
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping = True
        self._call.cancel()
        self._thread.join(10)

    def _read(self):
        last = time.monotonic()
        try:
            for _ in self._call:
                now = time.monotonic()
                self.longest_gap = max(self.longest_gap, now - last)
                last = now
                self.messages += 1
        except grpc.RpcError as error:
            if not self._stopping:
                self.error = error


def assert_cut_on_time(stream):
    """From the last byte that moved to the end: the deadline, and at most the grace more."""
    # Both moments are seen from here, each a little late: their difference may be a little short.
    assert DEADLINE - 0.05 <= stream.over_at - stream.last_data_at <= DEADLINE + GRACE


def read_to_the_end(call):
    """The messages that are left, and the error that ends the call (None when it ends well)."""
    messages = []
    try:
        for message in call:
            messages.append(message)
    except grpc.RpcError as error:
        return messages, error
    return messages, None


def test_a_client_that_stops_reading_is_cut_at_the_deadline_and_told_why_while_its_siblings_flow(
        start_weir, open_channel, api):
    server = start_weir(*STALL)
    stub = api.Stub(open_channel(server, NARROW))
    other = api.Stub(open_channel(server, NARROW))
    request = api.pb.StreamRequest(dataset="synthetic", chunk_bytes=1000)
    with contextlib.ExitStack() as flows:
        siblings = [flows.enter_context(Flow(s, request)) for s in (stub, stub, other)]
        server.wait_for(lambda s: s["handlers"] == 3, 5, "three flowing streams")
        call = stub.StreamData(request, timeout=60)
        received = [next(call) for _ in range(3)]
        stopped = time.monotonic()
        server.wait_for(lambda s: s["handlers"] == 4, 1, "the fourth handler at work")
        before = [flow.messages for flow in siblings]
        _, cut = server.wait_for(lambda s: s["handlers"] == 3, 10, "the stopped reader's handler cancelled")
        during = [flow.messages - n for flow, n in zip(siblings, before)]

    assert DEADLINE - SEEN <= cut - stopped <= DEADLINE + GRACE + SEEN
    assert [flow.error for flow in siblings] == [None] * 3
    assert all(flow.longest_gap < 0.5 for flow in siblings), [flow.longest_gap for flow in siblings]
    assert all(n > 100 for n in during), during

    # Only now does it read again: everything that had arrived is still there, in order, and then the reason.
    rest, error = read_to_the_end(call)
    received += rest
    assert [chunk.sequence for chunk in received] == list(range(len(received)))
    assert sum(len(chunk.payload) for chunk in received) > 60_000
    assert error is not None and error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert WINDOW_CLOSED.search(error.details()), error.details()
    status, info, retry = details_of_error(error)
    assert (status.code, info.reason, info.domain) == (8, "STREAM_STALLED", "weir")
    assert info.metadata["cause"] in ("stream_window", "connection_window", "streamWindow", "connectionWindow")
    assert {"stalled_for", "messages_sent"} <= set(info.metadata)
    assert int(info.metadata["messages_sent"]) == len(received)
    assert retry is not None
    assert "stall" in server.log.lower()


def test_a_send_without_a_window_suspends_and_holds_nothing_but_its_message(start_weir, open_channel, api):
    server = start_weir("--stall-deadline", "30s")
    stub = api.Stub(open_channel(server, NARROW))
    call = stub.StreamData(api.pb.StreamRequest(chunk_bytes=1000), timeout=60)
    next(call)
    snapshot, _ = server.wait_for(lambda s: s["suspended_senders"] == 1, 5, "a suspended sender")
    assert snapshot["handlers"] == 1 and snapshot["held_bytes"] <= 2048
    # Reading on wakes it.
    assert [next(call).sequence for _ in range(1000)] == list(range(1, 1001))
    call.cancel()


def test_memory_stands_still_while_two_hundred_streams_are_blocked(start_weir, open_channel, api):
    server = start_weir("--stall-deadline", "60s")
    request = api.pb.StreamRequest(dataset="synthetic", chunk_bytes=1000)
    stubs = [api.Stub(open_channel(server, NARROW)) for _ in range(4)]
    calls = [stub.StreamData(request, timeout=60) for stub in stubs for _ in range(50)]
    for call in calls:
        next(call)
    _, blocked = server.wait_for(lambda s: s["suspended_senders"] == 200, 20, "two hundred suspended senders")
    resident = []
    while time.monotonic() < blocked + 4.5:
        if time.monotonic() >= blocked + 0.5:
            resident.append(server.resident_bytes())
        time.sleep(0.05)
    assert max(resident) - resident[0] <= MIB, resident
    assert server.snapshot()["suspended_senders"] == 200
    for call in calls:
        call.cancel()
    server.wait_until_quiet(connections=4)


def test_two_hundred_stalled_streams_all_end_with_the_reason(start_weir, open_channel, api):
    server = start_weir(*STALL)
    request = api.pb.StreamRequest(dataset="synthetic", chunk_bytes=1000)
    stubs = [api.Stub(open_channel(server, NARROW)) for _ in range(4)]
    calls = [stub.StreamData(request, timeout=60) for stub in stubs for _ in range(50)]
    for call in calls:
        next(call)
    stopped = time.monotonic()
    server.wait_for(lambda s: s["handlers"] == 0, DEADLINE + GRACE + SEEN, "all two hundred cut in time")
    assert time.monotonic() - stopped <= DEADLINE + GRACE + SEEN
    for call in calls:
        messages, error = read_to_the_end(call)
        assert len(messages) > 50
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_slow_reader_that_returns_credit_within_each_deadline_is_not_cut(start_weir, open_channel, api):
    server = start_weir(*STALL)
    stub = api.Stub(open_channel(server, NARROW))
    call = stub.StreamData(api.pb.StreamRequest(chunk_bytes=16_384), timeout=60)
    pace = threading.Event()
    begun = time.monotonic()
    sequences = []
    for number in range(100):
        # Ten messages a second: slowness is what is tested, nothing is waited for.
        pace.wait(max(0.0, begun + number * 0.1 - time.monotonic()))
        sequences.append(next(call).sequence)
    assert sequences == list(range(100))
    assert time.monotonic() - begun >= 9.9
    assert server.snapshot()["handlers"] == 1
    call.cancel()


def test_credit_within_the_deadline_keeps_a_stream_alive_and_credit_after_it_does_not(start_weir, api):
    server = start_weir(*STALL)
    message = api.pb.StreamRequest(chunk_bytes=1000).SerializeToString()
    with WireClient(server.port) as slow, WireClient(server.port) as stopped:
        alive = slow.call("StreamData", message)
        cut = stopped.call("StreamData", message)
        begun = time.monotonic()
        grants = 0
        while time.monotonic() < begun + 6:
            slow.pump(0.01)
            stopped.pump(0.01)
            if time.monotonic() >= begun + (grants + 1) * DEADLINE * 0.75:
                slow.grant(8_192, alive)
                slow.grant(8_192)
                grants += 1
        assert grants >= 3
        assert not slow.streams[alive].over
        assert len(slow.streams[alive].data) > 65_535 + (grants - 1) * 8_192 - 1_100
        stream = stopped.streams[cut]
        assert stream.over and stream.status == 8
        assert_cut_on_time(stream)
        slow.cancel(alive)


def test_trailers_pass_a_closed_window_and_say_how_long_it_was_closed(start_weir, api):
    server = start_weir(*STALL)
    with WireClient(server.port) as client:
        stream_id = client.call("StreamData", api.pb.StreamRequest(chunk_bytes=1000).SerializeToString())
        stream = client.finish(stream_id, 10)
        assert stream.reset_code in (None, 0), "a reset must not overtake the trailers"
        assert stream.status == 8 and stream.trailers is not None
        assert_cut_on_time(stream)
        # Not a byte more than the window, and all of it that whole messages fill.
        messages, _ = split_messages(stream.data)
        assert 65_535 - 1_100 < len(stream.data) <= 65_535
        chunks = [api.pb.DataChunk.FromString(m) for m in messages]
        assert [c.sequence for c in chunks] == list(range(len(chunks)))
        _, info, retry = details_of(stream.trailers["grpc-status-details-bin"])
        assert info.reason == "STREAM_STALLED" and info.metadata["stalled_for"]
        assert retry is not None


def test_a_closed_connection_window_is_named_as_the_cause(start_weir, api):
    server = start_weir(*STALL)
    with WireClient(server.port, initial_window=4 * MIB) as client:
        stream = client.finish(
            client.call("StreamData", api.pb.StreamRequest(chunk_bytes=1000).SerializeToString()), 10)
        assert stream.status == 8
        assert_cut_on_time(stream)
        assert re.search(r"connection[ _-]?window", stream.status_text, re.IGNORECASE), stream.status_text


def test_a_peer_whose_socket_takes_nothing_loses_its_connection_at_the_deadline(start_weir, api):
    server = start_weir(*STALL)
    huge = 2**31 - 1
    with WireClient(server.port, initial_window=huge, connection_window=huge, receive_buffer=16_384) as client:
        client.call("StreamData", api.pb.StreamRequest(chunk_bytes=65_536).SerializeToString())
        _, blocked = server.wait_for(lambda s: s["suspended_senders"] == 1, 10, "a sender that the socket suspends")
        held = server.resident_bytes()
        snapshot, gone = server.wait_for(lambda s: s["handlers"] == 0, 10, "the handler cancelled")
        assert DEADLINE - SEEN <= gone - blocked <= DEADLINE + 2 * GRACE
        assert server.resident_bytes() - held <= 4 * MIB
        server.wait_until_quiet(timeout=DEADLINE + GRACE)


def test_bytes_left_unsent_by_a_finished_handler_are_given_up_at_the_tail_deadline(start_weir, api):
    server = start_weir("--stall-deadline", "60s", "--tail-deadline", "2s")
    with WireClient(server.port) as client:
        request = api.pb.StreamRequest(chunk_bytes=100_000, max_chunks=1)
        stream = client.finish(client.call("StreamData", request.SerializeToString()), 10)
        assert len(stream.data) == 65_535
        assert stream.reset_code not in (None, 0) or stream.status == 8
        assert_cut_on_time(stream)
        server.wait_until_quiet(connections=1)


@pytest.mark.parametrize("increment", [1, 100])
def test_credit_that_drips_in_is_not_answered_frame_by_frame(start_weir, api, increment):
    server = start_weir("--stall-deadline", "60s")
    with WireClient(server.port) as client:
        frames = []
        stream_id = client.call("StreamData", api.pb.StreamRequest(chunk_bytes=16_000).SerializeToString())
        stream = client.streams[stream_id]
        client.pump_until(lambda: len(stream.data) >= 65_535 - 16_020, 5, "the first window's messages")
        client.grant(MIB)
        before = len(stream.data)
        for _ in range(300):
            client.grant(increment, stream_id)
            size = len(stream.data)
            client.pump(0.001)
            if len(stream.data) != size:
                frames.append(len(stream.data) - size)
        # An answer to each would be 300 turns; what is useful goes out in few.
        assert len(frames) <= 60, frames
        assert len(stream.data) <= 65_535 + 300 * increment
        assert len(stream.data) >= before
        client.cancel(stream_id)


def test_live_ticks_that_a_slow_reader_missed_are_counted(start_weir, open_channel, api):
    server = start_weir("--live-rate", "2000", "--stall-deadline", "30s")
    stub = api.Stub(open_channel(server, NARROW))
    call = stub.StreamData(api.pb.StreamRequest(dataset="live"), timeout=60)
    first = next(call)
    server.wait_for(lambda s: s["suspended_senders"] == 1, 20, "a window full of ticks")
    # Half a second of a reader that does not read: what is tested, not a wait for something.
    resume_at = time.monotonic() + 0.5
    eventually(lambda: time.monotonic() >= resume_at, 5, "half a second")
    chunks = [first, *itertools.islice(call, 4000)]
    call.cancel()
    for previous, chunk in zip(chunks, chunks[1:]):
        assert chunk.sequence - previous.sequence == chunk.dropped + 1
    assert sum(chunk.dropped for chunk in chunks) > 0
