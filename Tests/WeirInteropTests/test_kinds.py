# SPDX-License-Identifier: Apache-2.0
"""Client-streaming and bidirectional calls: many and large messages, and backpressure, seen by grpcio."""
import time

import grpc
import pytest

from interop_cases import Flood, ask, failure, upload

pytestmark = pytest.mark.alone

SERVER_MESSAGE_LIMIT = 4 << 20
# What may be on its way to a handler that does not read: the server's window, and what grpcio and the kernel buffer.
MOST_UNREAD = 2 << 20


def settled(value, quiet=0.5, timeout=10.0):
    """What `value()` has become once it has not changed for a while."""
    deadline = time.monotonic() + timeout
    last, since = value(), time.monotonic()
    while time.monotonic() - since < quiet:
        assert time.monotonic() < deadline, f"still changing: {last}"
        time.sleep(0.01)
        if value() != last:
            last, since = value(), time.monotonic()
    return last


def test_many_small_messages_both_ways(testing, cases):
    count = 5_000
    responses = cases.FullDuplexCall((ask(testing, n % 7) for n in range(count)), timeout=60)
    assert [len(r.payload.body) for r in responses] == [n % 7 for n in range(count)]


def test_large_messages_both_ways(testing, cases):
    size = SERVER_MESSAGE_LIMIT - 1_000
    responses = cases.FullDuplexCall((ask(testing, size, size=size) for _ in range(3)), timeout=60)
    assert [len(r.payload.body) for r in responses] == [size] * 3


def test_a_message_over_the_limit_is_resource_exhausted(testing, cases):
    requests = (upload(testing, size) for size in (10, SERVER_MESSAGE_LIMIT + 1, 10))
    code, details = failure(lambda: cases.StreamingInputCall(requests, timeout=10))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED and str(SERVER_MESSAGE_LIMIT) in details


def test_a_handler_that_does_not_read_stops_its_client(interop_server, testing, cases):
    # The handler sleeps before it answers the first message, and does not take the second until then.
    count, size = 2_000, 10_000
    flood = Flood(ask(testing, 1, interval_us=3_000_000), ask(testing, 1, size=size), most=count)
    begun = time.monotonic()
    call = cases.FullDuplexCall(iter(flood), timeout=60)
    taken = settled(lambda: flood.taken, timeout=2.5)
    assert time.monotonic() - begun < 3.0, "too slow to tell"
    assert taken * size < MOST_UNREAD
    assert interop_server.snapshot()["received_bytes"] <= MOST_UNREAD
    assert sum(1 for _ in call) == count
    assert flood.taken == count


def test_an_echo_whose_client_does_not_read_stops_its_client(interop_server, testing, open_channel):
    channel = open_channel(interop_server, [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)])
    flood = Flood(ask(testing, 10_000, size=10_000), ask(testing, 10_000, size=10_000))
    call = testing.Stub(channel).FullDuplexCall(iter(flood), timeout=60)
    next(call)
    taken = settled(lambda: flood.taken)
    snapshot = interop_server.snapshot()
    assert taken * 10_000 < MOST_UNREAD
    assert snapshot["suspended_senders"] == 1 and snapshot["held_bytes"] < 128 * 1024
    # It goes on where it stood.
    for _ in range(500):
        assert len(next(call).payload.body) == 10_000
    assert flood.taken > taken
    call.cancel()


def test_a_status_while_the_client_still_sends(interop_server, testing, cases):
    flood = Flood(ask(testing, 10, status=(9, "enough")), ask(testing, 10, size=1_000))
    call = cases.FullDuplexCall(iter(flood), timeout=30)
    assert failure(lambda: list(call)) == (grpc.StatusCode.FAILED_PRECONDITION, "enough")
    settled(lambda: flood.taken)
    interop_server.wait_until_quiet(connections=1)
