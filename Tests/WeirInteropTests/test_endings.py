# SPDX-License-Identifier: Apache-2.0
"""However a call ends, its handler ends at once and nothing of it is left."""
import random
import subprocess
import sys
import threading
import time

import grpc
import pytest

from conftest import NARROW
from weir_process import eventually
from wire_client import WireClient

pytestmark = pytest.mark.alone

# From the moment the server learns of it to the end of the handler.
PROMPTLY = 0.1

ENDLESS = {"dataset": "synthetic", "chunk_bytes": 1000}
# A handler that is suspended in `send`, and one that waits for its next tick.
KINDS = [
    pytest.param({"dataset": "synthetic", "chunk_bytes": 1000}, id="suspended"),
    pytest.param({"dataset": "live"}, id="waiting"),
]

CLIENT_TO_KILL = """
import sys
sys.path.insert(0, sys.argv[1])
import grpc
from weir.data.v1 import data_service_pb2 as pb, data_service_pb2_grpc as services

options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)]
channel = grpc.insecure_channel(sys.argv[2], options=options)
calls = services.DataServiceStub(channel)
for chunk in calls.StreamData(pb.StreamRequest(dataset=sys.argv[3], chunk_bytes=1000)):
    if chunk.sequence == 3:
        print("reading", flush=True)
        if sys.argv[4] == "stop":
            sys.stdin.read()
"""


def no_handlers(snapshot):
    return snapshot["handlers"] == 0


def assert_prompt(server, learned, what):
    """The handlers are gone within PROMPTLY of `learned`, and then everything else of the calls."""
    _, seen = server.wait_for(no_handlers, 5, what)
    assert seen - learned <= PROMPTLY, f"{what}: after {seen - learned:.3f} s"
    snapshot = server.snapshot()
    assert (snapshot["streams"], snapshot["held_bytes"], snapshot["suspended_senders"]) == (0, 0, 0) or \
        server.wait_for(lambda s: s["streams"] == s["held_bytes"] == s["suspended_senders"] == 0, 1, "nothing left")


@pytest.mark.parametrize("request_fields", KINDS)
def test_a_client_that_cancels_ends_the_handler(weir, api, open_channel, request_fields):
    stub = api.Stub(open_channel(weir, NARROW))
    for _ in range(5):
        call = stub.StreamData(api.pb.StreamRequest(**request_fields), timeout=60)
        next(call)
        weir.wait_for(lambda s: s["handlers"] == 1, 5, "the handler at work")
        call.cancel()
        assert_prompt(weir, time.monotonic(), "the cancelled call's handler")
        with pytest.raises(grpc.RpcError) as error:
            for _ in call:
                pass
        assert error.value.code() == grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("request_fields", KINDS)
def test_a_client_deadline_ends_the_handler(weir, api, open_channel, request_fields):
    stub = api.Stub(open_channel(weir, NARROW))
    begun = time.monotonic()
    call = stub.StreamData(api.pb.StreamRequest(**request_fields), timeout=0.7)
    next(call)
    assert weir.snapshot()["handlers"] == 1
    assert_prompt(weir, begun + 0.7, "the expired call's handler")
    assert time.monotonic() - begun >= 0.69
    with pytest.raises(grpc.RpcError) as error:
        for _ in call:
            pass
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("reads", [True, False], ids=["reading", "not reading"])
def test_the_server_itself_enforces_the_deadline_to_the_last_byte(weir, api, reads):
    with WireClient(weir.port) as client:
        begun = time.monotonic()
        stream_id = client.call(
            "StreamData", api.pb.StreamRequest(**ENDLESS).SerializeToString(), headers=[("grpc-timeout", "500m")])
        stream = client.streams[stream_id]
        granted = 0
        while not stream.over and time.monotonic() < begun + 5:
            client.pump(0.01)
            if reads and len(stream.data) > granted and not stream.over:
                client.grant(len(stream.data) - granted, stream_id)
                client.grant(len(stream.data) - granted)
                granted = len(stream.data)
        assert stream.over and stream.status == 4, (stream.status, stream.reset_code)
        assert 0.5 <= stream.over_at - begun <= 0.5 + PROMPTLY
        weir.wait_until_quiet(connections=1)


