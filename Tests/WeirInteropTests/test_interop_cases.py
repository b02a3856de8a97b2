# SPDX-License-Identifier: Apache-2.0
"""gRPC's interoperability cases, from their description, with grpcio as the client; compression and ORCA have files of their own.

Each test has the name of its case. The sizes, texts and expectations are the description's.
"""
import time

import grpc
import pytest

from conftest import OWN_CONNECTION
from interop_cases import (
    ECHO_INITIAL, ECHO_TRAILING, LARGE_REQUEST, LARGE_RESPONSE, REQUEST_SIZES, RESPONSE_SIZES, SPECIAL_TEXT, STATUS_TEXT,
    Requests, ask, echoed, failure, large, upload,
)

# What grpcio takes and what Weir takes unless told otherwise.
MESSAGE_LIMIT = 4 << 20


@pytest.fixture(autouse=True)
def nothing_is_left(interop_server):
    """Whatever way a case ends, the server holds nothing for it afterwards."""
    yield
    interop_server.wait_for(lambda s: (s["streams"], s["handlers"], s["held_bytes"]) == (0, 0, 0), 10, "nothing left")


def test_empty_unary(testing, cases):
    assert cases.EmptyCall(testing.Empty(), timeout=10) == testing.Empty()


def test_large_unary(testing, cases):
    response = cases.UnaryCall(large(testing), timeout=10)
    assert response.payload.type == testing.pb.COMPRESSABLE
    assert response.payload.body == b"\0" * LARGE_RESPONSE


def test_cacheable_unary_without_a_cache_is_answered_anew_each_time(testing, cases):
    request = testing.pb.SimpleRequest(payload=testing.pb.Payload(body=b"0"))
    answers = [cases.CacheableUnaryCall.with_call(request, timeout=10) for _ in range(2)]
    for response, call in answers:
        assert ("cache-control", "max-age=60, public") in [tuple(pair) for pair in call.initial_metadata()]
        assert response.payload.body
    assert answers[0][0].payload.body != answers[1][0].payload.body


def test_client_streaming(testing, cases):
    response = cases.StreamingInputCall((upload(testing, size) for size in REQUEST_SIZES), timeout=10)
    assert response.aggregated_payload_size == 74922


def test_server_streaming(testing, cases):
    responses = cases.StreamingOutputCall(ask(testing, *RESPONSE_SIZES), timeout=10)
    assert [r.payload.body for r in responses] == [b"\0" * size for size in RESPONSE_SIZES]


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


@pytest.mark.parametrize("handler_runs", [False, True])
def test_cancel_after_begin(interop_server, testing, cases, handler_runs):
    requests = Requests()
    call = cases.StreamingInputCall.future(iter(requests), timeout=30)
    if handler_runs:
        interop_server.wait_for(lambda s: s["handlers"] == 1, 10, "the handler runs")
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    requests.end()


def test_cancel_after_first_response(testing, cases):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=30)
    requests.send(ask(testing, 31415, size=27182))
    assert len(next(call).payload.body) == 31415
    call.cancel()
    assert failure(lambda: next(call))[0] == grpc.StatusCode.CANCELLED
    requests.end()


