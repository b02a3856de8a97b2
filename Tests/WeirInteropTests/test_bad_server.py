# SPDX-License-Identifier: Apache-2.0
"""The bad server is good without faults, and each of its faults is really there."""
import random
import time

import grpc
import pytest

from bad_server import wire
from bad_server.faults import FAULTS
from bad_server.synthetic import payload
from bad_server_checks import (
    CHECKS, answers_open_requests, begins_no_message_that_it_cannot_finish, gives_in_to_readers_that_use_windows_up,
    streams_steadily,
)
from bad_server_client import Client, Raw, request
from bad_server_process import BadServer, alone_if_it_needs_quiet
from bad_server_protocol_checks import HEADERS_BLOCK, POLITE
from conftest import NARROW
from weir_process import eventually
from wire_client import length_prefixed

# Those that a client which reads at once can notice.
SEEN_BY_ALL = {"cuts-honest-readers"}


def deadlines(seconds):
    """Every deadline at so many seconds."""
    return [f"--{name}-deadline={seconds}s" for name in ("stall", "preface", "settings", "header", "request")]


def test_every_fault_has_its_check():
    assert set(CHECKS) == set(FAULTS)


@pytest.mark.parametrize("name", alone_if_it_needs_quiet(CHECKS))
def test_without_faults_it_is_good(name):
    check, deadline = CHECKS[name]
    with BadServer(*deadlines(deadline)) as server:
        assert check(server, deadline) is None


@pytest.mark.parametrize("check", [
    answers_open_requests, begins_no_message_that_it_cannot_finish, gives_in_to_readers_that_use_windows_up])
def test_it_is_good_in_what_no_fault_is_about(check):
    with BadServer(*deadlines(1)) as server:
        assert check(server, 1) is None


@pytest.mark.parametrize("name", alone_if_it_needs_quiet(CHECKS))
def test_the_fault_is_there(name):
    check, deadline = CHECKS[name]
    with BadServer(*deadlines(deadline), "--fault", name) as server:
        wrong = check(server, deadline)
    print(f"{name}: {wrong}")
    assert wrong is not None


@pytest.mark.parametrize("name", sorted(set(FAULTS) - SEEN_BY_ALL))
def test_a_client_that_reads_is_served_in_spite_of_the_fault(name):
    with BadServer("--fault", name) as server:
        assert streams_steadily(server, 2.0) is None


def test_a_socket_that_takes_nothing_is_closed_at_the_deadline_and_others_do_not_notice():
    widest = wire.LARGEST_WINDOW
    with BadServer(*deadlines(1)) as server, Client(server.port, connection_window=64 << 20) as other:
        with Client(server.port, widest, widest, receive_buffer=16_384) as shut:
            other.pump_for(0.1)
            shut.stream(0, 65_536)
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                begun = time.monotonic()
                _, quick = other.stream(1, 100)
                assert other.pump_for(1.0, lambda: quick.over), "another connection waited"
                assert time.monotonic() - begun < 0.5
            # What the kernels held is still there, then the end.
            assert shut.pump_for(5, lambda: shut.closed_by_peer)


def test_a_stopped_stream_leaves_a_part_of_the_connection_window_to_its_siblings():
    """Credit of the connection comes back on consumption only: what the stopped reader holds is lost to the others."""
    with BadServer(*deadlines(1)) as server, Client(server.port, initial_window=1 << 20) as client:
        _, stopped = client.stream(0, 16_000)
        number, sibling = client.stream(0, 1000)
        begun = time.monotonic()
        client.drink(number, 4, lambda: stopped.over)
        assert stopped.status == 8 and "stream window" in stopped.status_text
        assert 0.95 <= stopped.over_at - stopped.last_data_at < 2
        assert len(sibling.data) > 100_000 and not sibling.over
        assert len(stopped.data) <= 65_535 and time.monotonic() - begun < 4


def test_two_hundred_stalled_streams_hold_little_and_are_ended_together():
    with BadServer(*deadlines(1)) as server, Client(server.port, connection_window=64 << 20) as client:
        before = server.resident_bytes()
        streams = [client.stream(0, 1000)[1] for _ in range(200)]
        assert client.pump_for(10, lambda: all(len(s.data) > 64_000 for s in streams))
        held = server.resident_bytes() - before
        assert held < 200 * 65_536, f"{held} bytes"
        assert client.pump_for(10, lambda: all(s.over for s in streams))
        assert {s.status for s in streams} == {8}
        assert max(s.over_at - s.last_data_at for s in streams) < 2


