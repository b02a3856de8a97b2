# SPDX-License-Identifier: Apache-2.0
"""Many connections with many calls each, whose client takes what arrives and returns no credit by itself."""
import select
import socket
import time

from wire import (
    ACK, DATA, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, calls, frame, window_update)

HEADER_BYTES = 9


class Connection:
    """One connection: cuts what arrives into frames and notes when each stream last got a byte and when it ended."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
        self.rest = bytearray()
        self.skip = 0
        self.data_bytes = 0
        self.next_stream = 1
        self.last_data_at = {}
        self.over_at = {}
        self.resets = 0

    def open(self, streams, request, credit):
        """Grants `credit` for the connection and opens so many calls more."""
        words = window_update(0, credit) if credit else b""
        words += calls(streams, request, self.next_stream)
        self.next_stream += 2 * streams
        self.socket.setblocking(True)
        self.socket.sendall(words)
        self.socket.setblocking(False)

    def take(self, scratch):
        """Takes what has arrived."""
        try:
            size = self.socket.recv_into(scratch)
        except BlockingIOError:
            return
        if size == 0:
            raise ConnectionError("the server closed a connection")
        now = time.monotonic()
        if self.skip >= size:
            self.skip -= size
            return
        self.rest += scratch[self.skip:size]
        self.skip = 0
        position = 0
        while len(self.rest) - position >= HEADER_BYTES:
            length = int.from_bytes(self.rest[position:position + 3], "big")
            kind, flags = self.rest[position + 3], self.rest[position + 4]
            self._frame(kind, flags, int.from_bytes(self.rest[position + 5:position + 9], "big"), length, now)
            position += HEADER_BYTES + length
        # What is left of a payload that has not arrived is skipped when it does.
        self.skip = max(0, position - len(self.rest))
        del self.rest[:position]

    def _frame(self, kind, flags, stream, length, now):
        if kind == DATA:
            self.data_bytes += length
            self.last_data_at[stream] = now
        elif kind == HEADERS and flags & END_STREAM:
            self.over_at[stream] = now
        elif kind == RST_STREAM:
            self.resets += 1
            self.over_at.setdefault(stream, now)
        elif kind == SETTINGS and not flags & ACK:
            self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
        elif kind == GOAWAY:
            raise ConnectionError("the server sent GOAWAY")


class Fleet:
    """All connections of a wave; everything happens in `pump`, in the caller's thread."""

    def __init__(self, port, connections):
        self.connections = []
        self._poller = select.epoll()
        self._by_number = {}
        self._scratch = memoryview(bytearray(1 << 18))
        for _ in range(connections):
            connection = Connection(port)
            connection.socket.setblocking(False)
            self.connections.append(connection)
            self._by_number[connection.socket.fileno()] = connection
            self._poller.register(connection.socket.fileno(), select.EPOLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.connections:
            connection.socket.close()
        self._poller.close()

    def open(self, streams, request, credit):
        """Opens so many calls on each connection; see ``Connection.open``."""
        for connection in self.connections:
            connection.open(streams, request, credit)
            self.pump(0)

    def pump(self, timeout):
        for number, _ in self._poller.poll(timeout):
            self._by_number[number].take(self._scratch)

    def pump_until(self, condition, timeout, what, every=0.1):
        """Takes what arrives until `condition()`, asked every so many seconds, is true; returns the moment."""
        deadline = time.monotonic() + timeout
        asked = 0.0
        while True:
            self.pump(min(every, 0.05))
            now = time.monotonic()
            if now - asked >= every:
                asked = now
                if condition():
                    return time.monotonic()
            if now > deadline:
                raise AssertionError(f"not within {timeout} s: {what}")

    @property
    def over(self):
        """How many streams have ended."""
        return sum(len(connection.over_at) for connection in self.connections)

    @property
    def resets(self):
        return sum(connection.resets for connection in self.connections)

    def stood_still(self):
        """For each stream that ended since the last call: the seconds from its last byte to its end."""
        times = [
            over - connection.last_data_at.get(stream, over)
            for connection in self.connections for stream, over in connection.over_at.items()]
        for connection in self.connections:
            connection.over_at.clear()
            connection.last_data_at.clear()
        return times
