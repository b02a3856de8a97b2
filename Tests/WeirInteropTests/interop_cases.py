# SPDX-License-Identifier: Apache-2.0
"""grpc.testing.TestService as Google's generator has it for Python, and what the cases send."""
import importlib
import pathlib
import queue
import types

import grpc
import grpc_tools.protoc

from weir_process import ROOT

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)


def load_api(out):
    """Generates into `out`; returns the messages `pb`, `Stub`, `UnimplementedStub` and `Empty`."""
    bundled = pathlib.Path(grpc_tools.protoc.__file__).parent / "_proto"
    protos = [f"{ROOT}/protos/grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
    assert grpc_tools.protoc.main([
        "protoc", f"-I{ROOT / 'protos'}", f"-I{bundled}", f"--python_out={out}", f"--grpc_python_out={out}", *protos,
    ]) == 0, "grpc_tools.protoc could not read the protos"
    # The proto package lies inside the one of grpcio.
    grpc.__path__.append(str(pathlib.Path(out) / "grpc"))
    messages = importlib.import_module("grpc.testing.messages_pb2")
    services = importlib.import_module("grpc.testing.test_pb2_grpc")
    empty = importlib.import_module("grpc.testing.empty_pb2")
    return types.SimpleNamespace(
        pb=messages, Stub=services.TestServiceStub, UnimplementedStub=services.UnimplementedServiceStub, Empty=empty.Empty)


def upload(api, size):
    """One of many requests to which there is one response."""
    return api.pb.StreamingInputCallRequest(payload=api.pb.Payload(body=b"\0" * size))


def ask(api, *sizes, size=0, interval_us=0, status=None):
    """Asks for responses of these sizes."""
    return api.pb.StreamingOutputCallRequest(
        response_parameters=[api.pb.ResponseParameters(size=s, interval_us=interval_us) for s in sizes],
        payload=api.pb.Payload(body=b"\0" * size),
        response_status=api.pb.EchoStatus(code=status[0], message=status[1]) if status else None)


class Requests:
    """A stream of requests that a test writes one at a time."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, message):
        self._queue.put(message)

    def end(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


class Flood:
    """A stream of requests without end, or of `most`, that counts what was taken of it."""

    def __init__(self, first, message, most=None):
        self._first, self._message, self._most = first, message, most
        self.taken = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self._most is not None and self.taken >= self._most:
            raise StopIteration
        self.taken += 1
        return self._first if self.taken == 1 else self._message
