# SPDX-License-Identifier: Apache-2.0
"""One connection: its socket, its deadlines, how its streams begin and end."""
import collections
import errno
import socket

from .receiver import MAXIMUM_STREAMS, Receiver
from .sender import OUTPUT_BYTES, Sender
from .stream import STANDS_STILL
from .wire import (
    CANCEL, DEFAULT_WINDOW, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, NO_ERROR,
    NO_RFC7540_PRIORITIES, RST_STREAM, frame, goaway, header_block, number, percent_encoded, settings,
)

READ_BYTES = 65_536
# Answers to PING, SETTINGS and the like that wait for the socket; above it nothing more is read.
REPLIES = 500
# What a peer has to take in the last words of a connection.
GOODBYE = 1.0
LEAK_BYTES = 3 << 20
RESPONSE_FIELDS = [(":status", "200"), ("content-type", "application/grpc")]
# A size update to 0 (RFC 7541 section 6.3): no dynamic table is used, whatever the client's SETTINGS say.
NO_TABLE = b"\x20"
TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)


class Connection(Sender):
    """What happens on one socket. `closed` is true once it is over."""

    def __init__(self, sock, options, hoard, now):
        super().__init__(options, hoard, now)
        self.socket = sock
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, 131_072)
        self.receiver = Receiver(self, options, now)
        self.options = options
        self.closed = False
        self.ended_streams = 0
        self.draining = False
        self._closes_at = None
        self._replies = 0
        self._reply_queue = collections.deque()
        self._socket_moved_at = self._now = now
        self.output += settings({
            MAX_CONCURRENT_STREAMS: MAXIMUM_STREAMS, INITIAL_WINDOW_SIZE: DEFAULT_WINDOW, NO_RFC7540_PRIORITIES: 1})

    # What the loop calls.

    @property
    def ending(self):
        """Nothing that arrives matters any more."""
        return self.closed or self._closes_at is not None

    @property
    def wants_read(self):
        """False while too many answers wait for the socket."""
        return self._replies <= REPLIES or self.faults.answers_floods_unbounded

    @property
    def wants_write(self):
        """There are bytes for the socket, or streams that may have some."""
        return bool(self.output) or bool(self._reply_queue) or self.wants_turns

    def is_blocked(self, now):
        """A stream stands still, or the socket has taken nothing for a moment."""
        return self.stands_still(now) or bool(self.output) and now - self._socket_moved_at >= STANDS_STILL

    def readable(self, now):
        """Takes in what has arrived, one portion of it."""
        self._now = now
        try:
            data = self.socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif not self.ending:
            self.receiver.receive(data, now)

    def writable(self, now):
        """Makes frames and gives the socket what it takes, one portion of it."""
        self._now = now
        if self._closes_at is None:
            self.pump(now)
        output = self.output
        while self._reply_queue and len(output) < OUTPUT_BYTES:
            reply = self._reply_queue.popleft()
            self.hoard.give(len(reply))
            output += reply
        if not output:
            return
        try:
            taken = self.socket.send(output)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if taken:
            self._socket_moved_at = now
            del output[:taken]
        if not output:
            self._replies = 0
            if self._closes_at is not None:
                self._shut()

    def tick(self, now):
        """Looks at every deadline."""
        self._now = now
        if self._closes_at is not None:
            if now >= self._closes_at:
                self.close()
            return
        self.receiver.tick(now)
        if self.ending:
            return
        if not self.output:
            self._socket_moved_at = now
        elif now - self._socket_moved_at >= self._patience:
            self.close()
            return
        for stream in self.blocked():
            if stream.zombie or self.is_over_or_ready(stream):
                continue
            if stream.held_since is not None or self.is_due_to_violate(stream, now):
                self.wake(stream)
                self.pump(now)
                if self.is_over_or_ready(stream):
                    continue
            cause, since = self.cause(stream, now)
            if now - since >= self._patience:
                self._end_stalled(stream, cause, now - since)
                if self.closed:
                    return
        if self.faults.cuts_honest_readers:
            for stream in list(self.streams.values()):
                if stream.answering and now - stream.begun_at >= self.deadline / 2:
                    self.finish(stream, 8, f"stream stalled: no progress for {self.deadline:.1f} s")

    @property
    def _patience(self):
        if self.faults.ignores_stalls:
            return float("inf")
        return self.deadline * (3 if self.faults.ends_late else 1)

    def close(self):
        """The end: everything that belongs to the connection is freed."""
        if self.closed:
            return
        self.closed = True
        self.socket.close()
        for stream in list(self.streams.values()):
            self.forget(stream)
        self.output.clear()
        while self._reply_queue:
            self.hoard.give(len(self._reply_queue.popleft()))

    # What the receiver calls.

    def reply(self, data):
        """An answer to a frame, which a client may ask for as often as it likes."""
        if self.faults.answers_floods_unbounded:
            if self.hoard.take(len(data)):
                self._reply_queue.append(data)
            return
        self._replies += 1
        self.output += data

    def begin(self, stream, producer):
        """The request is whole: the answer begins."""
        stream.producer = producer
        self.answering += 1
        self.output += frame(HEADERS, END_HEADERS, stream.number, NO_TABLE + header_block(RESPONSE_FIELDS))
        self.wake(stream)

    def drained(self, stream):
        """All is sent: the stream ends well."""
        self.finish(stream, 0, "")

    def finish(self, stream, status, text):
        """Ends a stream with trailers, which no window holds back."""
        fields = [] if stream.answering else list(RESPONSE_FIELDS)
        fields.append(("grpc-status", str(status)))
        if text:
            fields.append(("grpc-message", percent_encoded(text)))
        self.output += frame(HEADERS, END_HEADERS | END_STREAM, stream.number, NO_TABLE + header_block(fields))
        if not stream.request_over:
            self.output += frame(RST_STREAM, 0, stream.number, number(NO_ERROR))
        self.forget(stream)

    def reset(self, stream_number, code):
        """Ends a stream without a word."""
        self._replies += 1
        self.output += frame(RST_STREAM, 0, stream_number, number(code))
        stream = self.streams.get(stream_number)
        if stream is not None:
            self.forget(stream)

    def forget(self, stream):
        """Frees what a stream holds."""
        del self.streams[stream.number]
        self.leave_line(stream)
        if stream.answering:
            self.answering -= 1
            if self.faults.leaks and stream.stands_still(self._now):
                self.hoard.leak(LEAK_BYTES)
        self.hoard.give(stream.hoarded)
        stream.hoarded = 0
        stream.clear()
        self.ended_streams += 1
        if self.faults.starves_siblings:
            self.wake_all()
        if self.draining and not self.streams:
            self.say_goodbye(NO_ERROR, "")

    def say_goodbye(self, code, text):
        """GOAWAY, then the end: after the peer has taken it, or after a second."""
        if self.ending:
            return
        self._closes_at = self._now + GOODBYE
        for stream in list(self.streams.values()):
            self.forget(stream)
        self.output += goaway(self.receiver.last_stream, code, text)

    def _shut(self):
        """No more comes from here; what still arrives is read away, so that the last words are not lost."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                self.close()

    def _end_stalled(self, stream, cause, seconds):
        if self.faults.drops_connection:
            self.close()
        elif self.faults.resets_silently:
            self.reset(stream.number, CANCEL)
        else:
            text = (f"stream stalled: no byte moved for {seconds:.1f} s because the {cause} is closed; "
                    f"{stream.messages_sent} messages were sent")
            self.finish(stream, 8, "" if self.faults.no_message else text)
