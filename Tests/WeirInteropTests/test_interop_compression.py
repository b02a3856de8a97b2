# SPDX-License-Identifier: Apache-2.0
"""The interoperability cases about compression: grpcio as the client, and one on `h2` that sees what is on the wire."""
import gzip

import grpc
import pytest

from interop_cases import LARGE_REQUEST, LARGE_RESPONSE, ask, failure, large, on_the_wire, upload
from wire_client import framed_messages, length_prefixed

PLAIN, GZIP = grpc.Compression.NoCompression, grpc.Compression.Gzip
COMPRESSED_SIZES = (27182, 45904)


def flag(testing, value):
    return testing.pb.BoolValue(value=value)


def compressed(message):
    """A message as it goes over the wire, compressed with gzip."""
    return length_prefixed(gzip.compress(message.SerializeToString()), flag=1)


def plain(message):
    return length_prefixed(message.SerializeToString())


def test_client_compressed_unary(testing, cases):
    # Whether the server looks at the flag at all.
    probe = large(testing, expect_compressed=flag(testing, True))
    assert failure(lambda: cases.UnaryCall(probe, compression=PLAIN, timeout=10))[0] == grpc.StatusCode.INVALID_ARGUMENT
    for compression, expected in ((GZIP, True), (PLAIN, False)):
        request = large(testing, expect_compressed=flag(testing, expected))
        assert cases.UnaryCall(request, compression=compression, timeout=10).payload.body == b"\0" * LARGE_RESPONSE


def test_client_compressed_unary_with_deflate(testing, cases):
    request = large(testing, expect_compressed=flag(testing, True))
    response = cases.UnaryCall(request, compression=grpc.Compression.Deflate, timeout=10)
    assert response.payload.body == b"\0" * LARGE_RESPONSE


def test_client_compressed_streaming(interop_server, testing, cases):
    probe = upload(testing, COMPRESSED_SIZES[0], expect_compressed=flag(testing, True))
    assert failure(lambda: cases.StreamingInputCall(iter([probe]), compression=PLAIN, timeout=10))[0] == (
        grpc.StatusCode.INVALID_ARGUMENT)
    uploads = [upload(testing, size, expect_compressed=flag(testing, True)) for size in COMPRESSED_SIZES]
    response = cases.StreamingInputCall(iter(uploads), compression=GZIP, timeout=10)
    assert response.aggregated_payload_size == sum(COMPRESSED_SIZES)

    # One of two messages compressed, which grpcio has no way to say.
    uploads[1] = upload(testing, COMPRESSED_SIZES[1], expect_compressed=flag(testing, False))
    # In frames of at most 16 KiB.
    second = plain(uploads[1])
    parts = [second[at:at + 16_384] for at in range(0, len(second), 16_384)]
    stream = on_the_wire(interop_server, "StreamingInputCall", compressed(uploads[0]), *parts, encoding="gzip")
    assert stream.status == 0, stream.status_text
    [(_, body)] = framed_messages(stream.data)
    assert testing.pb.StreamingInputCallResponse.FromString(body).aggregated_payload_size == sum(COMPRESSED_SIZES)


# What grpcio can see; the next test sees more.
def test_server_compressed_unary(testing, cases):
    for wanted in (True, False):
        request = large(testing, response_compressed=flag(testing, wanted))
        assert cases.UnaryCall(request, timeout=10).payload.body == b"\0" * LARGE_RESPONSE


@pytest.mark.parametrize("wanted, accept, expected", [
    (True, "gzip", 1), (True, "identity,gzip", 1), (False, "gzip", 0), (True, "identity", 0), (True, None, 0),
])
def test_server_compressed_unary_on_the_wire(interop_server, testing, wanted, accept, expected):
    request = testing.pb.SimpleRequest(
        response_size=LARGE_RESPONSE, response_compressed=flag(testing, wanted),
        expect_compressed=flag(testing, True), payload=testing.pb.Payload(body=b"\0" * LARGE_REQUEST))
    stream = on_the_wire(interop_server, "UnaryCall", compressed(request), encoding="gzip", accept=accept)
    assert stream.status == 0, stream.status_text
    [(is_compressed, body)] = framed_messages(stream.data)
    assert is_compressed == expected
    assert {"gzip", "deflate"} <= set(stream.headers["grpc-accept-encoding"].replace(" ", "").split(","))
    assert not expected or stream.headers["grpc-encoding"] == "gzip"
    message = testing.pb.SimpleResponse.FromString(gzip.decompress(body) if expected else body)
    assert message.payload.body == b"\0" * LARGE_RESPONSE
    assert not expected or len(body) < LARGE_RESPONSE / 100


def test_server_compressed_streaming(interop_server, testing, cases):
    sizes = (31415, 92653)
    request = ask(testing, *sizes)
    for parameters, wanted in zip(request.response_parameters, (True, False)):
        parameters.compressed.value = wanted
    assert [len(r.payload.body) for r in cases.StreamingOutputCall(request, timeout=10)] == list(sizes)

    stream = on_the_wire(interop_server, "StreamingOutputCall", plain(request), accept="gzip")
    assert stream.status == 0, stream.status_text
    messages = framed_messages(stream.data)
    assert [is_compressed for is_compressed, _ in messages] == [1, 0]
    for (is_compressed, body), size in zip(messages, sizes):
        message = testing.pb.StreamingOutputCallResponse.FromString(gzip.decompress(body) if is_compressed else body)
        assert len(message.payload.body) == size
