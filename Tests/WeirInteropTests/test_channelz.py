# SPDX-License-Identifier: Apache-2.0
"""Channelz, by the stubs of grpcio-channelz."""
import ipaddress
import time

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc

from weir_process import eventually

FIELDS = ("calls_started", "calls_succeeded", "calls_failed")


@pytest.fixture
def server(start_weir):
    """A server of the test's own: what it counts is known."""
    return start_weir()


@pytest.fixture
def channelz(server, open_channel):
    return channelz_pb2_grpc.ChannelzStub(open_channel(server))


def only_server(channelz):
    response = channelz.GetServers(channelz_pb2.GetServersRequest(), timeout=10)
    assert response.end and len(response.server) == 1
    return response.server[0]


def sockets(channelz, server_id, start=0, results=0):
    return channelz.GetServerSockets(
        channelz_pb2.GetServerSocketsRequest(server_id=server_id, start_socket_id=start, max_results=results),
        timeout=10)


def socket(channelz, socket_id):
    return channelz.GetSocket(channelz_pb2.GetSocketRequest(socket_id=socket_id), timeout=10).socket


def test_the_server_counts_its_calls(server, channelz, open_channel, api):
    before = only_server(channelz)
    stub = api.Stub(open_channel(server))
    began = time.time()
    for _ in range(3):
        stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
    for _ in range(2):
        with pytest.raises(grpc.RpcError):
            list(stub.StreamData(api.pb.StreamRequest(dataset="no such data set"), timeout=10))
    after = channelz.GetServer(channelz_pb2.GetServerRequest(server_id=before.ref.server_id), timeout=10).server
    changes = [getattr(after.data, field) - getattr(before.data, field) for field in FIELDS]
    # The call that asks is counted as begun, and the one that asked before as over.
    assert changes == [6, 4, 2]
    assert began - 1 <= after.data.last_call_started_timestamp.seconds <= time.time() + 1
    assert (after.ref.name, after.ref.server_id) == (server.target, before.ref.server_id)


def test_what_closed_connections_did_is_not_forgotten(server, channelz, api):
    before = only_server(channelz).data.calls_started
    with grpc.insecure_channel(server.target) as channel:
        api.Stub(channel).ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
    eventually(lambda: server.snapshot()["connections"] == 1, 10, "the connection closed")
    assert only_server(channelz).data.calls_started == before + 2


def test_a_connection_tells_what_it_did(server, channelz, open_channel, api):
    reference = only_server(channelz).ref
    known = {ref.socket_id for ref in sockets(channelz, reference.server_id).socket_ref}
    stub = api.Stub(open_channel(server))
    began = time.time()
    list(stub.StreamData(api.pb.StreamRequest(max_chunks=50, chunk_bytes=100), timeout=10))
    (ref,) = [ref for ref in sockets(channelz, reference.server_id).socket_ref if ref.socket_id not in known]
    found = socket(channelz, ref.socket_id)
    assert found.ref == ref
    assert (found.local.tcpip_address.port, found.local.tcpip_address.ip_address) == (
        server.port, ipaddress.ip_address("127.0.0.1").packed)
    remote = found.remote.tcpip_address
    assert f"{ipaddress.ip_address(remote.ip_address)}:{remote.port}" == ref.name
    data = found.data
    assert (data.streams_started, data.streams_succeeded, data.streams_failed) == (1, 1, 0)
    assert (data.messages_sent, data.messages_received) == (50, 1)
    for stamp in (
        data.last_remote_stream_created_timestamp, data.last_message_sent_timestamp,
        data.last_message_received_timestamp,
    ):
        assert began - 1 <= stamp.seconds <= time.time() + 1
    assert data.local_flow_control_window.value > 0 and data.remote_flow_control_window.value > 0
    assert {option.name: option.value for option in data.option}["TCP_NODELAY"] == "1"


def test_a_window_that_nobody_opens_is_seen_to_close(server, channelz, open_channel, api):
    known = {ref.socket_id for ref in sockets(channelz, only_server(channelz).ref.server_id).socket_ref}
    channel = open_channel(server, [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)])
    call = api.Stub(channel).StreamData(api.pb.StreamRequest(dataset="synthetic"), timeout=15)
    next(call)
    (ref,) = [
        ref for ref in sockets(channelz, only_server(channelz).ref.server_id).socket_ref
        if ref.socket_id not in known]
    eventually(
        lambda: server.snapshot()["suspended_senders"] == 1, 10, "the stream is blocked")
    data = socket(channelz, ref.socket_id).data
    assert (data.streams_started, data.streams_succeeded, data.streams_failed) == (1, 0, 0)
    assert data.messages_sent > 1
    call.cancel()
    eventually(lambda: socket(channelz, ref.socket_id).data.streams_failed == 1, 10, "the stream is counted as failed")


def test_pages_have_an_end(server, channelz, open_channel, api):
    for _ in range(4):
        api.Stub(open_channel(server)).ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
    server_id = only_server(channelz).ref.server_id
    everything = [ref.socket_id for ref in sockets(channelz, server_id).socket_ref]
    assert len(everything) == 5 and everything == sorted(everything)
    pages, start = [], 0
    while True:
        page = sockets(channelz, server_id, start, 2)
        pages.append([ref.socket_id for ref in page.socket_ref])
        if page.end:
            break
        start = pages[-1][-1] + 1
    assert pages == [everything[:2], everything[2:4], everything[4:]]
    assert sockets(channelz, server_id, 0, 5).end and not sockets(channelz, server_id, 0, 4).end
    assert sockets(channelz, server_id, everything[-1] + 1) == channelz_pb2.GetServerSocketsResponse(end=True)
    assert channelz.GetServers(
        channelz_pb2.GetServersRequest(start_server_id=server_id + 1), timeout=10
    ) == channelz_pb2.GetServersResponse(end=True)
    # Numbers do not change while connections come and go.
    assert [ref.socket_id for ref in sockets(channelz, server_id).socket_ref] == everything


def test_the_listening_socket_is_there(server, channelz):
    (listening,) = only_server(channelz).listen_socket
    found = socket(channelz, listening.socket_id)
    assert found.ref == listening and found.local.tcpip_address.port == server.port


def test_what_is_not_there_is_not_found(channelz):
    assert channelz.GetTopChannels(channelz_pb2.GetTopChannelsRequest(), timeout=10) == \
        channelz_pb2.GetTopChannelsResponse(end=True)
    nothing = 1 << 62
    for call, request in [
        (channelz.GetServer, channelz_pb2.GetServerRequest(server_id=nothing)),
        (channelz.GetServerSockets, channelz_pb2.GetServerSocketsRequest(server_id=nothing)),
        (channelz.GetSocket, channelz_pb2.GetSocketRequest(socket_id=nothing)),
        (channelz.GetSocket, channelz_pb2.GetSocketRequest(socket_id=-1)),
        (channelz.GetChannel, channelz_pb2.GetChannelRequest(channel_id=1)),
        (channelz.GetSubchannel, channelz_pb2.GetSubchannelRequest(subchannel_id=1)),
    ]:
        with pytest.raises(grpc.RpcError) as error:
            call(request, timeout=10)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as error:
        channelz.GetServers(channelz_pb2.GetServersRequest(max_results=-1), timeout=10)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
