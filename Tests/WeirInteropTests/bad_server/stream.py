# SPDX-License-Identifier: Apache-2.0
"""One call: its request, its queue of messages, and its window."""
import collections

# What a message in its sender's hands may add to the queue at most.
QUEUE_BYTES = 65_536
# A DATA frame that ends no message is at least this long, unless the window has stayed small for a moment.
USEFUL_BYTES = 1024
SILLY_WAIT = 0.1
# A stream that has not moved for so long stands still: its reader has stopped, or reads very slowly.
STANDS_STILL = 0.1


class Stream:
    """A stream's state; what may be sent is decided by its connection's Sender."""

    def __init__(self, number, window, now):
        self.number = number
        self.window = window
        # Sent, and not given back by a WINDOW_UPDATE of this stream.
        self.outstanding = 0
        # Connection credit set aside for the rest of the message that has begun.
        self.reserved = 0
        self.begun_at = self.moved_at = now
        # Since when something could go out, but not enough to be worth a frame.
        self.held_since = None
        # The client gives credit in small pieces while a message is held back for more of it.
        self.trickles = False

        self.request = bytearray()
        self.request_over = False
        self.producer = None
        self.messages_sent = 0

        self._pieces = collections.deque()
        self._lengths = collections.deque()
        self._rest = 0
        self.queued = 0
        self.hoarded = 0
        self.produced_at = now

        self.in_turns = False
        self.broken = False
        self.zombie = False
        self.violated = False

    @property
    def answering(self):
        """The request is there and the answer is not over."""
        return self.producer is not None

    def stands_still(self, now):
        """Nothing has moved for a moment. Faults keep to such streams, so that clients that read notice nothing."""
        return now - self.moved_at >= STANDS_STILL

    @property
    def drained(self):
        """Everything was produced and everything was sent."""
        return not self.queued and self.producer.over

    @property
    def next_end(self):
        """How many bytes until the next message ends; 0 when nothing is queued."""
        return self._rest or (self._lengths[0] if self._lengths else 0)

    @property
    def inside_message(self):
        """A part of a message is sent, and not all of it."""
        return self._rest > 0

    def append(self, head, payload):
        """Queues one message."""
        length = len(head) + len(payload)
        self._pieces.append(head)
        self._pieces.append(payload)
        self._lengths.append(length)
        self.queued += length
        return length

    def fill(self, limit):
        """Lets the handler produce until so many bytes are queued."""
        producer = self.producer
        while self.queued < limit and not producer.over:
            self.append(*producer.next())

    def whole_bytes(self, room, most):
        """How many bytes may go out without beginning a message that `room` cannot finish; at most `most`."""
        total = min(self._rest, room, most)
        if total < self._rest:
            return total
        for length in self._lengths:
            if total >= most or total + length > room:
                break
            total += length
        return min(total, most)

    def take(self, size):
        """Removes so many bytes from the front of the queue, as pieces."""
        taken = []
        left = size
        while left > 0:
            piece = self._pieces.popleft()
            if len(piece) > left:
                view = memoryview(piece)
                self._pieces.appendleft(view[left:])
                piece = view[:left]
            taken.append(piece)
            left -= len(piece)
        self.queued -= size
        while size > 0:
            if not self._rest:
                self._rest = self._lengths.popleft()
            part = min(self._rest, size)
            self._rest -= part
            size -= part
            if not self._rest:
                self.messages_sent += 1
        return taken

    def clear(self):
        """Drops everything that is queued."""
        self._pieces.clear()
        self._lengths.clear()
        self._rest = self.queued = 0