# The description's, and one that lets the handler begin to sleep.
@pytest.mark.parametrize("timeout", [0.001, 0.3])
def test_timeout_on_sleeping_server(testing, cases, timeout):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=timeout)
    requests.send(ask(testing, 1, size=27182, interval_us=20_000_000))
    assert failure(lambda: next(call))[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    requests.end()


def test_custom_metadata(testing, cases):
    sent = [ECHO_INITIAL, ECHO_TRAILING]
    unary = cases.UnaryCall.with_call(testing.pb.SimpleRequest(response_size=1), metadata=sent, timeout=10)[1]
    assert echoed(unary.initial_metadata(), unary.trailing_metadata())
    duplex = cases.FullDuplexCall(iter([ask(testing, 1)]), metadata=sent, timeout=10)
    assert len(list(duplex)) == 1
    assert echoed(duplex.initial_metadata(), duplex.trailing_metadata())


def test_custom_metadata_comes_back_with_an_error_too(testing, cases):
    status = testing.pb.EchoStatus(code=2, message=STATUS_TEXT)
    with pytest.raises(grpc.RpcError) as error:
        cases.UnaryCall(
            testing.pb.SimpleRequest(response_status=status), metadata=[ECHO_INITIAL, ECHO_TRAILING], timeout=10)
    assert echoed(error.value.initial_metadata(), error.value.trailing_metadata())


@pytest.mark.parametrize("text", [STATUS_TEXT, SPECIAL_TEXT], ids=["status_code_and_message", "special_status_message"])
def test_status_code_and_message(testing, cases, text):
    status = testing.pb.EchoStatus(code=2, message=text)
    expected = (grpc.StatusCode.UNKNOWN, text)
    assert failure(lambda: cases.UnaryCall(testing.pb.SimpleRequest(response_status=status), timeout=10)) == expected
    requests = Requests()
    requests.send(ask(testing, status=(2, text)))
    assert failure(lambda: list(cases.FullDuplexCall(iter(requests), timeout=10))) == expected
    requests.end()


def test_unimplemented_method(testing, cases, case_channel):
    assert failure(lambda: cases.UnimplementedCall(testing.Empty(), timeout=10))[0] == grpc.StatusCode.UNIMPLEMENTED
    # One that the server has never heard of, and a stream.
    call = case_channel.stream_stream("/grpc.testing.TestService/NoSuchCall")
    assert failure(lambda: list(call(iter([b"", b""]), timeout=10)))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(testing, case_channel):
    stub = testing.UnimplementedStub(case_channel)
    assert failure(lambda: stub.UnimplementedCall(testing.Empty(), timeout=10))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_a_request_over_the_limit_is_resource_exhausted_and_the_connection_goes_on(testing, cases):
    request = testing.pb.SimpleRequest(payload=testing.pb.Payload(body=b"\0" * MESSAGE_LIMIT))
    code, details = failure(lambda: cases.UnaryCall(request, timeout=10))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED and str(MESSAGE_LIMIT) in details
    assert cases.EmptyCall(testing.Empty(), timeout=10) == testing.Empty()


def test_a_response_over_the_limit_of_the_client_is_resource_exhausted_and_the_connection_goes_on(testing, cases):
    request = testing.pb.SimpleRequest(response_size=MESSAGE_LIMIT)
    assert failure(lambda: cases.UnaryCall(request, timeout=10))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert cases.EmptyCall(testing.Empty(), timeout=10) == testing.Empty()


@pytest.mark.parametrize("size", [-1, (64 << 20) + 1])
def test_a_size_that_no_payload_has_is_an_invalid_argument(testing, cases, size):
    request = testing.pb.SimpleRequest(response_size=size)
    assert failure(lambda: cases.UnaryCall(request, timeout=10))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_a_type_that_no_payload_has_is_an_invalid_argument(testing, cases):
    request = testing.pb.SimpleRequest(response_type=99, response_size=1)
    assert failure(lambda: cases.UnaryCall(request, timeout=10))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_pick_first_unary(testing, cases):
    request = testing.pb.SimpleRequest(response_size=1, fill_server_id=True)
    servers = {cases.UnaryCall(request, timeout=10).server_id for _ in range(100)}
    assert len(servers) == 1 and "" not in servers


def soak(testing, stub_for, iterations):
    """Large unary calls one after the other; returns those that failed or took longer than the description allows."""
    failures = []
    for number in range(iterations):
        begun = time.monotonic()
        try:
            size = len(stub_for().UnaryCall(large(testing), timeout=10).payload.body)
        except grpc.RpcError as error:
            failures.append((number, error.code(), error.details()))
            continue
        took = time.monotonic() - begun
        if size != LARGE_RESPONSE or took > 1:
            failures.append((number, size, took))
    return failures


@pytest.mark.alone
def test_rpc_soak(interop_server, testing, cases):
    assert soak(testing, lambda: cases, 100) == []
    before = interop_server.resident_bytes()
    assert soak(testing, lambda: cases, 1_000) == []
    # A thousand calls with 586 KB each have left nothing behind.
    assert interop_server.resident_bytes() - before < LARGE_REQUEST * 8


@pytest.mark.alone
def test_channel_soak(interop_server, testing):
    channels = []

    def new():
        for channel in channels:
            channel.close()
        channels[:] = [grpc.insecure_channel(interop_server.target, options=OWN_CONNECTION)]
        return testing.Stub(channels[0])

    before = interop_server.open_files()
    assert soak(testing, new, 100) == []
    channels[0].close()
    interop_server.wait_until_quiet()
    assert interop_server.open_files() <= before + 1
