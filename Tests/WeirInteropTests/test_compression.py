# SPDX-License-Identifier: Apache-2.0
"""Compression per message in both directions, with grpcio and by hand, and its limits."""
import gzip
import pathlib
import struct
import time
import zlib

import grpc
import pytest

from interop_cases import ask, upload
from wire_client import WireClient

TEXT = b"the same again, " * 8_000
SERVICE = "grpc.testing.TestService"
ALGORITHMS = [grpc.Compression.Gzip, grpc.Compression.Deflate]
COMPRESS = {"gzip": gzip.compress, "deflate": zlib.compress}
INFLATE = {"gzip": gzip.decompress, "deflate": zlib.decompress}


def yes(testing, value=True):
    return testing.pb.BoolValue(value=value)


def marked(payload, flag=1):
    return struct.pack(">BI", flag, len(payload)) + payload


def in_frames(data):
    return [data[at:at + 16_384] for at in range(0, len(data), 16_384)]


def exchange(server, data, encoding, accept=None, method="UnaryCall"):
    """One call by hand; returns its stream, and its messages as (flag, payload)."""
    headers = [("grpc-encoding", encoding)] if encoding is not None else []
    if accept is not None:
        headers.append(("grpc-accept-encoding", accept))
    with WireClient(server.port, initial_window=1 << 24, connection_window=1 << 24) as client:
        stream_id = client.begin(method, headers, service=SERVICE)
        for part in in_frames(data):
            client.pump_until(
                lambda: client.connection.local_flow_control_window(stream_id) >= len(part)
                or client.streams[stream_id].over, 10, "a window")
            if client.streams[stream_id].over:
                break
            client.send(stream_id, part)
        if not client.streams[stream_id].over:
            client.connection.end_stream(stream_id)
            client.flush()
        stream = client.finish(stream_id, 20)
        messages, at = [], 0
        while at < len(stream.data):
            flag, length = struct.unpack_from(">BI", stream.data, at)
            messages.append((flag, bytes(stream.data[at + 5:at + 5 + length])))
            at += 5 + length
        return stream, messages


# gRPC's cases: client_compressed_unary, client_compressed_streaming, server_compressed_unary, server_compressed_streaming.

@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_client_compressed_unary(testing, cases, algorithm):
    def request(expected):
        return testing.pb.SimpleRequest(
            expect_compressed=yes(testing, expected), response_size=314159,
            payload=testing.pb.Payload(body=b"\0" * 271828))
    with pytest.raises(grpc.RpcError) as error:
        cases.UnaryCall(request(True), timeout=10)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    for expected in (True, False):
        compression = algorithm if expected else grpc.Compression.NoCompression
        response = cases.UnaryCall(request(expected), timeout=10, compression=compression)
        assert response.payload.body == b"\0" * 314159


def test_client_compressed_streaming(testing, interop_server):
    probe = testing.pb.StreamingInputCallRequest(
        expect_compressed=yes(testing), payload=testing.pb.Payload(body=b"\0" * 27182)).SerializeToString()
    stream, _ = exchange(interop_server, marked(probe, 0), "gzip", method="StreamingInputCall")
    assert stream.status == 3
    plain = testing.pb.StreamingInputCallRequest(
        expect_compressed=yes(testing, False), payload=testing.pb.Payload(body=b"\0" * 45904)).SerializeToString()
    stream, messages = exchange(
        interop_server, marked(gzip.compress(probe)) + marked(plain, 0), "gzip", method="StreamingInputCall")
    assert stream.status == 0
    response = testing.pb.StreamingInputCallResponse.FromString(messages[0][1])
    assert response.aggregated_payload_size == 73086


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_server_compressed_unary(testing, interop_server, encoding):
    for compressed in (True, False):
        request = testing.pb.SimpleRequest(response_compressed=yes(testing, compressed), response_size=314159)
        stream, [(flag, payload)] = exchange(
            interop_server, marked(request.SerializeToString(), 0), None, accept=f"identity, {encoding}")
        assert stream.status == 0 and flag == int(compressed)
        assert stream.headers.get("grpc-encoding") == (encoding if compressed else None)
        body = INFLATE[encoding](payload) if compressed else payload
        assert testing.pb.SimpleResponse.FromString(body).payload.body == b"\0" * 314159
        assert not compressed or len(payload) < 5_000


def test_server_compressed_streaming(testing, interop_server):
    request = testing.pb.StreamingOutputCallRequest(response_parameters=[
        testing.pb.ResponseParameters(size=31415, compressed=yes(testing)),
        testing.pb.ResponseParameters(size=92653, compressed=yes(testing, False)),
        testing.pb.ResponseParameters(size=3, compressed=yes(testing)),
    ])
    stream, messages = exchange(
        interop_server, marked(request.SerializeToString(), 0), None, "gzip", "StreamingOutputCall")
    assert [flag for flag, _ in messages] == [1, 0, 1] and stream.status == 0
    sizes = [
        len(testing.pb.StreamingOutputCallResponse.FromString(gzip.decompress(p) if f else p).payload.body)
        for f, p in messages]
    assert sizes == [31415, 92653, 3]


