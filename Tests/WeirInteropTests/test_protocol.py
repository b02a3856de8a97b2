# SPDX-License-Identifier: Apache-2.0
"""What a gRPC server must answer, seen by grpcio and by a client that writes frames itself."""
import grpc
import pytest

from conftest import NARROW
from wire_client import SERVICE, WireClient, length_prefixed, split_messages


def unknown(channel, path):
    call = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    with pytest.raises(grpc.RpcError) as error:
        call(b"", timeout=10)
    return error.value


@pytest.mark.parametrize("path", [f"/{SERVICE}/NoSuchMethod", "/no.such.Service/Method", "/", "/x", "/a/b/c", "//"])
def test_unknown_methods_and_services_are_unimplemented(weir, open_channel, path):
    error = unknown(open_channel(weir), path)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED and error.details()


def test_an_unimplemented_method_is_answered_with_trailers_only(weir):
    with WireClient(weir.port) as client:
        stream = client.finish(client.call("NoSuchMethod", b""), 5)
        assert (stream.headers[":status"], stream.status, stream.trailers, bytes(stream.data)) == ("200", 12, None, b"")


def test_a_message_split_into_single_bytes_is_read(weir, api):
    with WireClient(weir.port) as client:
        framed = length_prefixed(api.pb.StreamRequest(max_chunks=2, chunk_bytes=10).SerializeToString())
        stream_id = client.begin()
        for index in range(len(framed)):
            client.send(stream_id, framed[index:index + 1], end_stream=index == len(framed) - 1)
        stream = client.finish(stream_id, 5)
        messages, rest = split_messages(stream.data)
        assert (stream.status, len(messages), rest) == (0, 2, b"")


def test_a_request_that_ends_after_its_message_in_a_frame_of_its_own_is_served(weir, api):
    with WireClient(weir.port) as client:
        stream_id = client.begin()
        client.send(stream_id, length_prefixed(api.pb.StreamRequest(max_chunks=2).SerializeToString()))
        client.send(stream_id, b"", end_stream=True)
        assert client.finish(stream_id, 5).status == 0


def test_a_call_without_a_message_does_not_succeed(weir):
    with WireClient(weir.port) as client:
        stream = client.finish(client.begin(end_stream=True), 5)
        # Cardinality violation: gRPC's doc/statuscodes.md.
        assert stream.status == 12 and stream.status_text


@pytest.mark.parametrize("framed, statuses", [
    pytest.param(b"\x00\x00\x00\x00\x05abc", {13}, id="cut short"),
    pytest.param(b"\x00\x00\x00", {13}, id="half a prefix"),
    pytest.param(b"\x01\x00\x00\x00\x01a", {12, 13}, id="compressed without an encoding"),
    pytest.param(b"\x80\x00\x00\x00\x00", {13}, id="unknown flag"),
    pytest.param(b"\x00\xff\xff\xff\xff", {8}, id="4 GiB announced"),
    pytest.param(b"\x00\x00\x00\x00\x02\x0a\x05", {3, 13}, id="not a protobuf message"),
    pytest.param(b"\x00\x00\x00\x00\x03\x0a\x01\xff", {3, 13}, id="invalid UTF-8"),
    pytest.param(b"\x00\x00\x00\x00\x00" * 2, {12, 13}, id="two messages"),
])
def test_a_malformed_request_message_ends_in_a_status(weir, framed, statuses):
    with WireClient(weir.port) as client:
        stream_id = client.begin()
        client.send(stream_id, framed, end_stream=True)
        stream = client.finish(stream_id, 5)
        assert stream.status in statuses, (stream.status, stream.status_text, stream.reset_code)
        assert stream.status_text
        # The connection goes on.
        assert client.finish(client.call("ListDatasets", b""), 5).status == 0
    weir.wait_until_quiet()


@pytest.mark.parametrize("replace, status", [
    ({":method": "GET"}, "405"), ({":method": "PUT"}, "405"), ({"content-type": "application/json"}, "415"),
    ({"content-type": None}, "415"),
])
def test_requests_that_are_not_grpc_get_an_http_status_before_their_body_ends(weir, replace, status):
    with WireClient(weir.port) as client:
        stream = client.finish(client.begin(replace=replace), 5)
        assert stream.headers[":status"] == status
        # RFC 9113 section 8.1: after a complete response the rest of the request may be declined, with NO_ERROR alone.
        assert stream.ended and stream.reset_code in (None, 0)
        assert status != "405" or stream.headers["allow"] == "POST"


@pytest.mark.parametrize("value", ["", "1", "S", "123456789S", "-1S", "1.5S", "1s", "1X"])
def test_a_malformed_timeout_is_refused(weir, value):
    with WireClient(weir.port) as client:
        stream = client.finish(client.call("ListDatasets", b"", headers=[("grpc-timeout", value)]), 5)
        assert stream.status == 13 and "timeout" in stream.status_text


# The last one is a tenth of a second.
@pytest.mark.alone
@pytest.mark.parametrize("value", ["99999999H", "10S", "10000m", "99999999n"])
def test_every_unit_of_timeout_is_taken(weir, value):
    with WireClient(weir.port) as client:
        assert client.finish(client.call("ListDatasets", b"", headers=[("grpc-timeout", value)]), 5).status == 0


def test_a_call_without_a_te_header_is_served(weir):
    with WireClient(weir.port) as client:
        assert client.finish(client.call("ListDatasets", b"", replace={"te": None}), 5).status == 0


def test_a_deadline_that_has_passed_is_exceeded(weir, api, open_channel):
    stub = api.Stub(open_channel(weir, NARROW))
    with pytest.raises(grpc.RpcError) as error:
        for _ in stub.StreamData(api.pb.StreamRequest(), timeout=0.2):
            pass
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_streams_over_the_limit_wait_at_the_client(start_weir, api, open_channel):
    server = start_weir("--max-concurrent-streams", "3")
    stub = api.Stub(open_channel(server, NARROW))
    calls = [stub.StreamData(api.pb.StreamRequest(chunk_bytes=1000), timeout=60) for _ in range(5)]
    server.wait_for(lambda s: s["suspended_senders"] == 3, 5, "three streams at work")
    assert server.snapshot()["streams"] == 3
    for call in calls[:3]:
        assert next(call).sequence == 0
        call.cancel()
    for call in calls[3:]:
        assert next(call).sequence == 0
        call.cancel()
