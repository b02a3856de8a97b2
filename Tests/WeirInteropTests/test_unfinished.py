# SPDX-License-Identifier: Apache-2.0
"""Clients that do not finish what they begin, on real sockets: handshakes, frames, header fields, requests."""
import socket
import struct
import time

import pytest

from weir_process import WeirProcess
from wire_client import SERVICE, WireClient, length_prefixed

pytestmark = pytest.mark.alone

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
ACKNOWLEDGEMENT = b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
PROTOCOL_ERROR, SETTINGS_TIMEOUT, ENHANCE_YOUR_CALM = 1, 4, 11
DEADLINE = 1.0
# How late a busy machine may be.
LATE = 3.0


@pytest.fixture(scope="module")
def impatient(tmp_path_factory, data_directory):
    """A server with short deadlines."""
    options = [f"--{name}-deadline={DEADLINE}s" for name in ("handshake", "frame", "request")]
    process = WeirProcess(tmp_path_factory.mktemp("log") / "weir.log", *options, data=data_directory)
    try:
        yield process
        process.wait_until_quiet()
        assert process.stop() == 0, process.log[-2000:]
    finally:
        process.discard()


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def fields(method="StreamData"):
    path = f"/{SERVICE}/{method}".encode()
    pairs = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b"te", b"trailers"),
             (b"content-type", b"application/grpc")]
    return b"".join(literal(name, value) for name, value in pairs)


def dribble(port, start, trickle, interval=0.1):
    """Sends `start`, then a byte of `trickle` each `interval`, until the server closes.

    Returns the seconds from the first trickled byte to the close, and the codes and texts of the GOAWAYs that came.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(start)
        begun = time.monotonic()
        received = b""
        position = 0
        while time.monotonic() - begun < DEADLINE + LATE + 5:
            connection.settimeout(interval)
            try:
                data = connection.recv(65536)
                if not data:
                    return time.monotonic() - begun, goaways(received)
                received += data
            except TimeoutError:
                if position < len(trickle):
                    try:
                        connection.sendall(trickle[position:position + 1])
                    except ConnectionError:
                        return time.monotonic() - begun, goaways(received)
                    position += 1
            except ConnectionError:
                return time.monotonic() - begun, goaways(received)
    raise AssertionError("the server did not close the connection")


def goaways(received):
    found = []
    while len(received) >= 9:
        length = int.from_bytes(received[:3], "big")
        if received[3] == 7:
            payload = received[9:9 + length]
            found.append((int.from_bytes(payload[4:8], "big"), payload[8:].decode()))
        received = received[9 + length:]
    return found


@pytest.mark.parametrize("start, trickle, code, text", [
    pytest.param(b"", b"", PROTOCOL_ERROR, "preface", id="silence"),
    pytest.param(b"", PREFACE + SETTINGS, PROTOCOL_ERROR, "preface", id="slow preface"),
    pytest.param(PREFACE, SETTINGS[:8], PROTOCOL_ERROR, "SETTINGS", id="slow SETTINGS"),
    pytest.param(PREFACE + SETTINGS, b"", SETTINGS_TIMEOUT, "acknowledged", id="no acknowledgement"),
    pytest.param(PREFACE + SETTINGS + ACKNOWLEDGEMENT, frame(1, 4, 1, fields()), ENHANCE_YOUR_CALM, "field section",
                 id="slow headers"),
    pytest.param(PREFACE + SETTINGS + ACKNOWLEDGEMENT + frame(1, 0, 1, fields()), frame(9, 0, 1, b"x" * 200),
                 ENHANCE_YOUR_CALM, "field section", id="headers without end"),
    pytest.param(PREFACE + SETTINGS + ACKNOWLEDGEMENT + frame(6, 0, 0, b"12345678")[:9], b"", ENHANCE_YOUR_CALM,
                 "a frame", id="half a PING"),
])
def test_what_is_not_finished_in_time_ends_the_connection(impatient, start, trickle, code, text):
    seconds, told = dribble(impatient.port, start, trickle)
    assert DEADLINE - 0.2 <= seconds <= DEADLINE + LATE
    assert [number for number, _ in told] == [code] and text in told[0][1]


def test_a_request_that_is_not_finished_ends_with_a_status_and_the_connection_serves_on(impatient, api):
    with WireClient(impatient.port) as client:
        message = length_prefixed(api.pb.StreamRequest(max_chunks=2).SerializeToString())
        part, whole = client.begin(), client.begin()
        client.send(part, message[:3])
        client.send(whole, message)
        begun = time.monotonic()
        for stream_id, text in ((part, "3 bytes"), (whole, "END_STREAM")):
            stream = client.finish(stream_id, DEADLINE + LATE)
            assert stream.status == 8 and text in stream.status_text and "request stalled" in stream.status_text
            assert stream.over_at - begun >= DEADLINE - 0.2
        assert client.finish(client.call("StreamData", message[5:]), 5).status == 0


def test_a_data_frame_that_takes_longer_than_the_frame_deadline_is_served_while_its_bytes_come(start_weir, api):
    server = start_weir("--frame-deadline=1s")
    with WireClient(server.port) as client:
        message = length_prefixed(
            api.pb.StreamRequest(dataset="synthetic", max_chunks=2, chunk_bytes=100).SerializeToString())
        assert client.finish(client.call("StreamData", message[5:]), 5).status == 0
        stream_id = client.begin()
        whole = frame(0, 1, stream_id, message)
        client.socket.sendall(whole[:9])
        begun = time.monotonic()
        for index in range(9, len(whole)):
            # The pace of the link. Nothing is read meanwhile: an answer would end up inside the frame.
            time.sleep(0.08)
            client.socket.sendall(whole[index:index + 1])
        assert time.monotonic() - begun > 1
        assert client.finish(stream_id, 5).status == 0