def test_never_compressed_for_who_does_not_list_it(testing, interop_server):
    request = testing.pb.SimpleRequest(response_compressed=yes(testing), response_size=314159).SerializeToString()
    for accept in (None, "identity", "br,zstd"):
        stream, [(flag, payload)] = exchange(interop_server, marked(request, 0), None, accept)
        assert flag == 0 and stream.status == 0 and "grpc-encoding" not in stream.headers
        assert len(payload) > 314159
        assert stream.headers["grpc-accept-encoding"] == "identity,deflate,gzip"


# grpcio in both directions.

@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_both_directions_with_grpcio(testing, cases, algorithm):
    request = testing.pb.SimpleRequest(
        expect_compressed=yes(testing), response_compressed=yes(testing), response_size=100_000,
        payload=testing.pb.Payload(body=TEXT))
    assert cases.UnaryCall(request, timeout=10, compression=algorithm).payload.body == b"\0" * 100_000

    requests = [ask(testing, size, size=5_000) for size in (0, 1, 200, 70_000)] * 25
    for message in requests:
        message.response_parameters[0].compressed.value = True
    responses = list(cases.FullDuplexCall(iter(requests), timeout=30, compression=algorithm))
    assert [len(r.payload.body) for r in responses] == [0, 1, 200, 70_000] * 25
    total = cases.StreamingInputCall(
        (upload(testing, size) for size in (0, 1, 10_000, 1_000_000)), timeout=10, compression=algorithm)
    assert total.aggregated_payload_size == 1_010_001


def test_every_call_on_a_channel_that_compresses(testing, interop_server, open_channel):
    channel = grpc.insecure_channel(
        interop_server.target, compression=grpc.Compression.Gzip, options=[("grpc.use_local_subchannel_pool", 1)])
    with channel:
        stub = testing.Stub(channel)
        for size in (0, 1, 100, 100_000, 3_000_000):
            request = testing.pb.SimpleRequest(response_size=size, payload=testing.pb.Payload(body=b"x" * size))
            assert len(stub.UnaryCall(request, timeout=10).payload.body) == size


# What is refused.

def peak_bytes(server):
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("method", ["UnaryCall", "StreamingInputCall", "FullDuplexCall"])
def test_a_bomb_is_refused_without_its_memory(interop_server, encoding, method):
    exchange(interop_server, marked(COMPRESS[encoding](b"\0" * (8 << 20))), encoding, method=method)
    before = peak_bytes(interop_server)
    bomb = COMPRESS[encoding](b"\0" * (256 << 20))
    assert len(bomb) < 1 << 20
    began = time.monotonic()
    stream, _ = exchange(interop_server, marked(bomb), encoding, method=method)
    assert stream.status == 8 and "decompressed" in stream.status_text
    assert time.monotonic() - began < 5
    assert peak_bytes(interop_server) - before < 16 << 20


@pytest.mark.parametrize("method", ["UnaryCall", "StreamingInputCall"])
def test_the_limit_is_on_the_inflated_bytes(testing, interop_server, method):
    kind = testing.pb.SimpleRequest if method == "UnaryCall" else testing.pb.StreamingInputCallRequest
    for excess, status in ((0, 0), (1, 8)):
        request = kind(payload=testing.pb.Payload(body=b"\0"))
        request.payload.body = b"\0" * (2 * (4 << 20) - request.ByteSize())
        request.payload.body = b"\0" * ((4 << 20) + excess - (request.ByteSize() - len(request.payload.body)))
        assert request.ByteSize() == (4 << 20) + excess
        stream, _ = exchange(interop_server, marked(gzip.compress(request.SerializeToString())), "gzip", method=method)
        assert stream.status == status


@pytest.mark.parametrize("method", ["UnaryCall", "StreamingInputCall", "FullDuplexCall"])
def test_what_is_not_the_encoding_is_internal(interop_server, method):
    good = gzip.compress(b"")
    long = gzip.compress(TEXT)
    bad_sum = bytearray(long)
    bad_sum[-6] ^= 1
    for payload in (b"", b"\1\2\3", good[:-1], long[:-9], good + b"\0", good + good, bytes(bad_sum), zlib.compress(b"")):
        stream, _ = exchange(interop_server, marked(payload), "gzip", method=method)
        assert stream.status == 13, (payload[:40], stream.status, stream.status_text)


@pytest.mark.parametrize("encoding", [None, "identity"])
def test_marked_without_an_encoding_is_internal(interop_server, encoding):
    stream, _ = exchange(interop_server, marked(gzip.compress(b"")), encoding)
    assert stream.status == 13


def test_an_unknown_encoding_is_unimplemented_and_told_what_is_known(interop_server):
    stream, _ = exchange(interop_server, marked(b"x"), "br")
    assert stream.status == 12 and stream.headers["grpc-accept-encoding"] == "identity,deflate,gzip"
