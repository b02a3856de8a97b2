# SPDX-License-Identifier: Apache-2.0
"""One check for each fault of `bad_server`: what a good server does, seen by a raw client.

Each returns what is wrong, or None. Those about other things than streams are in `bad_server_protocol_checks`.
"""
import time

import h2.exceptions

from bad_server import wire
from bad_server.synthetic import Producer
from bad_server_client import Client, request
from bad_server_protocol_checks import (
    bounds_answers, limits_resets, times_headers_out, times_prefaces_out, times_requests_out, times_settings_out,
)
from wire_client import length_prefixed, split_messages

MIB = 1 << 20
WIDE = 1 << 20


def stalled(server, deadline):
    """A reader that gives no credit: the client, its stream, and how long after the last byte it was over."""
    with Client(server.port) as client:
        _, stream = client.stream()
        client.pump_for(deadline * 4, lambda: stream.over)
        over_at = stream.over_at or (time.monotonic() if client.closed_by_peer else None)
        return client, stream, over_at and over_at - stream.last_data_at


def ends_stalls(server, deadline):
    _, _, seconds = stalled(server, deadline)
    return None if seconds is not None else "a stalled stream is never ended"


def ends_on_time(server, deadline):
    _, _, seconds = stalled(server, deadline)
    return None if seconds and deadline - 0.05 <= seconds < deadline * 2 else f"ended after {seconds} s"


def ends_with_trailers(server, deadline):
    _, stream, _ = stalled(server, deadline)
    if stream.status != 8:
        return f"status {stream.status}, reset {stream.reset_code}"
    _, rest = split_messages(stream.data)
    return f"cut {len(rest)} bytes into a message" if rest and len(rest) + len(stream.data) < 65_535 else None


def keeps_connection(server, deadline):
    client, _, _ = stalled(server, deadline)
    return "the connection was closed" if client.closed_by_peer else None


def says_why(server, deadline):
    _, stream, _ = stalled(server, deadline)
    return None if "stall" in stream.status_text else f"the text is {stream.status_text!r}"


def suspends_handlers(server, deadline):
    with Client(server.port) as client:
        before = peak = server.resident_bytes()
        streams = [client.stream()[1] for _ in range(4)]
        end = time.monotonic() + deadline
        while time.monotonic() < end and not all(s.over for s in streams):
            client.pump(0.01)
            peak = max(peak, server.resident_bytes())
    return f"{(peak - before) / MIB:.0f} MiB for 4 streams" if peak - before > 16 * MIB else None


def lets_slow_readers_live(server, deadline):
    with Client(server.port, connection_window=WIDE) as client:
        number, stream = client.stream()
        end = time.monotonic() + 4 * deadline
        while time.monotonic() < end and not stream.over:
            client.pump_for(deadline / 8)
            if not stream.over:
                client.grant(4000, number)
        if stream.over:
            return f"an honest slow reader was ended with status {stream.status}"
        return None if len(stream.data) >= 65_535 + 20 * 4000 else f"it got {len(stream.data)} bytes only"


def serves_siblings(server, deadline):
    with Client(server.port, connection_window=WIDE) as client:
        _, stopped = client.stream()
        number, sibling = client.stream()
        client.drink(number, deadline * 3, lambda: stopped.over)
        return None if len(sibling.data) > 200_000 else f"the sibling got {len(sibling.data)} bytes"


def serves_others(server, deadline):
    with Client(server.port) as blocked, Client(server.port) as other:
        blocked.pump_for(0.1)
        other.pump_for(0.1)
        _, stream = blocked.stream()
        blocked.pump_for(0.3)
        begun = time.monotonic()
        _, quick = other.stream(1, 100)
        other.pump_for(deadline * 2, lambda: quick.over)
        took = time.monotonic() - begun
        assert not stream.over or took > deadline / 2
        return f"another connection waited for {took:.1f} s" if took > deadline / 2 else None