@pytest.mark.parametrize("dataset, then", [("synthetic", "stop"), ("synthetic", "read on"), ("live", "read on")])
def test_a_killed_client_ends_the_handler(weir, stubs_path, dataset, then):
    child = subprocess.Popen(
        [sys.executable, "-c", CLIENT_TO_KILL, str(stubs_path), weir.target, dataset, then],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        try:
            assert child.stdout.readline().strip() == b"reading"
            if then == "stop":
                weir.wait_for(lambda s: s["suspended_senders"] == 1, 5, "a suspended sender")
            assert weir.snapshot()["handlers"] == 1
            child.kill()
            child.wait(5)
            assert_prompt(weir, time.monotonic(), "the killed client's handler")
        finally:
            child.kill()
    weir.wait_until_quiet(timeout=2)


@pytest.mark.parametrize("request_fields", KINDS)
def test_a_connection_reset_ends_all_its_handlers(weir, api, request_fields):
    client = WireClient(weir.port)
    for _ in range(10):
        client.call("StreamData", api.pb.StreamRequest(**request_fields).SerializeToString())
    weir.wait_for(lambda s: s["handlers"] == 10, 5, "ten handlers at work")
    client.pump(0.01)
    client.abort()
    assert_prompt(weir, time.monotonic(), "the handlers of a connection that was reset")
    weir.wait_until_quiet(timeout=2)


def test_a_reset_stream_ends_its_handler_and_no_other(weir, api):
    with WireClient(weir.port) as client:
        streams = [client.call("StreamData", api.pb.StreamRequest(**ENDLESS).SerializeToString()) for _ in range(3)]
        weir.wait_for(lambda s: s["handlers"] == 3, 5, "three handlers at work")
        client.cancel(streams[1])
        _, seen = weir.wait_for(lambda s: s["handlers"] == 2, 5, "one handler ended")
        assert weir.snapshot()["handlers"] == 2
        client.cancel(streams[0])
        client.cancel(streams[2])
        assert_prompt(weir, time.monotonic(), "the other two handlers")


def test_nothing_is_left_after_many_calls_that_end_in_every_way(start_weir, api):
    weir = start_weir("--live-rate", "1000")
    chooser = random.Random(4)
    channel = grpc.insecure_channel(weir.target, options=[("grpc.use_local_subchannel_pool", 1), *NARROW])
    stub = api.Stub(channel)

    def one(seed):
        way = seed % 5
        request = api.pb.StreamRequest(
            dataset=("synthetic", "live", "random-20m.bin")[seed % 3], chunk_bytes=1000,
            max_chunks=20 if way == 0 else 0)
        call = stub.StreamData(request, timeout=0.05 if way == 1 else 30)
        try:
            for number, _ in enumerate(call):
                if way == 2 and number == 3:
                    call.cancel()
                if way == 3 and number == 1:
                    return call
                if way == 4:
                    call.cancel()
        except grpc.RpcError:
            pass
        return None

    # One call of each kind first: what the runtime opens once and keeps (a timer's descriptor) is no leak.
    for seed in range(15):
        one(seed)
    weir.wait_for(no_handlers, 5, "the first calls ended")
    files_before = weir.open_files() - 1  # without the channel's socket
    left = [call for call in map(one, chooser.sample(range(1000), 150)) if call is not None]
    for _ in range(10):
        client = WireClient(weir.port)
        for _ in range(5):
            client.call("StreamData", api.pb.StreamRequest(**ENDLESS).SerializeToString())
        client.abort()
    assert left, "some calls were to be left open"
    channel.close()
    weir.wait_until_quiet()
    eventually(lambda: weir.open_files() <= files_before, 5, "every file and socket closed")


def test_connections_that_vanish_at_any_moment_leave_a_server_that_serves(start_weir, api, open_channel):
    server = start_weir("--live-rate", "1000")
    chooser = random.Random(7)
    for _ in range(400):
        client = WireClient(server.port)
        streams = [
            client.call("StreamData", api.pb.StreamRequest(
                dataset=chooser.choice(("synthetic", "live", "random-20m.bin")),
                chunk_bytes=chooser.choice((100, 1000, 65_536))).SerializeToString())
            for _ in range(5)
        ]
        for _ in range(chooser.randrange(4)):
            client.pump(chooser.choice((0, 0.001, 0.003)))
        if chooser.random() < 0.3:
            for stream_id in streams[:3]:
                if not client.streams[stream_id].over:
                    client.cancel(stream_id)
        if chooser.random() < 0.7:
            client.abort()
        else:
            client.close()
        assert server.process.poll() is None, server.log[:2000]
    server.wait_until_quiet()
    request = api.pb.StreamRequest(max_chunks=3)
    assert len(list(api.Stub(open_channel(server)).StreamData(request, timeout=10))) == 3


def test_a_hundred_calls_at_once_are_all_served_and_forgotten(weir, api, stub):
    results = []

    def one():
        request = api.pb.StreamRequest(max_chunks=50, chunk_bytes=2000)
        results.append(sum(len(chunk.payload) for chunk in stub.StreamData(request, timeout=60)))

    threads = [threading.Thread(target=one) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [100_000] * 100
    weir.wait_until_quiet(connections=1)
