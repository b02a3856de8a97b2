# SPDX-License-Identifier: Apache-2.0
"""Checks of what a client owes a server besides reading: prefaces, acknowledgements, requests in time, no floods."""
import select
import socket
import time

from bad_server import wire
from bad_server_client import Raw

MIB = 1 << 20
HELLO = wire.PREFACE + wire.settings({})
POLITE = HELLO + wire.frame(wire.SETTINGS, wire.ACK, 0)
HEADERS_BLOCK = wire.header_block([
    (":method", "POST"), (":scheme", "http"), (":path", "/weir.data.v1.DataService/StreamData"), (":authority", "x"),
    ("te", "trailers"), ("content-type", "application/grpc")])


def bounds_answers(server, deadline):
    with Raw(server.port, POLITE) as raw:
        raw.read_for(0.3, lambda: raw.has(wire.SETTINGS, wire.ACK))
        before = server.resident_bytes()
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        raw.socket.setblocking(False)
        flood = wire.frame(wire.PING, 0, 0, b"12345678") * 4000
        left, end, grown = memoryview(flood), time.monotonic() + 10, 0
        # Until the server takes no more, closes, or has grown.
        while grown <= 8 * MIB and time.monotonic() < end and select.select([], [raw.socket], [], 1.0)[1]:
            try:
                left = left[raw.socket.send(left):] or memoryview(flood)
            except ConnectionError:
                break
            grown = server.resident_bytes() - before
    return f"{grown / MIB:.1f} MiB of answers to PINGs" if grown > 8 * MIB else None


def times_settings_out(server, deadline):
    with Raw(server.port, HELLO) as raw:
        if not raw.read_for(deadline * 4, lambda: raw.closed):
            return "SETTINGS without their acknowledgement are waited for"
        return None if raw.goaway_code == wire.SETTINGS_TIMEOUT else f"GOAWAY {raw.goaway_code}"


def times_prefaces_out(server, deadline):
    with Raw(server.port, wire.PREFACE[:5]) as raw:
        return None if raw.read_for(deadline * 4, lambda: raw.closed) else "a preface is waited for"


def times_headers_out(server, deadline):
    with Raw(server.port, POLITE + wire.frame(wire.HEADERS, 0, 1, HEADERS_BLOCK)) as raw:
        return None if raw.read_for(deadline * 4, lambda: raw.closed) else "an open header block is waited for"


def times_requests_out(server, deadline):
    with Raw(server.port, POLITE + wire.frame(wire.HEADERS, wire.END_HEADERS, 1, HEADERS_BLOCK)) as raw:
        ended = raw.read_for(deadline * 4, lambda: raw.has(wire.HEADERS, wire.END_STREAM))
        return None if ended else "the rest of a request is waited for"


def limits_resets(server, deadline):
    pair = b"".join(
        wire.frame(wire.HEADERS, wire.END_HEADERS, number, HEADERS_BLOCK)
        + wire.frame(wire.RST_STREAM, 0, number, wire.number(wire.CANCEL)) for number in range(1, 1001, 2))
    with Raw(server.port, POLITE + pair + wire.frame(wire.PING, 0, 0, b"12345678")) as raw:
        raw.read_for(10, lambda: raw.closed or raw.has(wire.PING, wire.ACK))
        return None if raw.goaway_code else "500 resets at once are taken"
