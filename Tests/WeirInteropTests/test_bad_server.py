# SPDX-License-Identifier: Apache-2.0
"""The bad server is good without faults, and each of its faults is really there."""
import grpc
import pytest

from bad_server.faults import FAULTS
from bad_server.synthetic import payload
from bad_server_checks import CHECKS, streams_steadily
from bad_server_process import BadServer

# Those that a client which reads at once can notice.
SEEN_BY_ALL = {"cuts-honest-readers"}


def deadlines(seconds):
    """Every deadline at so many seconds."""
    return [f"--{name}-deadline={seconds}s" for name in ("stall", "preface", "settings", "header", "request")]


def test_every_fault_has_its_check():
    assert set(CHECKS) == set(FAULTS)


@pytest.mark.parametrize("name", CHECKS)
def test_without_faults_it_is_good(name):
    check, deadline = CHECKS[name]
    with BadServer(*deadlines(deadline)) as server:
        assert check(server, deadline) is None


@pytest.mark.parametrize("name", CHECKS)
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
