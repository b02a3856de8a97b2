# SPDX-License-Identifier: Apache-2.0
"""Client-streaming and bidirectional calls: gRPC's interoperability cases, and backpressure, seen by grpcio."""
import time

import grpc
import pytest

from interop_cases import REQUEST_SIZES, RESPONSE_SIZES, Flood, Requests, ask, upload

SERVER_MESSAGE_LIMIT = 4 << 20
# What may be on its way to a handler that does not read: the server's window, and what grpcio and the kernel buffer.
MOST_UNREAD = 2 << 20


def failure(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


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


def test_empty_unary(testing, cases):
    assert cases.EmptyCall(testing.Empty(), timeout=10) == testing.Empty()


def test_large_unary(testing, cases):
    request = testing.pb.SimpleRequest(response_size=314159, payload=testing.pb.Payload(body=b"\0" * 271828))
    assert cases.UnaryCall(request, timeout=10).payload.body == b"\0" * 314159


def test_client_streaming(testing, cases):
    response = cases.StreamingInputCall((upload(testing, size) for size in REQUEST_SIZES), timeout=10)
    assert response.aggregated_payload_size == 74922


def test_server_streaming(testing, cases):
    responses = cases.StreamingOutputCall(ask(testing, *RESPONSE_SIZES), timeout=10)
    assert [len(r.payload.body) for r in responses] == list(RESPONSE_SIZES)


def test_ping_pong(testing, cases):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=10)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(ask(testing, response_size, size=request_size))
        assert len(next(call).payload.body) == response_size
    requests.end()
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_empty_stream(testing, cases):
    call = cases.FullDuplexCall(iter([]), timeout=10)
    assert list(call) == [] and call.code() == grpc.StatusCode.OK
    assert cases.StreamingInputCall(iter([]), timeout=10).aggregated_payload_size == 0


def test_half_duplex(testing, cases):
    requests = (ask(testing, size) for size in RESPONSE_SIZES)
    assert [len(r.payload.body) for r in cases.HalfDuplexCall(requests, timeout=10)] == list(RESPONSE_SIZES)


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


def test_cancel_after_begin(interop_server, testing, cases):
    requests = Requests()
    call = cases.StreamingInputCall.future(iter(requests), timeout=30)
    interop_server.wait_for(lambda s: s["handlers"] == 1, 10, "the handler runs")
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    requests.end()
    interop_server.wait_until_quiet(connections=1)


def test_cancel_after_first_response(interop_server, testing, cases):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=30)
    requests.send(ask(testing, 31415, size=27182))
    assert len(next(call).payload.body) == 31415
    call.cancel()
    assert failure(lambda: next(call))[0] == grpc.StatusCode.CANCELLED
    requests.end()
    interop_server.wait_until_quiet(connections=1)


def test_timeout_on_sleeping_server(interop_server, testing, cases):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=0.3)
    requests.send(ask(testing, 1, size=27182, interval_us=20_000_000))
    assert failure(lambda: next(call))[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    requests.end()
    interop_server.wait_until_quiet(connections=1)


@pytest.mark.parametrize("text", ["test status message", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"])
def test_status_code_and_message(testing, cases, text):
    status = testing.pb.EchoStatus(code=2, message=text)
    expected = (grpc.StatusCode.UNKNOWN, text)
    assert failure(lambda: cases.UnaryCall(testing.pb.SimpleRequest(response_status=status), timeout=10)) == expected
    requests = Requests()
    requests.send(ask(testing, status=(2, text)))
    assert failure(lambda: list(cases.FullDuplexCall(iter(requests), timeout=10))) == expected
    requests.end()


def test_unimplemented(testing, cases, case_channel):
    assert failure(lambda: cases.UnimplementedCall(testing.Empty(), timeout=10))[0] == grpc.StatusCode.UNIMPLEMENTED
    stub = testing.UnimplementedStub(case_channel)
    assert failure(lambda: stub.UnimplementedCall(testing.Empty(), timeout=10))[0] == grpc.StatusCode.UNIMPLEMENTED
    call = case_channel.stream_stream("/grpc.testing.TestService/NoSuchCall")
    assert failure(lambda: list(call(iter([b"", b""]), timeout=10)))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_custom_metadata(testing, cases):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")
    unary = cases.UnaryCall.with_call(testing.pb.SimpleRequest(response_size=1), metadata=[initial, trailing], timeout=10)[1]
    duplex = cases.FullDuplexCall(iter([ask(testing, 1)]), metadata=[initial, trailing], timeout=10)
    assert len(list(duplex)) == 1
    for call in (unary, duplex):
        assert initial in [tuple(pair) for pair in call.initial_metadata()]
        assert trailing in [tuple(pair) for pair in call.trailing_metadata()]


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
