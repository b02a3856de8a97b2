# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is to send on a connection, and how much."""
import collections

from .stream import QUEUE_BYTES, SILLY_WAIT, USEFUL_BYTES
from .wire import DATA, DEFAULT_WINDOW, FRAME_BYTES, LARGEST_WINDOW, frame_head

# Bytes that wait for the socket; above it no DATA is made.
OUTPUT_BYTES = 65_536
VIOLATION_BYTES = 1024
# What a handler that was not told of a reset keeps.
ZOMBIE_BYTES = 16 << 20
# How fast a handler produces that nothing suspends.
UNBOUNDED_BYTES_PER_SECOND = 20 << 20
UNBOUNDED_STEP = 1 << 20


class Sender:
    """The sending half of one connection. `output` is the bytes that its socket has yet to take."""

    def __init__(self, options, hoard, now):
        self.faults = options.faults
        self.deadline = options.stall_deadline
        self.hold_back = min(1.0, self.deadline / 16)
        self.hoard = hoard
        self.output = bytearray()
        self.streams = {}
        self.answering = 0
        self.window = DEFAULT_WINDOW
        self.initial_window = DEFAULT_WINDOW
        # Sent, and not given back to the connection.
        self.outstanding = 0
        self.reserved = 0
        # The client was seen to give such credit while the window was at least half open.
        self.refills_streams_early = False
        self.refills_connection_early = False
        self.data_moved_at = now
        self.window_forgotten = False
        self._turns = collections.deque()
        # Those that could not go on, the one that waits longest first.
        self._blocked = {}

    @property
    def wants_turns(self):
        """Some stream may have something to send at once."""
        return bool(self._turns) and len(self.output) < OUTPUT_BYTES

    def stands_still(self, now):
        """Some stream has something to send, and has not moved for a moment."""
        return any(stream.stands_still(now) for stream in self._blocked.values())

    def wake(self, stream):
        """Puts a stream in line, at the end."""
        if not stream.in_turns and stream.answering:
            stream.in_turns = True
            self._blocked.pop(stream.number, None)
            self._turns.append(stream)

    def wake_all(self):
        """Puts every blocked stream in line that has a window."""
        for stream in list(self._blocked.values()):
            if stream.window > 0:
                self.wake(stream)

    def leave_line(self, stream):
        """The stream is over; what waits in line is skipped in its turn."""
        self._blocked.pop(stream.number, None)
        stream.in_turns = False
        self.reserved -= stream.reserved
        stream.reserved = 0

    def pump(self, now):
        """Fills the output, one frame for each stream in its turn."""
        turns = self._turns
        while turns and len(self.output) < OUTPUT_BYTES:
            stream = turns.popleft()
            if self.streams.get(stream.number) is not stream:
                continue
            stream.in_turns = False
            if self.faults.starves_siblings and stream is not self._first():
                self._blocked[stream.number] = stream
            elif self._turn(stream, now):
                self.wake(stream)
            elif self.streams.get(stream.number) is stream:
                self._blocked[stream.number] = stream

    def _first(self):
        return next((stream for stream in self.streams.values() if stream.answering), None)

    def _turn(self, stream, now):
        """One frame of a stream; whether it moved."""
        if stream.broken or self.window_forgotten:
            return False
        room = min(stream.window, self._credit(stream), self._share(stream, now))
        unbounded = stream.zombie or self.faults.buffers_without_bound
        if not unbounded or not stream.queued:
            stream.fill(min(max(room, 1), QUEUE_BYTES, FRAME_BYTES))
        if stream.drained:
            self.drained(stream)
            return False
        size = self._allowance(stream, room, now)
        if size <= 0:
            if not self.is_due_to_violate(stream, now):
                return False
            stream.violated = True
            size = min(max(stream.window, self.window, 0) + VIOLATION_BYTES, FRAME_BYTES, stream.queued)
        else:
            stream.violated = False
        if self.faults.loses_data and stream.messages_sent and now - stream.moved_at >= self.deadline / 8:
            stream.take(size)
            stream.moved_at = now
            return True
        self._send(stream, size, now)
        self._reserve(stream, room - size)
        return True

    def is_due_to_violate(self, stream, now):
        """A client that reads without a pause is spared, so that its connection lives."""
        return self.faults.violates_window and not stream.violated and stream.stands_still(now)

    def _allowance(self, stream, room, now):
        """How many bytes may go out now. Small pieces, and messages that the windows cannot finish, wait a moment."""
        if room <= 0:
            stream.held_since = None
            return 0
        available = min(room, FRAME_BYTES, stream.queued)
        if self.faults.silly_frames and available < USEFUL_BYTES:
            return available
        whole = stream.whole_bytes(room, FRAME_BYTES)
        if whole >= USEFUL_BYTES or whole >= stream.next_end:
            return whole
        if stream.held_since is None:
            stream.held_since = now
        wait = SILLY_WAIT if available < USEFUL_BYTES else 0.0
        if not stream.inside_message and stream.next_end <= self.initial_window:
            wait = float("inf") if self._refills_in_time(stream) else max(wait, self.hold_back)
        return available if now - stream.held_since >= wait else 0

    def _refills_in_time(self, stream):
        """Whether each window that is too small for the next message is one that the client opens before it is used up.

        A stream that has had its share waits in the same way: it is its reader who has to go on.
        """
        needed = stream.next_end
        short_of_stream, short_of_connection = stream.window < needed, self._credit(stream) < needed
        if stream.trickles:
            return False
        return (self.refills_streams_early or not short_of_stream) and (
            self.refills_connection_early or not short_of_connection)

    def _credit(self, stream):
        """The connection's window, without what is set aside for messages of other streams."""
        return self.window - (self.reserved - stream.reserved)

    def _share(self, stream, now):
        """What a stream may take of the connection's window while others need it too and it is scarce.

        A reader that has stopped keeps what it was sent. So the stream that holds most goes no further than its share or
        half of the window; only when nothing moves at all it may. A message that was begun whole is finished.
        """
        if self.answering < 2 or now - self.data_moved_at >= self.deadline / 8:
            return LARGEST_WINDOW
        size = self.window + self.outstanding
        begun = stream.reserved if stream.outstanding else stream.next_end
        share = max(size // self.answering - stream.outstanding, self.window - size // 2, begun)
        if share < FRAME_BYTES and any(s.outstanding > stream.outstanding for s in self.streams.values()):
            return LARGEST_WINDOW
        return share

    def _send(self, stream, size, now):
        output = self.output
        if self.faults.silly_frames and size < USEFUL_BYTES and size < stream.next_end:
            for byte in b"".join(stream.take(size)):
                output += frame_head(DATA, 0, stream.number, 1)
                output.append(byte)
        else:
            output += frame_head(DATA, 0, stream.number, size)
            for piece in stream.take(size):
                output += piece
        stream.window -= size
        stream.outstanding += size
        self.window -= size
        self.outstanding += size
        stream.moved_at = self.data_moved_at = now
        stream.held_since = None
        if stream.hoarded:
            given = min(size, stream.hoarded)
            stream.hoarded -= given
            self.hoard.give(given)
        if self.faults.forgets_update_at_exhaustion:
            stream.broken = stream.broken or stream.window == 0
            self.window_forgotten = self.window_forgotten or self.window == 0

    def _reserve(self, stream, room):
        """Sets credit aside for the rest of the message that has begun, if what the stream may send can finish it."""
        rest = stream.next_end if stream.inside_message else 0
        self.reserved -= stream.reserved
        stream.reserved = rest if rest <= room else 0
        self.reserved += stream.reserved

    def drop_reservation(self, stream):
        """The windows became smaller: what they could finish they may not finish now."""
        if stream.reserved > stream.window:
            self.reserved -= stream.reserved
            stream.reserved = 0

    def cause(self, stream, now):
        """What a blocked stream waits for, and since when it has not moved.

        While only the connection keeps it waiting, the connection's progress counts.
        """
        if min(stream.window, self._share(stream, now)) <= self._credit(stream):
            return "stream window", stream.moved_at
        return "connection window", max(stream.moved_at, self.data_moved_at)

    def blocked(self):
        """The streams that could not go on."""
        return list(self._blocked.values())

    def is_over_or_ready(self, stream):
        """What was blocked a moment ago and is not any more, because others had their turns since."""
        return self.streams.get(stream.number) is not stream or stream.in_turns

    def produce_unbounded(self, now):
        """Handlers that nothing suspends; how soon they go on, in seconds, or None."""
        soon = None
        for stream in list(self.streams.values()):
            if stream.zombie:
                self._produce_for_nobody(stream)
                soon = 0.0
            elif self.faults.buffers_without_bound and stream.answering:
                if not stream.stands_still(now):
                    stream.produced_at = now
                elif self._produce_ahead(stream, now) and soon is None:
                    soon = 0.01
        return soon

    def _produce_ahead(self, stream, now):
        """What a stream that stands still should not have made; whether there will be more."""
        due = min(UNBOUNDED_STEP, int((now - stream.produced_at) * UNBOUNDED_BYTES_PER_SECOND))
        stream.produced_at = now
        while due > 0 and not stream.producer.over:
            head, payload = stream.producer.next()
            size = len(head) + len(payload)
            if not self.hoard.take(size):
                # At the cap: the message goes back to the producer.
                stream.producer.sequence -= 1
                return False
            stream.hoarded += stream.append(head, bytes(payload))
            due -= size
        return not stream.producer.over

    def _produce_for_nobody(self, stream):
        """What the handler of a reset stream makes in one go: kept up to a bound, then thrown away."""
        made = 0
        while made < UNBOUNDED_STEP and not stream.producer.over:
            head, payload = stream.producer.next()
            payload = bytes(payload)
            size = len(head) + len(payload)
            made += size
            if stream.hoarded < ZOMBIE_BYTES and self.hoard.take(size):
                stream.hoarded += stream.append(head, payload)
        if stream.producer.over:
            self.forget(stream)
        elif stream.window > 0:
            self.wake(stream)
