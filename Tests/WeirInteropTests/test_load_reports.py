# SPDX-License-Identifier: Apache-2.0
"""Load reports (ORCA, gRFC A51): with a call's status and out of band, as the interoperability cases have them."""
import base64
import time
import types

import pytest
from google.protobuf.duration_pb2 import Duration
from xds.data.orca.v3 import orca_load_report_pb2
from xds.service.orca.v3 import orca_pb2

from interop_cases import Requests
from weir_process import eventually
from wire_client import WireClient, length_prefixed

TRAILER = "endpoint-load-metrics-bin"


class Stub:
    """OpenRcaService as a client sees it."""

    def __init__(self, channel):
        self.StreamCoreMetrics = channel.unary_stream(
            "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics",
            request_serializer=orca_pb2.OrcaLoadReportRequest.SerializeToString,
            response_deserializer=orca_load_report_pb2.OrcaLoadReport.FromString)


@pytest.fixture(scope="module")
def orca():
    """xds.service.orca.v3 as Google's generator has it for Python."""
    return types.SimpleNamespace(
        Report=orca_load_report_pb2.OrcaLoadReport, Request=orca_pb2.OrcaLoadReportRequest, Stub=Stub)


def trailers(server, request):
    """The trailers of a UnaryCall: grpcio keeps those of load reports to itself."""
    with WireClient(server.port) as client:
        stream_id = client.begin("UnaryCall", service="grpc.testing.TestService")
        client.send(stream_id, length_prefixed(request.SerializeToString()), end_stream=True)
        stream = client.finish(stream_id, 10)
        return stream.trailers if stream.trailers is not None else stream.headers


@pytest.mark.parametrize("code", [0, 5])
def test_orca_per_rpc(interop_server, testing, orca, code):
    wanted = testing.pb.TestOrcaReport(
        cpu_utilization=0.8210, memory_utilization=0.5847, request_cost={"cost": 3456.32},
        utilization={"util": 0.30499})
    request = testing.pb.SimpleRequest(
        orca_per_query_report=wanted, response_status=testing.pb.EchoStatus(code=code, message="as asked"))
    fields = trailers(interop_server, request)
    value = fields[TRAILER]
    assert fields["grpc-status"] == str(code)
    assert orca.Report.FromString(base64.b64decode(value + "=" * (-len(value) % 4))) == orca.Report(
        cpu_utilization=0.8210, mem_utilization=0.5847, request_cost={"cost": 3456.32}, utilization={"util": 0.30499})


def test_a_call_without_a_report_has_no_trailer_for_it(interop_server, testing):
    assert TRAILER not in trailers(interop_server, testing.pb.SimpleRequest())


def test_orca_oob(testing, cases, case_channel, orca):
    reports = orca.Stub(case_channel).StreamCoreMetrics(
        orca.Request(report_interval=Duration(nanos=100_000_000)), timeout=20)
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=20)
    for cpu, memory, utilization in ((0.8210, 0.5847, 0.30499), (0.29309, 0.2, 0.2039)):
        wanted = testing.pb.TestOrcaReport(
            cpu_utilization=cpu, memory_utilization=memory, utilization={"util": utilization})
        requests.send(testing.pb.StreamingOutputCallRequest(
            response_parameters=[testing.pb.ResponseParameters(size=1)], orca_oob_report=wanted))
        next(call)
        expected = orca.Report(cpu_utilization=cpu, mem_utilization=memory, utilization={"util": utilization})
        eventually(lambda: next(reports) == expected, 10, "the report out of band")
    requests.end()
    assert list(call) == []
    reports.cancel()


def test_the_interval_is_kept(weir, open_channel, orca):
    began = time.monotonic()
    reports = orca.Stub(open_channel(weir)).StreamCoreMetrics(
        orca.Request(report_interval=Duration(nanos=1)), timeout=10)
    for _ in range(3):
        next(reports)
    # `weir serve` reports once a second at most, and the first one at once.
    assert 1.9 < time.monotonic() - began < 6
    reports.cancel()
