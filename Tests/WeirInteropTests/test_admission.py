# SPDX-License-Identifier: Apache-2.0
"""Calls that are turned away, as clients see them that nobody here wrote: when they come back, and whether."""
import json
import re
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from conftest import OWN_CONNECTION
from weir_process import WeirProcess, eventually

# The client's own idea of when to come back is far from the server's, so that it shows whose was taken.
RETRIES = json.dumps({"methodConfig": [{
    "name": [{"service": "weir.data.v1.DataService"}],
    "retryPolicy": {
        "maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    },
}]})


def channel(server, retries):
    options = [*OWN_CONNECTION, ("grpc.enable_retries", int(retries))]
    if retries:
        options.append(("grpc.service_config", RETRIES))
    return grpc.insecure_channel(server.target, options=options)


def pushback(error):
    return {key: value for key, value in error.trailing_metadata()}.get("grpc-retry-pushback-ms")


def detail(error, kind):
    for packed in rpc_status.from_call(error).details:
        message = kind()
        if packed.Unpack(message):
            return message
    raise AssertionError(f"no {kind.__name__}")


@pytest.fixture
def limited(tmp_path):
    """Two calls at once, then one for each second."""
    server = WeirProcess(tmp_path / "log", "--rate-limit", "1", "--rate-burst", "2")
    yield server
    server.stop()


def test_a_rejection_says_why_and_when_to_come_back(limited, api):
    with channel(limited, retries=False) as wire:
        stub = api.Stub(wire)
        for _ in range(2):
            stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
        with pytest.raises(grpc.RpcError) as raised:
            stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
    error = raised.value
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert re.search(r"too many calls from this caller; try again in \d+ ms", error.details())
    told = int(pushback(error))
    assert 1 <= told <= 1_500
    assert detail(error, error_details_pb2.ErrorInfo).reason == "LIMIT_RATE"
    retry = detail(error, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds()
    assert abs(retry - told) <= 1


def test_a_client_with_a_retry_policy_waits_for_as_long_as_it_is_told(limited, api):
    with channel(limited, retries=True) as wire:
        stub = api.Stub(wire)
        for _ in range(2):
            stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
        begun = time.monotonic()
        stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
        waited = time.monotonic() - begun
    # By its own policy it would have come back twice within 30 ms, and failed.
    assert 0.7 <= waited <= 3.0


def test_minus_one_stops_a_client_that_would_try_again(tmp_path, api):
    # A call that counts more than the whole burst can never be let in, so the client is told not to come back.
    config = tmp_path / "config.json"
    config.write_text(json.dumps({
        "rateLimit": 100, "rateBurst": 2, "methods": {"/weir.data.v1.DataService/ListDatasets": {"rateCost": 10}}}))
    server = WeirProcess(tmp_path / "log", "--config", str(config), "--log-level", "debug")
    try:
        for retries in (False, True):
            with channel(server, retries) as wire:
                with pytest.raises(grpc.RpcError) as raised:
                    api.Stub(wire).ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
            error = raised.value
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert pushback(error) == "-1"
        assert (tmp_path / "log").read_text().count("call turned away") == 2, "each client came once"
    finally:
        server.stop()


def test_health_is_answered_whatever_the_limit(tmp_path, api):
    server = WeirProcess(tmp_path / "log", "--concurrency-limit", "1")
    try:
        with channel(server, retries=False) as wire:
            held = api.Stub(wire).StreamData(api.pb.StreamRequest(dataset="live"))
            next(held)
            with pytest.raises(grpc.RpcError) as raised:
                api.Stub(wire).ListDatasets(api.pb.ListDatasetsRequest(), timeout=10)
            assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
            check = wire.unary_unary("/grpc.health.v1.Health/Check")
            assert check(b"", timeout=10) == b"\x08\x01"
            held.cancel()
    finally:
        server.stop()


def test_ticks_that_a_slow_client_loses_are_counted_in_band_and_in_a_trailer(tmp_path, api):
    server = WeirProcess(
        tmp_path / "log", "--live-rate", "20000", "--live-policy", "dropOldest:10", "--stall-deadline", "30s")
    try:
        narrow = [*OWN_CONNECTION, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)]
        with grpc.insecure_channel(server.target, options=narrow) as wire:
            call = api.Stub(wire).StreamData(api.pb.StreamRequest(dataset="live", max_chunks=20_000), timeout=60)
            chunks = [next(call)]
            # What buffers on the way hides is full: from now on ticks wait, and then they are lost.
            eventually(lambda: server.snapshot()["suspended_senders"] == 1, 20, "the stream is blocked")
            chunks += call
        lost = sum(chunk.dropped for chunk in chunks)
        assert len(chunks) == 20_000 and lost > 0
        assert chunks[-1].sequence + 1 == len(chunks) + lost, "what was made is what was read and what was lost"
        assert dict(call.trailing_metadata())["weir-dropped"] == str(lost)
    finally:
        server.stop()
