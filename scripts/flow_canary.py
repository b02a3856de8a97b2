#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads one live stream as fast as it comes, and says at its end how late each tick was.

    flow_canary.py PORT RATE        until standard input ends; then one line of JSON: [[arrival, lateness], ...]

Tick k is due at a fixed instant plus k / RATE. That instant is taken from the tick that came earliest, so lateness is all
that happened to a tick on its way beyond the least: timers, the server's loop, its socket and ours. Arrivals are of the
monotonic clock, which all processes of a machine share; times are in seconds.
"""
import contextlib
import json
import os
import select
import socket
import struct
import sys
import time

from wire import ACK, DATA, PING, PREFACE, SETTINGS, calls, frame, stream_request, window_update

HUGE = 2**31 - 1


def read_varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def ticks_in(messages):
    """The numbers of the whole DataChunks at the front of `messages`, which are taken off."""
    while len(messages) >= 5:
        length = struct.unpack_from(">I", messages, 1)[0]
        if len(messages) < 5 + length:
            return
        # The sequence is the first field and left out when it is 0.
        yield read_varint(messages, 6)[0] if length and messages[5] == 0x08 else 0
        del messages[:5 + length]


def read_ticks(s):
    """[arrival, number] of every tick until standard input ends."""
    ticks, data, messages = [], bytearray(), bytearray()
    while True:
        readable, _, _ = select.select([s, sys.stdin], [], [])
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
            return ticks
        if s not in readable:
            continue
        received = s.recv(1 << 16)
        now = time.monotonic()
        if not received:
            sys.exit("the server closed the canary's connection")
        data += received
        while len(data) >= 9 and len(data) >= 9 + (length := int.from_bytes(data[:3], "big")):
            kind, flags, payload = data[3], data[4], bytes(data[9:9 + length])
            del data[:9 + length]
            if kind == DATA:
                messages += payload
                ticks += [(now, number) for number in ticks_in(messages)]
            elif kind in (SETTINGS, PING) and not flags & ACK:
                s.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))


def main():
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    # Its own lateness is not what is measured: it must not wait behind whoever makes the load.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    s = socket.create_connection(("127.0.0.1", port), 10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, HUGE)) + window_update(0, HUGE - 65_535)
              + calls(1, stream_request(0, 0, b"live")))
    ticks = read_ticks(s)
    begin = min(arrival - number / rate for arrival, number in ticks)
    print(json.dumps([[arrival, arrival - number / rate - begin] for arrival, number in ticks]))


if __name__ == "__main__":
    main()
