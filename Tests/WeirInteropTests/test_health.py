# SPDX-License-Identifier: Apache-2.0
"""Health checking, by the stubs of grpcio-health-checking."""
import signal

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
DATA_SERVICE = "weir.data.v1.DataService"


def ask(service=""):
    return health_pb2.HealthCheckRequest(service=service)


@pytest.fixture
def health(weir, open_channel):
    return health_pb2_grpc.HealthStub(open_channel(weir))


@pytest.mark.parametrize("service", ["", DATA_SERVICE, "grpc.health.v1.Health"])
def test_what_is_served_is_serving(health, service):
    assert health.Check(ask(service), timeout=10).status == SERVING


def test_an_unknown_service_is_not_found(health):
    with pytest.raises(grpc.RpcError) as error:
        health.Check(ask("no.such.Service"), timeout=10)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_an_unknown_service_can_be_watched(health):
    call = health.Watch(ask("no.such.Service"), timeout=10)
    assert next(call).status == SERVICE_UNKNOWN
    call.cancel()


def test_list_names_everything(weir, open_channel):
    # The published package does not know List yet (gRFC A90): the server itself says what it looks like.
    channel = open_channel(weir)
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    response = GetMessageClass(pool.FindMessageTypeByName("grpc.health.v1.HealthListResponse"))
    call = channel.unary_unary(
        "/grpc.health.v1.Health/List", request_serializer=bytes, response_deserializer=response.FromString)
    statuses = {name: answer.status for name, answer in call(b"", timeout=10).statuses.items()}
    assert statuses[""] == statuses[DATA_SERVICE] == SERVING
    assert set(statuses.values()) == {SERVING}


def test_a_drain_is_told_to_watchers_first(start_weir, open_channel):
    server = start_weir("--drain-grace", "20s")
    stub = health_pb2_grpc.HealthStub(open_channel(server))
    watches = [stub.Watch(ask(service), timeout=15) for service in ("", DATA_SERVICE, "no.such.Service")]
    assert [next(watch).status for watch in watches] == [SERVING, SERVING, SERVICE_UNKNOWN]
    server.signal(signal.SIGTERM)
    for watch, last in zip(watches, ([NOT_SERVING], [NOT_SERVING], [])):
        seen = []
        with pytest.raises(grpc.RpcError) as error:
            for response in watch:
                seen.append(response.status)
        assert seen == last and error.value.code() == grpc.StatusCode.UNAVAILABLE
    # Watches do not keep a server from ending: far less than its grace period has passed.
    assert server.wait(10) == 0, server.log[-2000:]
