# SPDX-License-Identifier: Apache-2.0
"""The receiving half of a connection: frames in, requests, credit and complaints out."""
import hpack

from . import wire
from .stream import Stream
from .synthetic import InvalidRequest, Producer, is_whole
from .wire import ConnectionFault

PATH = "/weir.data.v1.DataService/StreamData"
REQUEST_BYTES = 65_536
HEADER_BYTES = 65_536
MAXIMUM_STREAMS = 1000
CONTINUATIONS = 8
# Resets that a client may send: so many at once, and so many a second.
RESETS = 200
RESETS_PER_SECOND = 20


class Receiver:
    """Reads what one client says and tells its connection."""

    def __init__(self, connection, options, now):
        self.connection = connection
        self.options = options
        self.faults = options.faults
        self.last_stream = 0
        self._begun_at = now
        self._incoming = bytearray()
        self._preface_seen = False
        self._settings_seen = False
        self._acknowledged = False
        # Since when a frame, or a header block, waits for its rest.
        self._partial_since = None
        self._block_since = None
        self._block = None
        self._decoder = hpack.Decoder(max_header_list_size=HEADER_BYTES)
        self._resets = float(RESETS)
        self._resets_at = now
        self._handlers = {
            wire.DATA: self._data, wire.HEADERS: self._headers, wire.RST_STREAM: self._rst_stream,
            wire.SETTINGS: self._settings, wire.PUSH_PROMISE: self._push_promise, wire.PING: self._ping,
            wire.GOAWAY: self._goaway, wire.WINDOW_UPDATE: self._window_update,
            wire.CONTINUATION: self._continuation,
        }

    def receive(self, data, now):
        """Takes in bytes; a connection error becomes a GOAWAY."""
        try:
            self._incoming += data
            if self._preface_seen or self._take_preface():
                self._take_frames(now)
        except ConnectionFault as fault:
            self.connection.say_goodbye(fault.code, str(fault))
        except hpack.HPACKError:
            self.connection.say_goodbye(wire.COMPRESSION_ERROR, "the header block cannot be read")

    def tick(self, now):
        """Looks at the deadlines of what a client owes: its preface, SETTINGS, acknowledgement, rests, requests."""
        options, faults, goodbye = self.options, self.faults, self.connection.say_goodbye
        age = now - self._begun_at
        if not self._settings_seen:
            if age >= options.preface_deadline and not faults.no_preface_deadline:
                goodbye(wire.SETTINGS_TIMEOUT, "no preface with SETTINGS in time")
            return
        if not self._acknowledged and age >= options.settings_deadline and not faults.no_settings_timeout:
            goodbye(wire.SETTINGS_TIMEOUT, "SETTINGS were not acknowledged in time")
            return
        if not faults.no_header_deadline:
            for since in (self._partial_since, self._block_since):
                if since is not None and now - since >= options.header_deadline:
                    goodbye(wire.ENHANCE_YOUR_CALM, "the rest of a frame or of a header block did not come in time")
                    return
        if not faults.no_request_deadline:
            late = [s for s in self.connection.streams.values()
                    if not s.answering and now - s.begun_at >= options.request_deadline]
            for stream in late:
                self.connection.finish(stream, 4, f"the request was not whole within {options.request_deadline:.1f} s")

    def _take_preface(self):
        size = len(wire.PREFACE)
        if not wire.PREFACE.startswith(self._incoming[:size]):
            raise ConnectionFault(wire.PROTOCOL_ERROR, "this is not HTTP/2")
        if len(self._incoming) < size:
            return False
        del self._incoming[:size]
        self._preface_seen = True
        return True

    def _take_frames(self, now):
        incoming = self._incoming
        position = 0
        end = len(incoming)
        while end - position >= 9:
            length = int.from_bytes(incoming[position:position + 3], "big")
            kind, flags = incoming[position + 3], incoming[position + 4]
            if length > wire.FRAME_BYTES:
                raise ConnectionFault(wire.FRAME_SIZE_ERROR, "a frame is over 16,384 bytes")
            if end - position - 9 < length:
                break
            number = int.from_bytes(incoming[position + 5:position + 9], "big") & wire.LARGEST_WINDOW
            payload = bytes(incoming[position + 9:position + 9 + length])
            position += 9 + length
            self._frame(kind, flags, number, payload, now)
            if self.connection.ending:
                return
        if position:
            del incoming[:position]
            self._partial_since = None
        # The rest of a DATA frame belongs to a request, which has a deadline of its own.
        partial = bool(incoming) and not (len(incoming) > 3 and incoming[3] == wire.DATA)
        self._partial_since = (self._partial_since or now) if partial else None

    def _frame(self, kind, flags, number, payload, now):
        if not self._settings_seen and kind != wire.SETTINGS:
            raise ConnectionFault(wire.PROTOCOL_ERROR, "the first frame is not SETTINGS")
        if self._block is not None and kind != wire.CONTINUATION:
            raise ConnectionFault(wire.PROTOCOL_ERROR, "a header block was interrupted")
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(flags, number, payload, now)

    @staticmethod
    def _need(condition, code, text):
        if not condition:
            raise ConnectionFault(code, text)

    # Requests.

    def _headers(self, flags, number, payload, now):
        payload = self._unpadded(flags, payload)
        if flags & wire.HAS_PRIORITY:
            payload = payload[5:]
        self._block = [number, flags, bytearray(payload), 0]
        self._block_since = now
        if flags & wire.END_HEADERS:
            self._block_over(now)

    def _continuation(self, flags, number, payload, now):
        self._need(self._block is not None and self._block[0] == number, wire.PROTOCOL_ERROR, "a stray CONTINUATION")
        self._block[2] += payload
        self._block[3] += 1
        self._need(self._block[3] <= CONTINUATIONS and len(self._block[2]) <= HEADER_BYTES, wire.ENHANCE_YOUR_CALM,
                   "a header block is too long")
        if flags & wire.END_HEADERS:
            self._block_over(now)

    def _block_over(self, now):
        number, flags, block, _ = self._block
        self._block = self._block_since = None
        fields = dict(self._decoder.decode(bytes(block), raw=True))
        connection = self.connection
        stream = connection.streams.get(number)
        if number <= self.last_stream:
            # Trailers of a request, or a stream that is over already.
            if stream is not None and not stream.request_over and flags & wire.END_STREAM:
                stream.request_over = True
                if not stream.answering:
                    self._begin(stream)
            return
        self._need(number % 2 == 1, wire.PROTOCOL_ERROR, "a client's stream has an odd number")
        self.last_stream = number
        if sum(not s.zombie for s in connection.streams.values()) >= MAXIMUM_STREAMS or connection.draining:
            connection.reset(number, wire.REFUSED_STREAM)
            return
        stream = connection.streams[number] = Stream(number, connection.initial_window, now)
        stream.request_over = bool(flags & wire.END_STREAM)
        if fields.get(b":path") != PATH.encode():
            connection.finish(stream, 12, "there is no such method")
        elif stream.request_over:
            self._begin(stream)

    def _data(self, flags, number, payload, _):
        self._need(0 < number <= self.last_stream, wire.PROTOCOL_ERROR, "DATA on a stream that did not begin")
        connection = self.connection
        if payload:
            connection.reply(wire.frame(wire.WINDOW_UPDATE, 0, 0, wire.number(len(payload))))
        stream = connection.streams.get(number)
        if stream is None or stream.request_over:
            return
        stream.request_over = bool(flags & wire.END_STREAM)
        if payload and not stream.request_over:
            connection.reply(wire.frame(wire.WINDOW_UPDATE, 0, number, wire.number(len(payload))))
        if stream.answering:
            # Nothing after its one message is of interest.
            return
        stream.request += self._unpadded(flags, payload)
        if len(stream.request) > REQUEST_BYTES:
            connection.finish(stream, 8, f"the request is over {REQUEST_BYTES} bytes")
        elif stream.request_over or is_whole(stream.request):
            self._begin(stream)

    def _begin(self, stream):
        try:
            producer = Producer(bytes(stream.request))
        except InvalidRequest as invalid:
            self.connection.finish(stream, invalid.status, str(invalid))
            return
        stream.request.clear()
        self.connection.begin(stream, producer)

    def _unpadded(self, flags, payload):
        if not flags & wire.PADDED:
            return payload
        self._need(payload and payload[0] < len(payload), wire.PROTOCOL_ERROR, "padding longer than its frame")
        return payload[1:len(payload) - payload[0]]

    def _rst_stream(self, _, number, payload, now):
        self._need(len(payload) == 4, wire.FRAME_SIZE_ERROR, "RST_STREAM has 4 bytes")
        self._need(0 < number <= self.last_stream, wire.PROTOCOL_ERROR, "RST_STREAM on a stream that did not begin")
        self._resets = min(float(RESETS), self._resets + (now - self._resets_at) * RESETS_PER_SECOND) - 1
        self._resets_at = now
        self._need(self._resets >= 0 or self.faults.no_reset_limit, wire.ENHANCE_YOUR_CALM, "too many resets")
        stream = self.connection.streams.get(number)
        if stream is None:
            return
        if self.faults.ignores_resets and stream.answering and stream.stands_still(now):
            stream.zombie = True
        else:
            self.connection.forget(stream)

    # Credit, and the rest.

    def _settings(self, flags, number, payload, _):
        self._need(number == 0 and len(payload) % 6 == 0, wire.PROTOCOL_ERROR, "SETTINGS of no such form")
        if flags & wire.ACK:
            self._acknowledged = True
            return
        self._settings_seen = True
        connection = self.connection
        for identifier, value in wire.read_settings(payload):
            if identifier != wire.INITIAL_WINDOW_SIZE:
                continue
            self._need(value <= wire.LARGEST_WINDOW, wire.FLOW_CONTROL_ERROR, "an initial window over 2^31-1")
            difference = value - connection.initial_window
            connection.initial_window = value
            for stream in connection.streams.values():
                stream.window += difference
                self._need(stream.window <= wire.LARGEST_WINDOW, wire.FLOW_CONTROL_ERROR, "a window over 2^31-1")
                connection.drop_reservation(stream)
                if stream.window < 0 and self.faults.window_shrink_breaks:
                    stream.broken = True
        connection.reply(wire.frame(wire.SETTINGS, wire.ACK, 0))
        connection.wake_all()

    def _window_update(self, _, number, payload, __):
        self._need(len(payload) == 4, wire.FRAME_SIZE_ERROR, "WINDOW_UPDATE has 4 bytes")
        increment = int.from_bytes(payload, "big") & wire.LARGEST_WINDOW
        connection = self.connection
        if number == 0:
            self._need(increment > 0, wire.PROTOCOL_ERROR, "WINDOW_UPDATE of 0")
            if 0 < connection.outstanding <= connection.window:
                connection.refills_connection_early = True
            connection.window += increment
            self._need(connection.window <= wire.LARGEST_WINDOW, wire.FLOW_CONTROL_ERROR, "a window over 2^31-1")
            connection.outstanding = max(0, connection.outstanding - increment)
            connection.wake_all()
            return
        self._need(number <= self.last_stream, wire.PROTOCOL_ERROR, "WINDOW_UPDATE on a stream that did not begin")
        stream = connection.streams.get(number)
        if stream is None:
            return
        if increment == 0 or stream.window + increment > wire.LARGEST_WINDOW:
            connection.reset(number, wire.FLOW_CONTROL_ERROR if increment else wire.PROTOCOL_ERROR)
            return
        if stream.outstanding <= stream.window:
            connection.refills_streams_early = True
        stream.window += increment
        if stream.held_since is not None and stream.window < stream.next_end:
            stream.trickles = True
        stream.outstanding = max(0, stream.outstanding - increment)
        if stream.window > 0:
            connection.wake(stream)

    def _ping(self, flags, number, payload, _):
        self._need(number == 0 and len(payload) == 8, wire.PROTOCOL_ERROR, "PING of no such form")
        if not flags & wire.ACK:
            self.connection.reply(wire.frame(wire.PING, wire.ACK, 0, payload))

    def _goaway(self, *_):
        connection = self.connection
        connection.draining = True
        if self.faults.goaway_kills_streams:
            for number in list(connection.streams):
                connection.reset(number, wire.CANCEL)
        if not connection.streams:
            connection.say_goodbye(wire.NO_ERROR, "")

    def _push_promise(self, *_):
        raise ConnectionFault(wire.PROTOCOL_ERROR, "a client does not push")
