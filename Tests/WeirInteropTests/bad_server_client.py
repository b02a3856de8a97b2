# SPDX-License-Identifier: Apache-2.0
"""Raw clients for `bad_server`: one that keeps to the protocol and one that says what it is told."""
import select
import socket
import time

import h2.events

from bad_server import wire
from wire_client import WireClient


def request(chunks=0, size=0):
    """A StreamRequest: max_chunks = 3, chunk_bytes = 4."""
    return (b"\x18" + wire.varint(chunks) if chunks else b"") + (b"\x20" + wire.varint(size) if size else b"")


class Client(WireClient):
    """A raw client that counts the DATA frames of its streams."""

    def __init__(self, port, *windows, **options):
        super().__init__(port, *windows, **options)
        self.data_frames = 0
        self._given_back = {}

    def _note(self, event, now):
        self.data_frames += isinstance(event, h2.events.DataReceived)
        super()._note(event, now)

    def stream(self, chunks=0, size=0):
        """Calls StreamData; returns the number and the state of the stream."""
        number = self.call("StreamData", request(chunks, size))
        return number, self.streams[number]

    def pump_for(self, seconds, until=lambda: False):
        """Takes in what arrives for so long, or until something holds; whether it holds."""
        end = time.monotonic() + seconds
        while not until() and not self.closed_by_peer and time.monotonic() < end:
            self.pump(min(0.02, max(0.0, end - time.monotonic())))
        return until()

    def drink(self, number, seconds, until=lambda: False):
        """Reads a stream and gives back all its credit at once, that of bytes that are here already too."""
        stream = self.streams[number]
        seen = self._given_back.get(number, 0)
        end = time.monotonic() + seconds
        while not until() and not stream.over and not self.closed_by_peer and time.monotonic() < end:
            if len(stream.data) > seen:
                self.grant(len(stream.data) - seen, number)
                self.grant(len(stream.data) - seen)
                seen = self._given_back[number] = len(stream.data)
            self.pump(0.02)
        return until()


class Raw:
    """A socket that says what it is told, and understands the frames that come back."""

    def __init__(self, port, first=b""):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall(first)
        self.frames = []
        self.closed = False
        self._data = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read_for(self, seconds, until=lambda: False):
        """Reads until something holds, the peer closes, or for so long; whether it holds."""
        end = time.monotonic() + seconds
        while not until() and not self.closed and time.monotonic() < end:
            if not select.select([self.socket], [], [], 0.02)[0]:
                continue
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                data = b""
            self.closed = not data
            self._data += data
            while len(self._data) >= 9 and len(self._data) >= 9 + int.from_bytes(self._data[:3], "big"):
                length = int.from_bytes(self._data[:3], "big")
                number = int.from_bytes(self._data[5:9], "big")
                self.frames.append((self._data[3], self._data[4], number, bytes(self._data[9:9 + length])))
                del self._data[:9 + length]
        return until()

    def has(self, kind, flags=0):
        """Whether such a frame came."""
        return any(frame[0] == kind and frame[1] & flags == flags for frame in self.frames)

    @property
    def goaway_code(self):
        """The error code of the GOAWAY that came."""
        return next((int.from_bytes(f[3][4:8], "big") for f in self.frames if f[0] == wire.GOAWAY), None)
