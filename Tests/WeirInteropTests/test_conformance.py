# SPDX-License-Identifier: Apache-2.0
"""The most telling rules of RFC 9113 on real sockets: what a client that breaks them reads before the connection ends.

All rules, in memory: Tests/WeirConformanceTests; the table: docs/conformance.md.
"""
import socket
import struct
import time

import pytest
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
    SettingsFrame, WindowUpdateFrame)
from hpack import Decoder, Encoder

from wire_client import SERVICE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR = 1, 3, 5, 6, 9
# What a busy machine may take to answer, in seconds.
PATIENCE = 5.0


class Raw:
    """A connection on which whole frames are written by hand and read back."""

    def __init__(self, port, settings=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = Encoder(), Decoder()
        self.received = b""
        self.frames = []
        self.closed = None
        self.send(PREFACE, SettingsFrame(0, settings=settings or {}), SettingsFrame(0, flags=["ACK"]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(part if isinstance(part, bytes) else part.serialize() for part in parts))

    def request(self, stream, ends=True, path="/nowhere", method="GET", flags=("END_HEADERS",)):
        fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1")]
        block = self.encoder.encode(fields)
        return HeadersFrame(stream, block, flags=[*flags, *(["END_STREAM"] if ends else [])])

    def call(self, stream):
        """A call that is not complete: its message and its end are missing."""
        fields = [(":method", "POST"), (":scheme", "http"), (":path", f"/{SERVICE}/StreamData"),
                  (":authority", "127.0.0.1"), ("content-type", "application/grpc"), ("te", "trailers")]
        return HeadersFrame(stream, self.encoder.encode(fields), flags=["END_HEADERS"])

    def read(self, until=lambda frame: False, timeout=PATIENCE):
        """Reads frames until one is what is waited for, or the server closes; returns that one, or None."""
        deadline = time.monotonic() + timeout
        while True:
            while len(self.received) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.received[:9]))
                if len(self.received) < 9 + length:
                    break
                frame.parse_body(memoryview(self.received[9:9 + length]))
                self.received = self.received[9 + length:]
                if isinstance(frame, HeadersFrame):
                    frame.fields = dict(self.decoder.decode(frame.data))
                self.frames.append(frame)
                if until(frame):
                    return frame
            left = deadline - time.monotonic()
            assert left > 0, f"nothing more within {timeout} s of {self.frames}"
            self.socket.settimeout(left)
            data = self.socket.recv(65536)
            if not data:
                self.closed = time.monotonic()
                return None
            self.received += data

    def ends_with(self, *codes):
        """The server says GOAWAY with one of these codes, and then closes: in order, not by a reset of the socket."""
        assert self.read() is None
        goaways = [frame.error_code for frame in self.frames if isinstance(frame, GoAwayFrame)]
        assert len(goaways) == 1 and goaways[0] in codes, self.frames
        assert isinstance(self.frames[-1], GoAwayFrame)

    def resets(self, stream, code):
        """The stream is reset with this code, and the connection lives."""
        reset = self.read(lambda frame: isinstance(frame, RstStreamFrame) and frame.stream_id == stream)
        assert reset is not None and reset.error_code == code
        self.lives()

    def lives(self):
        self.send(PingFrame(0, b"12345678"))
        assert self.read(lambda frame: isinstance(frame, PingFrame)).opaque_data == b"12345678"
        self.send(self.request(1_001))
        assert self.read(lambda frame: isinstance(frame, HeadersFrame) and frame.stream_id == 1_001)


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


@pytest.mark.parametrize("parts, codes", [
    pytest.param([frame(6, 0, 0, b"seven..")], [FRAME_SIZE_ERROR], id="4.2 a PING of seven bytes"),
    pytest.param([frame(0xFA, 0, 0, bytes(16_385))], [FRAME_SIZE_ERROR], id="4.2 a frame that is too large"),
    pytest.param([DataFrame(1, b"idle")], [PROTOCOL_ERROR], id="5.1 DATA on an idle stream"),
    pytest.param([frame(0, 0, 0, b"zero")], [PROTOCOL_ERROR], id="6.1 DATA on stream 0"),
    pytest.param([frame(2, 0, 0, bytes(5))], [PROTOCOL_ERROR], id="6.3 PRIORITY on stream 0"),
    pytest.param([SettingsFrame(0, settings={4: 1 << 31})], [FLOW_CONTROL_ERROR], id="6.5.2 a window that is too large"),
    pytest.param([WindowUpdateFrame(0, 0x7FFF_FFFF)], [FLOW_CONTROL_ERROR], id="6.9.1 the connection's window overflows"),
    pytest.param([ContinuationFrame(1, b"", flags=["END_HEADERS"])], [PROTOCOL_ERROR], id="6.10 CONTINUATION alone"),
    pytest.param([HeadersFrame(1, b"\x80", flags=["END_HEADERS"])], [COMPRESSION_ERROR], id="RFC 7541 6.1 index 0"),
])
def test_a_connection_error_ends_in_goaway_and_the_end_of_the_connection(weir, parts, codes):
    with Raw(weir.port) as raw:
        raw.send(*parts)
        raw.ends_with(*codes)