@pytest.mark.parametrize("seed", range(4))
def test_it_outlives_clients_that_say_anything(seed):
    """Windows open, shrink and shut, streams end in every way, frames are broken; then it serves as before."""
    chooser = random.Random(seed)
    with BadServer(*deadlines(0.2)) as server:
        for _ in range(60):
            said = bytearray(POLITE)
            opened = 0
            for _ in range(chooser.randrange(1, 60)):
                stream = chooser.randrange(0, opened + 2)
                kind = chooser.choice("call call update update shrink reset ping goaway broken".split())
                if kind == "call":
                    number, opened = 2 * opened + 1, opened + 1
                    size = chooser.choice([0, 1, 100, 16_000, 1 << 20])
                    said += wire.frame(wire.HEADERS, wire.END_HEADERS, number, HEADERS_BLOCK)
                    said += wire.frame(wire.DATA, wire.END_STREAM, number, length_prefixed(
                        request(chooser.choice([0, 1, 3, 50]), size)))
                elif kind == "update":
                    credit = chooser.choice([1, 100, 16_000, 70_000, 1 << 30])
                    said += wire.frame(wire.WINDOW_UPDATE, 0, max(0, 2 * stream - 1), wire.number(credit))
                elif kind == "shrink":
                    said += wire.settings({wire.INITIAL_WINDOW_SIZE: chooser.choice([0, 1, 1000, 65_535, 1 << 20])})
                elif kind == "reset":
                    said += wire.frame(wire.RST_STREAM, 0, max(1, 2 * stream - 1), wire.number(wire.CANCEL))
                elif kind == "ping":
                    said += wire.frame(wire.PING, 0, 0, b"12345678")
                elif chooser.random() < 0.1:
                    said += wire.goaway(0, 0, "") if kind == "goaway" else chooser.randbytes(30)
            with Raw(server.port, bytes(said)) as raw:
                raw.read_for(chooser.choice([0.0, 0.05, 0.3]))
        assert streams_steadily(server, 2.0) is None


def test_it_streams_what_the_real_service_streams_under_this_name(weir, api):
    request = api.pb.StreamRequest(start_sequence=70_000, max_chunks=3, chunk_bytes=5000)
    with BadServer() as server:
        answers = []
        for target in (server, weir):
            with grpc.insecure_channel(f"127.0.0.1:{target.port}") as channel:
                answers.append([
                    (chunk.sequence, chunk.payload) for chunk in api.Stub(channel).StreamData(request, timeout=20)])
    assert answers[0] == answers[1] == [(n, bytes(payload(n, 5000))) for n in range(70_000, 70_003)]


@pytest.mark.parametrize("size", [1, 1000, 65_536, 1 << 20])
def test_a_standard_client_gets_everything(api, size):
    chunks = min(5000, (32 << 20) // size)
    with BadServer() as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        received = api.Stub(channel).StreamData(api.pb.StreamRequest(max_chunks=chunks, chunk_bytes=size), timeout=60)
        for number, chunk in enumerate(received):
            assert (chunk.sequence, chunk.payload) == (number, bytes(payload(number, size)))
        assert number == chunks - 1


def test_a_standard_client_that_stopped_reads_what_it_has_and_then_why(api):
    with BadServer(*deadlines(0.5)) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}", NARROW) as channel:
        call = api.Stub(channel).StreamData(api.pb.StreamRequest(chunk_bytes=1000), timeout=60)
        received = [next(call) for _ in range(3)]
        # Two seconds without reading: what is tested, and not a wait for something.
        resume_at = time.monotonic() + 2
        eventually(lambda: time.monotonic() >= resume_at, 10, "two seconds")
        with pytest.raises(grpc.RpcError) as ended:
            for chunk in call:
                received.append(chunk)
    assert [chunk.sequence for chunk in received] == list(range(len(received))) and len(received) > 10
    assert ended.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "stall" in ended.value.details()


def test_what_it_does_not_have_it_says(api):
    with BadServer() as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = api.Stub(channel)
        with pytest.raises(grpc.RpcError) as unknown:
            list(stub.StreamData(api.pb.StreamRequest(dataset="überfall"), timeout=20))
        assert unknown.value.code() == grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.RpcError) as too_long:
            list(stub.StreamData(api.pb.StreamRequest(chunk_bytes=(1 << 20) + 1), timeout=20))
        assert too_long.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        channel_call = channel.unary_unary("/weir.data.v1.DataService/Nothing")
        with pytest.raises(grpc.RpcError) as nothing:
            channel_call(b"", timeout=20)
        assert nothing.value.code() == grpc.StatusCode.UNIMPLEMENTED
