# SPDX-License-Identifier: Apache-2.0
"""A client that says exactly what a test wants, on the `h2` package: no credit is returned unless the test does it.

`h2` checks what arrives: a byte more than the windows allow, or a frame out of order, raises.
"""
import select
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

SERVICE = "weir.data.v1.DataService"


def length_prefixed(message, flag=0):
    """One gRPC message as it goes over the wire; the flag says whether it is compressed."""
    return struct.pack(">BI", flag, len(message)) + message


def framed_messages(data):
    """The flags and the bytes of all messages in `data`, which must end with one."""
    messages = []
    position = 0
    while position < len(data):
        flag, length = struct.unpack_from(">BI", data, position)
        assert position + 5 + length <= len(data), "the last message is cut short"
        messages.append((flag, bytes(data[position + 5:position + 5 + length])))
        position += 5 + length
    return messages


def split_messages(data):
    """The whole messages in `data`, and what is left behind them."""
    messages = []
    position = 0
    while len(data) - position >= 5:
        flag, length = struct.unpack_from(">BI", data, position)
        assert flag == 0, f"compressed flag {flag}"
        if len(data) - position - 5 < length:
            break
        messages.append(bytes(data[position + 5:position + 5 + length]))
        position += 5 + length
    return messages, bytes(data[position:])


class WireStream:
    """What one stream received, with the moments of it."""

    def __init__(self):
        self.headers = None
        self.trailers = None
        self.data = bytearray()
        self.reset_code = None
        self.ended = False
        self.last_data_at = None
        self.over_at = None

    @property
    def over(self):
        return self.over_at is not None

    @property
    def status(self):
        """grpc-status, from the trailers or from a trailers-only response."""
        fields = self.trailers if self.trailers is not None else (self.headers or {})
        return int(fields["grpc-status"]) if "grpc-status" in fields else None

    @property
    def status_text(self):
        fields = self.trailers if self.trailers is not None else (self.headers or {})
        return fields.get("grpc-message", "")


class WireClient:
    """One connection. Everything happens in the caller's thread, inside `pump`."""

    def __init__(self, port, initial_window=65535, connection_window=65535, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.connection.local_settings = h2.settings.Settings(client=True, initial_values={
            h2.settings.SettingCodes.ENABLE_PUSH: 0,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: initial_window,
        })
        self.connection.initiate_connection()
        if connection_window > 65535:
            self.connection.increment_flow_control_window(connection_window - 65535)
        self.streams = {}
        self.goaway = None
        self.closed_by_peer = False
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def flush(self):
        data = self.connection.data_to_send()
        if data:
            self.socket.sendall(data)

    def begin(self, method="StreamData", headers=(), replace=None, service=SERVICE, end_stream=False):
        """Sends a request's HEADERS; `replace` changes or (with None) leaves out fields of it. Returns the stream."""
        fields = {
            ":method": "POST", ":scheme": "http", ":path": f"/{service}/{method}", ":authority": "127.0.0.1",
            "te": "trailers", "content-type": "application/grpc",
        }
        for name, value in (replace or {}).items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        stream_id = self.connection.get_next_available_stream_id()
        self.streams[stream_id] = WireStream()
        self.connection.send_headers(stream_id, [*fields.items(), *headers], end_stream=end_stream)
        self.flush()
        return stream_id

    def send(self, stream_id, data, end_stream=False):
        """Sends one DATA frame."""
        self.connection.send_data(stream_id, data, end_stream=end_stream)
        self.flush()

    def call(self, method, message, headers=(), replace=None):
        """A whole call with one message."""
        stream_id = self.begin(method, headers, replace)
        self.send(stream_id, length_prefixed(message), end_stream=True)
        return stream_id

    def grant(self, amount, stream_id=None):
        """Returns credit to a stream, or to the connection."""
        self.connection.increment_flow_control_window(amount, stream_id)
        self.flush()

    def cancel(self, stream_id, code=8):
        self.connection.reset_stream(stream_id, code)
        self.flush()

    def pump(self, timeout=0.0):
        """Takes in what has arrived, or arrives within `timeout` seconds; false when the connection is over."""
        readable, _, _ = select.select([self.socket], [], [], timeout)
        if not readable:
            return not self.closed_by_peer
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        now = time.monotonic()
        if not data:
            self.closed_by_peer = True
            return False
        for event in self.connection.receive_data(data):
            self._note(event, now)
        self.flush()
        return True

    def _note(self, event, now):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = (int(event.error_code), event.additional_data or b"")
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            stream.last_data_at = now
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
            stream.over_at = stream.over_at or now
        elif isinstance(event, h2.events.StreamReset):
            stream.reset_code = int(event.error_code)
            stream.over_at = stream.over_at or now

    def pump_until(self, condition, timeout, what):
        """Takes in what arrives until `condition()`; fails after `timeout` seconds, or when the connection ends."""
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            assert left > 0, f"not within {timeout} s: {what}"
            if not self.pump(min(left, 0.05)):
                assert condition(), f"the connection ended before: {what}"
                return

    def finish(self, stream_id, timeout, what="the stream's end"):
        """Pumps until the stream is over and returns it."""
        stream = self.streams[stream_id]
        self.pump_until(lambda: stream.over, timeout, what)
        return stream

    def abort(self):
        """Ends the connection with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
