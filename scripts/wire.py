# SPDX-License-Identifier: Apache-2.0
"""The little HTTP/2 and protobuf that the benchmarks' own clients speak: what they say is always the same."""
import struct

PATH = "/weir.data.v1.DataService/StreamData"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
DEFAULT_WINDOW = 65_535


def varint(value):
    """A protobuf varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def chunk_bytes(sequence, payload):
    """The size of a DataChunk: a sequence (left out when 0) and a payload."""
    return (1 + len(varint(sequence)) if sequence else 0) + 1 + len(varint(payload)) + payload


def stream_request(chunks, size, dataset=b""):
    """A length-prefixed StreamRequest: dataset = 1, max_chunks = 3, chunk_bytes = 4."""
    message = b"\x0a" + varint(len(dataset)) + dataset if dataset else b""
    message += b"\x18" + varint(chunks) if chunks else b""
    message += b"\x20" + varint(size) if size else b""
    return struct.pack(">BI", 0, len(message)) + message


def literal(name, value):
    """An HPACK field that is not indexed, in plain text."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def frame(kind, flags, stream, payload):
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def window_update(stream, increment):
    """Credit for a stream, or for the connection (0)."""
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def calls(streams, request, first=1):
    """The requests of so many calls, on stream numbers from `first` on."""
    head = b"".join(literal(n, v) for n, v in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", PATH.encode()), (b":authority", b"127.0.0.1"),
        (b"te", b"trailers"), (b"content-type", b"application/grpc")))
    return b"".join(
        frame(HEADERS, END_HEADERS, first + 2 * number, head) + frame(DATA, END_STREAM, first + 2 * number, request)
        for number in range(streams))


def opening(streams, connection_window, request):
    """All that one client says: its windows, and its calls."""
    credit = window_update(0, connection_window - DEFAULT_WINDOW) if connection_window > DEFAULT_WINDOW else b""
    return credit + calls(streams, request)