def test_goaway_arrives_although_the_client_goes_on_sending(weir):
    with Raw(weir.port) as raw:
        # More than the kernels hold: closing at once would reset the connection over it, and GOAWAY be lost.
        raw.send(frame(6, 0, 0, b"short"))
        for _ in range(16):
            raw.send(frame(0xFA, 0, 0, bytes(16_384)) * 4)
        raw.ends_with(FRAME_SIZE_ERROR)


def test_a_client_that_does_not_close_its_side_is_not_waited_for_long(weir):
    with Raw(weir.port) as raw:
        raw.send(frame(6, 0, 0, b"short"))
        raw.ends_with(FRAME_SIZE_ERROR)
        # This side stays open and sends nothing: the server's socket is gone within a second or so all the same.
        _, gone = weir.wait_for(lambda s: s["connections"] == 0, PATIENCE, "the connection to be gone")
        assert gone - raw.closed < 3


@pytest.mark.parametrize("rest, code", [
    pytest.param(lambda raw: [frame(8, 0, 1, bytes(4))], PROTOCOL_ERROR, id="6.9 WINDOW_UPDATE of 0"),
    pytest.param(lambda raw: [raw.call(1)], PROTOCOL_ERROR, id="8.1 a second request"),
    pytest.param(lambda raw: [frame(2, 0, 1, bytes(4))], FRAME_SIZE_ERROR, id="6.3 PRIORITY of four bytes"),
    pytest.param(lambda raw: [PriorityFrame(1, depends_on=1)], PROTOCOL_ERROR, id="5.3.1 a dependency on itself"),
    pytest.param(lambda raw: [WindowUpdateFrame(1, 0x7FFF_FFFF)], FLOW_CONTROL_ERROR, id="6.9.1 the stream's window overflows"),
    pytest.param(lambda raw: [RstStreamFrame(1, 8), DataFrame(1, b"late")], STREAM_CLOSED, id="5.1 DATA behind RST_STREAM"),
])
def test_a_stream_error_resets_the_stream_and_the_connection_lives(weir, rest, code):
    with Raw(weir.port) as raw:
        raw.send(raw.call(1), *rest(raw))
        raw.resets(1, code)
    # As well when the server has had its turn in between.
    with Raw(weir.port) as raw:
        raw.send(raw.call(1), PingFrame(0, b"between."))
        assert raw.read(lambda frame: isinstance(frame, PingFrame))
        raw.send(*rest(raw))
        raw.resets(1, code)


def test_frames_on_a_stream_that_has_ended_on_both_sides_end_the_connection(weir):
    with Raw(weir.port) as raw:
        raw.send(raw.request(1))
        assert raw.read(lambda frame: frame.stream_id == 1 and "END_STREAM" in frame.flags)
        raw.send(DataFrame(1, b"late"))
        raw.ends_with(STREAM_CLOSED)


def test_what_does_not_speak_http2_is_not_kept(weir):
    with socket.create_connection(("127.0.0.1", weir.port), timeout=PATIENCE) as foreign:
        foreign.sendall(b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n" + bytes(100))
        while foreign.recv(65536):
            pass


def test_a_window_of_one_byte_is_kept_to(weir):
    with Raw(weir.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1}) as raw:
        raw.send(raw.request(1))
        assert len(raw.read(lambda frame: isinstance(frame, DataFrame)).data) == 1
        raw.send(WindowUpdateFrame(1, 1))
        assert len(raw.read(lambda frame: isinstance(frame, DataFrame)).data) == 1


def test_a_client_that_closes_its_side_ends_the_connection(weir):
    with Raw(weir.port) as raw:
        raw.send(raw.request(1, ends=False))
        assert raw.read(lambda frame: isinstance(frame, HeadersFrame))
        raw.socket.shutdown(socket.SHUT_WR)
        begun = time.monotonic()
        raw.read()
        assert raw.closed - begun < 3
