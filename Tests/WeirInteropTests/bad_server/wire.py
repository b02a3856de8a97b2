# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frames, HPACK literals, gRPC texts and the one protobuf message that is read here."""
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
INITIAL_WINDOW_SIZE = 0x4
MAX_CONCURRENT_STREAMS = 0x3
NO_RFC7540_PRIORITIES = 0x9
DEFAULT_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
FRAME_BYTES = 16_384

_frame_head = struct.Struct(">HBBBI")
_setting = struct.Struct(">HI")


class ConnectionFault(Exception):
    """What the client did breaks the connection (RFC 9113 section 5.4.1)."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def frame_head(kind, flags, stream, length):
    """The 9 bytes in front of a payload (RFC 9113 section 4.1)."""
    return _frame_head.pack(length >> 8, length & 0xFF, kind, flags, stream)


def frame(kind, flags, stream, payload=b""):
    """One frame."""
    return frame_head(kind, flags, stream, len(payload)) + payload


def settings(values):
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(_setting.pack(*pair) for pair in values.items()))


def read_settings(payload):
    """Pairs of identifier and value."""
    return _setting.iter_unpack(payload)


def number(value):
    """A payload of one 32-bit number."""
    return struct.pack(">I", value)


def goaway(last_stream, code, text):
    """A GOAWAY frame with its reason as debug data."""
    return frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code) + text.encode())


def header_block(fields):
    """Fields as HPACK literals that are not indexed (RFC 7541 section 6.2.2): no table to keep."""
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields)


def _string(text):
    data = text.encode("ascii")
    length = len(data)
    if length < 127:
        return bytes([length]) + data
    head = bytearray([127])
    length -= 127
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + data


def percent_encoded(text):
    """grpc-message: printable ASCII but the percent sign stays as it is, every other byte is %XX."""
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in text.encode("utf-8"))


def varint(value):
    """A protobuf varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def protobuf_fields(data):
    """Pairs of field number and value, for varints and for length-delimited fields; ValueError when it is broken."""
    position = 0

    def read_varint():
        nonlocal position
        value = shift = 0
        while True:
            if position >= len(data) or shift > 63:
                raise ValueError("varint")
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while position < len(data):
        tag = read_varint()
        wire_type = tag & 7
        if wire_type == 0:
            yield tag >> 3, read_varint()
            continue
        size = read_varint() if wire_type == 2 else {1: 8, 5: 4}.get(wire_type)
        if size is None or size > len(data) - position:
            raise ValueError("length")
        yield tag >> 3, bytes(data[position:position + size])
        position += size
