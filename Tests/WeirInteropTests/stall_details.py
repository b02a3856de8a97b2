# SPDX-License-Identifier: Apache-2.0
"""Reads what a stalled stream's status says about itself (`grpc-status-details-bin`), with Google's message types."""
import base64

from google.rpc import error_details_pb2, status_pb2


def details_of(encoded):
    """(google.rpc.Status, ErrorInfo or None, RetryInfo or None) from the trailer's bytes, or from its base64 text."""
    if isinstance(encoded, str):
        encoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    status = status_pb2.Status.FromString(encoded)
    found = {}
    for detail in status.details:
        for message in (error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()):
            if detail.Is(message.DESCRIPTOR):
                detail.Unpack(message)
                found[message.DESCRIPTOR.name] = message
    return status, found.get("ErrorInfo"), found.get("RetryInfo")


def details_of_error(error):
    """The same from a grpcio error's trailing metadata."""
    trailers = dict(error.trailing_metadata())
    return details_of(trailers["grpc-status-details-bin"])