def frees_memory(server, deadline):
    with Client(server.port, connection_window=32 * MIB) as client:
        def thirty():
            streams = [client.stream()[1] for _ in range(30)]
            client.pump_for(deadline * 4, lambda: all(s.over for s in streams))
            client.pump_for(0.6)

        thirty()
        before = server.resident_bytes()
        thirty()
        kept = server.resident_bytes() - before
    return f"{kept / MIB:.1f} MiB are left of 30 streams" if kept > 8 * MIB else None


def burns(server, client, when):
    before = server.cpu_seconds()
    burnt = client.pump_for(2.0, lambda: server.cpu_seconds() - before > 0.3)
    return f"more than 0.3 s of processor time {when}" if burnt else None


def is_quiet_while_blocked(server, deadline):
    with Client(server.port) as client:
        client.stream()
        client.pump_for(0.5)
        return burns(server, client, "while its stream is blocked")


def respects_windows(server, deadline):
    with Client(server.port) as client:
        _, stream = client.stream()
        try:
            client.pump_for(deadline * 3, lambda: stream.over)
        except h2.exceptions.FlowControlError as error:
            return f"more than the window: {error}"
    return None


def waits_for_useful_windows(server, deadline):
    with Client(server.port, initial_window=0) as client:
        number, stream = client.stream()
        for _ in range(100):
            client.grant(1, number)
        client.pump_for(deadline, lambda: len(stream.data) >= 100)
        frames, size = client.data_frames, len(stream.data)
    return f"{frames} frames for {size} bytes" if size < 100 or frames > 20 else None


def stops_on_resets(server, deadline):
    with Client(server.port) as client:
        number, stream = client.stream()
        client.pump_for(deadline / 2, lambda: len(stream.data) == 65_535)
        client.pump_for(0.3)
        client.cancel(number)
        client.pump_for(0.3)
        return burns(server, client, "after a reset")


def lets_streams_end_after_goaway(server, deadline):
    with Client(server.port) as client:
        number, stream = client.stream(20)
        client.pump_for(0.3, lambda: stream.data)
        client.socket.sendall(wire.goaway(0, wire.NO_ERROR, ""))
        client.drink(number, 5, lambda: stream.over)
        if stream.status != 0:
            return f"a stream ended with status {stream.status}, reset {stream.reset_code}"
        return None if client.pump_for(5, lambda: client.closed_by_peer) else "the connection stays"


def loses_nothing(server, deadline):
    with Client(server.port) as client:
        number, stream = client.stream(20, 16_000)
        client.pump_for(deadline / 2)
        client.drink(number, 5, lambda: stream.over)
    producer = Producer(b"\0" + wire.number(len(request(20, 16_000))) + request(20, 16_000))
    expected = b""
    while not producer.over:
        head, data = producer.next()
        expected += head + bytes(data)
    if stream.data != expected:
        return f"{len(stream.data)} bytes, not these {len(expected)}"
    return None if stream.status == 0 else f"status {stream.status}"


def survives_shrinking(server, deadline):
    with Client(server.port) as client:
        number, stream = client.stream()
        client.pump_for(deadline / 4)
        before = len(stream.data)
        client.connection.update_settings({wire.INITIAL_WINDOW_SIZE: 1000})
        client.flush()
        client.pump_for(deadline / 4)
        client.grant(200_000)
        client.grant(200_000, number)
        more = client.pump_for(deadline * 2, lambda: len(stream.data) - before > 50_000)
        return None if more else f"{len(stream.data) - before} bytes after the window was positive again"


def sees_updates_at_exhaustion(server, deadline):
    with Client(server.port, connection_window=WIDE) as client:
        number, stream = client.stream()
        client.pump_for(deadline, lambda: len(stream.data) == 65_535)
        assert len(stream.data) == 65_535, "the window was not used up"
        client.grant(65_535, number)
        more = client.pump_for(deadline * 2, lambda: len(stream.data) > 100_000)
        return None if more else "nothing after the update of a window of 0"


