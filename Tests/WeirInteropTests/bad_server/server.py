# SPDX-License-Identifier: Apache-2.0
"""The loop: one thread, one selector, a portion for every connection in each turn."""
import selectors
import socket
import time

from .connection import Connection
from .hoard import Hoard, give_memory_back
from .synthetic import pattern

ACCEPTS = 16
MAXIMUM_CONNECTIONS = 2000


class Server:
    """Listens as soon as it is made."""

    def __init__(self, options):
        pattern()
        self._options = options
        self._faults = options.faults
        self._hoard = Hoard(options.memory_cap << 20)
        self._connections = {}
        self._masks = {}
        self._stopping = False
        self._trimmed_at = 0.0
        self._ended_streams = False
        deadlines = (options.stall_deadline, options.preface_deadline, options.settings_deadline,
                     options.header_deadline, options.request_deadline)
        self._tick = min(0.05, max(0.01, min(deadlines) / 20))
        self._listener = socket.create_server(("127.0.0.1", options.port), backlog=1024, reuse_port=False)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        # A signal ends the wait for sockets.
        self._waker, self._wakes = socket.socketpair()
        self._selector.register(self._waker, selectors.EVENT_READ, self._waker)

    def stop(self):
        """Ends `run`; may be called by a signal's handler."""
        self._stopping = True
        self._wakes.send(b"\0")

    def run(self):
        """Serves until `stop`."""
        next_tick = time.monotonic() + self._tick
        soon = None
        while not self._stopping:
            now = time.monotonic()
            if now >= next_tick:
                self._tick_all(now)
                next_tick = now + self._tick
            alone = self._one_blocked(now) if self._faults.one_connection_at_a_time else None
            if alone is not None:
                self._serve_alone(alone, next_tick - now)
                continue
            wait = max(0.0, next_tick - now) if self._connections else None
            if self._faults.busy_loop and any(c.stands_still(now) for c in self._connections.values()):
                soon = 0.0
            if soon is not None:
                wait = min(wait, soon) if wait is not None else soon
            for key, mask in self._selector.select(wait):
                if key.data is None:
                    self._accept(time.monotonic())
                elif key.data is not self._waker:
                    self._serve(key.data, mask, time.monotonic())
            soon = self._produce(time.monotonic())
        for connection in list(self._connections.values()):
            connection.close()
        self._listener.close()

    def _accept(self, now):
        for _ in range(ACCEPTS):
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if len(self._connections) >= MAXIMUM_CONNECTIONS:
                sock.close()
                continue
            connection = Connection(sock, self._options, self._hoard, now)
            self._connections[sock.fileno()] = connection
            self._masks[connection] = 0
            self._look_for(connection)

    def _serve(self, connection, mask, now):
        descriptor = connection.socket.fileno()
        if mask & selectors.EVENT_READ:
            connection.readable(now)
        if not connection.closed and connection.wants_write:
            connection.writable(now)
        self._settle(connection, descriptor)

    def _settle(self, connection, descriptor):
        if connection.closed:
            # Closing the descriptor has already taken it from the kernel's list.
            del self._connections[descriptor]
            del self._masks[connection]
            self._forget_descriptor(descriptor)
            self._ended_streams = True
        else:
            self._look_for(connection)

    def _forget_descriptor(self, descriptor):
        key = self._selector.get_map().get(descriptor)
        if key is not None:
            self._selector.unregister(descriptor)

    def _look_for(self, connection):
        """Asks the selector for what the connection can use."""
        mask = (selectors.EVENT_READ if connection.wants_read else 0) | (
            selectors.EVENT_WRITE if connection.wants_write else 0)
        before = self._masks[connection]
        if mask == before:
            return
        self._masks[connection] = mask
        if not mask:
            self._selector.unregister(connection.socket)
        elif before:
            self._selector.modify(connection.socket, mask, connection)
        else:
            self._selector.register(connection.socket, mask, connection)

    def _tick_all(self, now):
        for descriptor, connection in list(self._connections.items()):
            connection.tick(now)
            if not connection.closed and connection.wants_write:
                connection.writable(now)
            self._ended_streams = self._ended_streams or connection.ended_streams > 0
            connection.ended_streams = 0
            self._settle(connection, descriptor)
        if self._ended_streams and now - self._trimmed_at >= 0.25:
            self._ended_streams = False
            self._trimmed_at = now
            give_memory_back()

    def _produce(self, now):
        """Handlers that know no bounds; how soon they go on, in seconds, or None."""
        if not (self._faults.buffers_without_bound or self._faults.ignores_resets):
            return None
        soon = None
        for connection in self._connections.values():
            when = connection.produce_unbounded(now)
            if when is not None:
                soon = when if soon is None else min(soon, when)
                self._look_for(connection)
        return soon

    def _one_blocked(self, now):
        return next((c for c in self._connections.values() if c.is_blocked(now)), None)

    def _serve_alone(self, connection, wait):
        """Waits for one connection only, whoever else has something to say."""
        mask = self._masks[connection]
        with selectors.DefaultSelector() as selector:
            if mask:
                selector.register(connection.socket, mask)
            selector.register(self._waker, selectors.EVENT_READ)
            for key, events in selector.select(max(0.0, wait)):
                if key.fileobj is connection.socket:
                    self._serve(connection, events, time.monotonic())
