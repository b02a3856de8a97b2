# SPDX-License-Identifier: Apache-2.0
"""Rich error details: what Google's own types and grpc_status make of them."""
import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2, struct_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

DETAILS = [
    error_details_pb2.ErrorInfo(reason="R", domain="example.org", metadata={"b": "2", "a": "1"}),
    error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=3, nanos=500_000_000)),
    error_details_pb2.DebugInfo(stack_entries=["f", "", "g"], detail="why"),
    error_details_pb2.QuotaFailure(violations=[
        error_details_pb2.QuotaFailure.Violation(subject="clientip:192.0.2.1", description="too much")]),
    error_details_pb2.PreconditionFailure(violations=[
        error_details_pb2.PreconditionFailure.Violation(type="TERMS", subject="s", description="sign")]),
    error_details_pb2.BadRequest(field_violations=[
        error_details_pb2.BadRequest.FieldViolation(field="a.b[0]", description="odd"),
        error_details_pb2.BadRequest.FieldViolation()]),
    error_details_pb2.RequestInfo(request_id="42", serving_data="x"),
    error_details_pb2.ResourceInfo(resource_type="t", resource_name="n", owner="o", description="gone"),
    error_details_pb2.Help(links=[error_details_pb2.Help.Link(description="read", url="https://example.org/ü")]),
    error_details_pb2.LocalizedMessage(locale="de-CH", message="Übel"),
    # A type that the server does not know.
    struct_pb2.Value(string_value="anything"),
]


def packed(*messages):
    details = []
    for message in messages:
        detail = any_pb2.Any()
        detail.Pack(message)
        details.append(detail)
    return details


def echoed(testing, cases, status):
    """The error that a server makes of a google.rpc.Status."""
    with pytest.raises(grpc.RpcError) as error:
        cases.UnaryCall(
            testing.pb.SimpleRequest(), timeout=10,
            metadata=[("x-weir-test-echo-status-bin", status.SerializeToString())])
    return error.value


def test_every_type_unpacks(testing, cases):
    status = status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, message="100% ü", details=packed(*DETAILS))
    error = echoed(testing, cases, status)
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    received = rpc_status.from_call(error)
    assert received.code == status.code and received.message == status.message
    assert [detail.type_url for detail in received.details] == [detail.type_url for detail in status.details]
    for detail, expected in zip(received.details, DETAILS):
        message = type(expected)()
        assert detail.Unpack(message) and message == expected


def test_a_long_message_is_the_same_in_both_places(testing, cases):
    # grpc_status refuses a status whose message is not the one of grpc-message.
    status = status_pb2.Status(code=code_pb2.ABORTED, message="ü" * 1_000, details=packed(DETAILS[0]))
    received = rpc_status.from_call(echoed(testing, cases, status))
    assert received.message == "ü" * (1024 // 6)


def test_too_many_details_are_left_out_and_the_client_is_told(testing, cases):
    debug = error_details_pb2.DebugInfo(detail="d" * 1_000)
    help_ = error_details_pb2.Help(links=[error_details_pb2.Help.Link(description="d" * 4_000, url="u")])
    status = status_pb2.Status(code=code_pb2.ABORTED, message="m", details=packed(debug, help_, DETAILS[0], help_))
    error = echoed(testing, cases, status)
    received = rpc_status.from_call(error)
    kinds = [detail.type_url.rsplit(".")[-1] for detail in received.details]
    assert kinds == ["Help", "ErrorInfo", "DebugInfo"]
    note = error_details_pb2.DebugInfo()
    received.details[-1].Unpack(note)
    assert "2 details were left out" in note.detail
    assert sum(len(name) + len(value) + 32 for name, value in error.trailing_metadata()) < 8 << 10
