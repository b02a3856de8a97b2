# SPDX-License-Identifier: Apache-2.0
"""grpc.testing.TestService as Google's generator has it for Python, and what the cases send."""
import asyncio
import importlib
import pathlib
import queue
import types

import grpc
import grpc_tools.protoc
import pytest

from weir_process import ROOT
from wire_client import WireClient

SERVICE = "grpc.testing.TestService"
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
STATUS_TEXT = "test status message"
SPECIAL_TEXT = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
ECHO_INITIAL = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
ECHO_TRAILING = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")


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


def failure(call):
    """The code and the text that `call()` ends with."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def echoed(initial, trailing):
    """Whether both values of the case custom_metadata came back, each in its place."""
    return ECHO_INITIAL in [tuple(pair) for pair in initial] and ECHO_TRAILING in [tuple(pair) for pair in trailing]


def large(api, **fields):
    """The request of the case large_unary."""
    return api.pb.SimpleRequest(
        response_size=LARGE_RESPONSE, payload=api.pb.Payload(body=b"\0" * LARGE_REQUEST), **fields)


def upload(api, size, **fields):
    """One of many requests to which there is one response."""
    return api.pb.StreamingInputCallRequest(payload=api.pb.Payload(body=b"\0" * size), **fields)


def on_the_wire(server, method, *messages, encoding=None, accept=None):
    """Calls with these framed messages from a client on `h2`; returns the stream with its end."""
    headers = [(name, value) for name, value in (("grpc-encoding", encoding), ("grpc-accept-encoding", accept)) if value]
    with WireClient(server.port, initial_window=1 << 20, connection_window=1 << 20) as client:
        stream_id = client.begin(method, headers=headers, service=SERVICE)
        for number, message in enumerate(messages):
            client.send(stream_id, message, end_stream=number == len(messages) - 1)
        return client.finish(stream_id, 10)


def ask(api, *sizes, size=0, interval_us=0, status=None):
    """Asks for responses of these sizes."""
    return api.pb.StreamingOutputCallRequest(
        response_parameters=[api.pb.ResponseParameters(size=s, interval_us=interval_us) for s in sizes],
        payload=api.pb.Payload(body=b"\0" * size),
        response_status=api.pb.EchoStatus(code=status[0], message=status[1]) if status else None)


def run_aio(server, api, body):
    """Runs `body(stub)` with grpc.aio, in a loop and a connection of its own."""
    async def main():
        async with grpc.aio.insecure_channel(server.target) as channel:
            return await asyncio.wait_for(body(api.Stub(channel)), 60)

    return asyncio.run(main())


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
