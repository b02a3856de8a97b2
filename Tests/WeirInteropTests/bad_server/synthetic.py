# SPDX-License-Identifier: Apache-2.0
"""The data set "synthetic": the bytes that the real service streams under this name, cut into DataChunk messages."""
import functools
import struct

from .wire import protobuf_fields, varint

LARGEST_CHUNK = 1 << 20
DEFAULT_CHUNK = 16_000
_OFFSETS = 65_536
_MASK = 2**64 - 1


class InvalidRequest(Exception):
    """The request cannot be answered; `status` is the gRPC status that says so."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


@functools.cache
def pattern():
    """1 MiB and 64 KiB of SplitMix64 from 0, little-endian; every chunk is a slice of it."""
    numbers = []
    state = 0
    for _ in range((LARGEST_CHUNK + _OFFSETS) // 8):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        numbers.append(mixed ^ (mixed >> 31))
    return memoryview(struct.pack(f"<{len(numbers)}Q", *numbers))


def payload(sequence, size):
    """The bytes of one chunk, as a view that costs nothing."""
    offset = sequence * 4099 % _OFFSETS
    return pattern()[offset:offset + size]


def is_whole(request):
    """Whether a message with its prefix has come: a handler begins then, whether or not the client ended its side."""
    return len(request) >= 5 and len(request) - 5 >= struct.unpack_from(">BI", request)[1]


class Producer:
    """What a handler of StreamData gives, one message for each call of `next`."""

    def __init__(self, request):
        """Takes the request as it came, prefix included; raises InvalidRequest."""
        message = self._unframed(request)
        fields = {1: b"", 2: 0, 3: 0, 4: 0, 5: 0}
        try:
            for field, value in protobuf_fields(message):
                if field in fields:
                    fields[field] = value
        except ValueError as error:
            raise InvalidRequest(3, "the request is no StreamRequest") from error
        if [type(value) for value in fields.values()] != [bytes, int, int, int, int]:
            raise InvalidRequest(3, "the request is no StreamRequest")
        if fields[1] not in (b"", b"synthetic"):
            raise InvalidRequest(5, "there is only the data set synthetic")
        if fields[4] > LARGEST_CHUNK:
            raise InvalidRequest(3, f"chunk_bytes is over {LARGEST_CHUNK}")
        self.sequence = fields[2]
        self.end = fields[2] + fields[3] if fields[3] else None
        self.size = fields[4] or DEFAULT_CHUNK
        self._payload_head = b"\x12" + varint(self.size)

    @staticmethod
    def _unframed(request):
        if len(request) < 5:
            raise InvalidRequest(12, "the request has no message")
        flag, length = struct.unpack_from(">BI", request)
        if flag:
            raise InvalidRequest(12, "the request is compressed")
        if length != len(request) - 5:
            raise InvalidRequest(13, "the request is not one message")
        return request[5:]

    @property
    def over(self):
        """No message is left."""
        return self.end is not None and self.sequence >= self.end

    def next(self):
        """The next message in two pieces: everything in front of the payload, and the payload."""
        head = self._payload_head if self.sequence == 0 else b"\x08" + varint(self.sequence) + self._payload_head
        view = payload(self.sequence, self.size)
        self.sequence += 1
        return struct.pack(">BI", 0, len(head) + self.size) + head, view
