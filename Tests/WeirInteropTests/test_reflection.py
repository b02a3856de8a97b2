# SPDX-License-Identifier: Apache-2.0
"""Server reflection, by the client of grpcio-reflection (v1alpha) and by stubs made from the proto (v1)."""
import importlib
import pathlib
import types

import grpc
import grpc_reflection
import grpc_tools.protoc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from weir_process import ROOT

SERVICES = {
    "grpc.channelz.v1.Channelz", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection", "weir.data.v1.DataService", "xds.service.orca.v3.OpenRcaService",
}


@pytest.fixture
def database(weir, open_channel):
    return ProtoReflectionDescriptorDatabase(open_channel(weir))


def test_services_are_listed(database):
    assert set(database.get_services()) == SERVICES


def test_every_service_can_be_loaded_with_all_its_types(database):
    pool = DescriptorPool(database)
    for name in sorted(SERVICES):
        service = pool.FindServiceByName(name)
        for method in service.methods:
            assert GetMessageClass(method.input_type)() is not None
            assert GetMessageClass(method.output_type)() is not None


def test_a_call_can_be_made_from_what_reflection_says(weir, open_channel, database):
    pool = DescriptorPool(database)
    method = pool.FindServiceByName("weir.data.v1.DataService").methods_by_name["ListDatasets"]
    call = open_channel(weir).unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString)
    response = call(GetMessageClass(method.input_type)(), timeout=10)
    assert {"synthetic", "live"} <= {dataset.name for dataset in response.datasets}


def test_the_descriptor_is_what_protoc_makes_of_the_file(database, tmp_path):
    path = "grpc/channelz/v1/channelz.proto"
    bundled = pathlib.Path(grpc_tools.protoc.__file__).parent / "_proto"
    assert grpc_tools.protoc.main([
        "protoc", f"-I{ROOT / 'protos'}", f"-I{bundled}", f"--descriptor_set_out={tmp_path / 'set'}", path]) == 0
    expected = FileDescriptorSet.FromString((tmp_path / "set").read_bytes()).file[0]

    def plain(message):
        for field in message.field:
            field.ClearField("json_name")
        for nested in message.nested_type:
            plain(nested)

    for message in expected.message_type:
        plain(message)
    assert database.FindFileByName(path) == expected


def test_symbols_of_all_kinds_are_looked_up(database):
    for symbol, file in [
        ("weir.data.v1.DataService", "weir/data/v1/data_service.proto"),
        ("weir.data.v1.DataChunk", "weir/data/v1/data_service.proto"),
        ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
        ("google.protobuf.Duration", "google/protobuf/duration.proto"),
    ]:
        assert database.FindFileContainingSymbol(symbol).name == file
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol("no.such.Symbol")
    with pytest.raises(KeyError):
        database.FindFileByName("no/such.proto")


@pytest.fixture(scope="module")
def v1(tmp_path_factory):
    """grpc.reflection.v1 as Google's generator has it for Python."""
    out = tmp_path_factory.mktemp("reflection")
    assert grpc_tools.protoc.main([
        "protoc", f"-I{ROOT / 'protos'}", f"--python_out={out}", f"--grpc_python_out={out}",
        "grpc/reflection/v1/reflection.proto"]) == 0
    # grpcio knows the package on PyPI by this name.
    grpc_reflection.__path__.append(str(out / "grpc" / "reflection"))
    return types.SimpleNamespace(
        pb=importlib.import_module("grpc.reflection.v1.reflection_pb2"),
        Stub=importlib.import_module("grpc.reflection.v1.reflection_pb2_grpc").ServerReflectionStub)


def test_v1_answers_a_stream_of_questions(weir, open_channel, v1):
    stub = v1.Stub(open_channel(weir))
    requests = [
        v1.pb.ServerReflectionRequest(host="here", list_services=""),
        v1.pb.ServerReflectionRequest(file_containing_symbol="grpc.channelz.v1.Channelz.GetServers"),
        v1.pb.ServerReflectionRequest(file_by_filename="google/protobuf/any.proto"),
        v1.pb.ServerReflectionRequest(file_by_filename="xds/service/orca/v3/orca.proto"),
        v1.pb.ServerReflectionRequest(all_extension_numbers_of_type="no.such.Type"),
        v1.pb.ServerReflectionRequest(file_containing_extension=v1.pb.ExtensionRequest(
            containing_type="weir.data.v1.DataChunk", extension_number=100)),
        v1.pb.ServerReflectionRequest(all_extension_numbers_of_type="weir.data.v1.DataChunk"),
    ]
    responses = list(stub.ServerReflectionInfo(iter(requests), timeout=10))
    assert [response.original_request for response in responses] == requests
    assert responses[0].valid_host == "here"
    assert {service.name for service in responses[0].list_services_response.service} == SERVICES

    def names(response):
        files = response.file_descriptor_response.file_descriptor_proto
        return [FileDescriptorProto.FromString(file).name for file in files]

    google = [f"google/protobuf/{name}.proto" for name in ("any", "duration", "timestamp", "wrappers")]
    assert names(responses[1]) == ["grpc/channelz/v1/channelz.proto", *google]
    # What was sent before is not sent again, unless it is what is asked for.
    assert names(responses[2]) == [google[0]]
    assert names(responses[3]) == ["xds/service/orca/v3/orca.proto", "xds/data/orca/v3/orca_load_report.proto"]
    for response in responses[4:6]:
        assert response.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert response.error_response.error_message
    assert responses[6].all_extension_numbers_response == v1.pb.ExtensionNumberResponse(
        base_type_name="weir.data.v1.DataChunk")


def test_reflection_and_channelz_can_be_turned_off(start_weir, open_channel):
    channel = open_channel(start_weir("--reflection", "false", "--channelz", "false"))
    for path in (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.channelz.v1.Channelz/GetServers",
    ):
        call = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as error:
            call(b"", timeout=10)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
