# SPDX-License-Identifier: Apache-2.0
"""The interoperability cases about load reports: per call in the trailers, and out of band as a stream."""
import base64
import threading

import grpc
from google.protobuf import duration_pb2
from xds.data.orca.v3 import orca_load_report_pb2
from xds.service.orca.v3 import orca_pb2

from interop_cases import Requests, ask, on_the_wire
from weir_process import eventually
from wire_client import length_prefixed

Report = orca_load_report_pb2.OrcaLoadReport
TRAILER = "endpoint-load-metrics-bin"
FIRST = {"cpu_utilization": 0.8210, "utilization": {"util": 0.30499}}
SECOND = {"cpu_utilization": 0.29309, "utilization": {"util": 0.2039}}


class Reports:
    """What StreamCoreMetrics sends, in a thread of its own."""

    def __init__(self, channel):
        method = channel.unary_stream(
            "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics",
            request_serializer=orca_pb2.OrcaLoadReportRequest.SerializeToString, response_deserializer=Report.FromString)
        self._call = method(
            orca_pb2.OrcaLoadReportRequest(report_interval=duration_pb2.Duration(nanos=100_000_000)), timeout=60)
        self.last = None
        self.error = None
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping = True
        self._call.cancel()
        self._thread.join(10)

    def _read(self):
        try:
            for report in self._call:
                self.last = report
        except grpc.RpcError as error:
            if not self._stopping:
                self.error = error

    def wait_for(self, expected):
        eventually(lambda: self.error or self.last == expected, 10, f"the report {expected}")
        assert self.error is None


def report_of(server, request):
    """The report in the trailers of a unary call; grpcio's core keeps it from those who call."""
    stream = on_the_wire(server, "UnaryCall", length_prefixed(request.SerializeToString()))
    assert stream.status == 0, stream.status_text
    text = stream.trailers.get(TRAILER, "")
    return Report.FromString(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))


def test_orca_per_rpc(interop_server, testing, cases):
    report = testing.pb.TestOrcaReport(memory_utilization=0.5847, request_cost={"cost": 3456.32}, **FIRST)
    request = testing.pb.SimpleRequest(orca_per_query_report=report)
    cases.UnaryCall(request, timeout=10)
    expected = Report(mem_utilization=0.5847, request_cost={"cost": 3456.32}, **FIRST)
    assert report_of(interop_server, request) == expected
    # The next call has no report of its own: what it says of the server holds nothing of the one before.
    assert report_of(interop_server, testing.pb.SimpleRequest()).request_cost == {}


def test_orca_oob(testing, case_channel, cases):
    requests = Requests()
    call = cases.FullDuplexCall(iter(requests), timeout=60)
    with Reports(case_channel) as reports:
        for values, memory in ((FIRST, 0.5847), (SECOND, 0.2)):
            request = ask(testing, 1)
            request.orca_oob_report.CopyFrom(testing.pb.TestOrcaReport(memory_utilization=memory, **values))
            requests.send(request)
            assert len(next(call).payload.body) == 1
            reports.wait_for(Report(mem_utilization=memory, **values))
    requests.end()
    assert list(call) == []