def answers_open_requests(server, deadline):
    """The client never ends its side: the stream is answered, and ended at the deadline, as any other."""
    with Client(server.port) as client:
        number = client.begin()
        client.send(number, length_prefixed(request()))
        stream = client.streams[number]
        client.pump_for(deadline * 4, lambda: stream.over)
        if not stream.data or stream.status != 8:
            return f"{len(stream.data)} bytes and status {stream.status}"
        return None if stream.over_at - stream.last_data_at < deadline * 2 else "ended late"


def begins_no_message_that_it_cannot_finish(server, deadline):
    """The client gives credit while its window is open, so that it would open the rest in time too."""
    with Client(server.port, initial_window=20_000, connection_window=WIDE) as client:
        number = client.begin()
        client.grant(20_000, number)
        client.send(number, length_prefixed(request(0, 16_000)), end_stream=True)
        stream = client.streams[number]
        client.pump_for(deadline * 4, lambda: stream.over)
    messages, rest = split_messages(stream.data)
    whole = len(messages) == 2 and not rest and stream.status == 8
    return None if whole else f"{len(messages)} messages and {len(rest)} bytes, status {stream.status}"


def gives_in_to_readers_that_use_windows_up(server, deadline):
    """Only the connection's window is opened early: what is said of it says nothing about the stream's."""
    with Client(server.port, connection_window=WIDE) as client:
        number, stream = client.stream()
        granted = 65_535
        end = time.monotonic() + deadline * 6
        while time.monotonic() < end and not stream.over and granted < 6 * 65_535:
            before = len(stream.data)
            client.pump(0.02)
            if len(stream.data) > before:
                client.grant(len(stream.data) - before)
            if len(stream.data) == granted:
                granted += 65_535
                client.grant(65_535, number)
        return None if granted == 6 * 65_535 else f"{len(stream.data)} bytes, status {stream.status}"


def streams_steadily(server, deadline):
    """No fault's own check: every server serves a client that reads, as far as its fault lets it."""
    with Client(server.port) as client:
        number, stream = client.stream(200)
        client.drink(number, 10, lambda: stream.over)
        messages, rest = split_messages(stream.data)
        return None if len(messages) == 200 and not rest and stream.status == 0 else f"{len(messages)} messages"


# The check that finds each fault, and the deadline in seconds that it is tried with.
CHECKS = {
    "ignores-stalls": (ends_stalls, 0.5),
    "ends-late": (ends_on_time, 0.5),
    "buffers-without-bound": (suspends_handlers, 1.0),
    "resets-silently": (ends_with_trailers, 0.5),
    "drops-connection": (keeps_connection, 0.5),
    "no-message": (says_why, 0.5),
    "cuts-honest-readers": (lets_slow_readers_live, 0.5),
    "starves-siblings": (serves_siblings, 0.5),
    "one-connection-at-a-time": (serves_others, 2.0),
    "leaks": (frees_memory, 0.5),
    "busy-loop": (is_quiet_while_blocked, 5.0),
    "violates-window": (respects_windows, 0.5),
    "silly-frames": (waits_for_useful_windows, 0.5),
    "answers-floods-unbounded": (bounds_answers, 3.0),
    "no-settings-timeout": (times_settings_out, 0.5),
    "no-preface-deadline": (times_prefaces_out, 0.5),
    "no-header-deadline": (times_headers_out, 0.5),
    "no-request-deadline": (times_requests_out, 0.5),
    "ignores-resets": (stops_on_resets, 5.0),
    "no-reset-limit": (limits_resets, 5.0),
    "goaway-kills-streams": (lets_streams_end_after_goaway, 2.0),
    "loses-data": (loses_nothing, 2.0),
    "window-shrink-breaks": (survives_shrinking, 1.0),
    "forgets-update-at-exhaustion": (sees_updates_at_exhaustion, 1.0),
}
