# SPDX-License-Identifier: Apache-2.0
"""gRPC's interoperability cases with grpclib as the client: gRPC in Python alone, on `h2`, of no kin to gRPC's own library."""
import asyncio

import grpclib
import pytest
from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod, UnaryUnaryMethod

from interop_cases import (
    ECHO_INITIAL, ECHO_TRAILING, LARGE_RESPONSE, REQUEST_SIZES, RESPONSE_SIZES, SERVICE, SPECIAL_TEXT, STATUS_TEXT, ask,
    echoed, large, upload,
)


class Stub:
    """What grpclib's generator would make of the service."""

    def __init__(self, channel, testing):
        pb = testing.pb

        def method(kind, name, request, response, service=SERVICE):
            return kind(channel, f"/{service}/{name}", request, response)

        self.EmptyCall = method(UnaryUnaryMethod, "EmptyCall", testing.Empty, testing.Empty)
        self.UnaryCall = method(UnaryUnaryMethod, "UnaryCall", pb.SimpleRequest, pb.SimpleResponse)
        self.StreamingOutputCall = method(
            UnaryStreamMethod, "StreamingOutputCall", pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse)
        self.StreamingInputCall = method(
            StreamUnaryMethod, "StreamingInputCall", pb.StreamingInputCallRequest, pb.StreamingInputCallResponse)
        self.FullDuplexCall = method(
            StreamStreamMethod, "FullDuplexCall", pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse)
        self.UnimplementedCall = method(UnaryUnaryMethod, "UnimplementedCall", testing.Empty, testing.Empty)
        self.UnimplementedService = method(
            UnaryUnaryMethod, "UnimplementedCall", testing.Empty, testing.Empty, "grpc.testing.UnimplementedService")


@pytest.fixture
def run(interop_server, testing):
    """Runs `body(stub)` on a connection of its own; nothing may be left on the server afterwards."""
    async def main(body):
        async with Channel("127.0.0.1", interop_server.port) as channel:
            return await asyncio.wait_for(body(Stub(channel, testing)), 60)

    yield lambda body: asyncio.run(main(body))
    interop_server.wait_until_quiet()


async def failure(call):
    """The status and the text that awaiting `call` ends with."""
    with pytest.raises(grpclib.GRPCError) as error:
        await call
    return error.value.status, error.value.message


def test_empty_and_large_unary(run, testing):
    async def body(stub):
        assert await stub.EmptyCall(testing.Empty()) == testing.Empty()
        return len((await stub.UnaryCall(large(testing))).payload.body)

    assert run(body) == LARGE_RESPONSE


def test_client_streaming(run, testing):
    async def body(stub):
        return await stub.StreamingInputCall([upload(testing, size) for size in REQUEST_SIZES])

    assert run(body).aggregated_payload_size == 74922


def test_server_streaming(run, testing):
    async def body(stub):
        return [len(r.payload.body) for r in await stub.StreamingOutputCall(ask(testing, *RESPONSE_SIZES))]

    assert run(body) == list(RESPONSE_SIZES)


def test_ping_pong(run, testing):
    async def body(stub):
        async with stub.FullDuplexCall.open() as stream:
            for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
                await stream.send_message(ask(testing, response_size, size=request_size))
                assert len((await stream.recv_message()).payload.body) == response_size
            await stream.end()
            return await stream.recv_message()

    assert run(body) is None


def test_empty_stream(run):
    async def body(stub):
        async with stub.FullDuplexCall.open() as stream:
            await stream.send_request()
            await stream.end()
            return await stream.recv_message()

    assert run(body) is None


@pytest.mark.parametrize("after_response", [False, True])
def test_cancel_after_begin_and_after_first_response(run, testing, interop_server, after_response):
    async def body(stub):
        async with stub.FullDuplexCall.open() as stream:
            await stream.send_request()
            if after_response:
                await stream.send_message(ask(testing, 31415, size=27182))
                assert len((await stream.recv_message()).payload.body) == 31415
            await stream.cancel()
        # The connection goes on.
        return await stub.EmptyCall(testing.Empty())

    assert run(body) == testing.Empty()


def test_timeout_on_sleeping_server(run, testing):
    async def body(stub):
        # The client's own clock and the server's run against each other.
        with pytest.raises((asyncio.TimeoutError, grpclib.GRPCError)) as error:
            async with stub.FullDuplexCall.open(timeout=0.3) as stream:
                await stream.send_message(ask(testing, 1, size=27182, interval_us=20_000_000))
                await stream.recv_message()
        assert getattr(error.value, "status", grpclib.Status.DEADLINE_EXCEEDED) == grpclib.Status.DEADLINE_EXCEEDED

    run(body)


def test_custom_metadata(run, testing):
    async def body(stub):
        metadata = dict([ECHO_INITIAL, ECHO_TRAILING])
        async with stub.UnaryCall.open(metadata=metadata) as stream:
            await stream.send_message(testing.pb.SimpleRequest(response_size=1), end=True)
            await stream.recv_message()
            await stream.recv_trailing_metadata()
        assert echoed(stream.initial_metadata.items(), stream.trailing_metadata.items())
        async with stub.FullDuplexCall.open(metadata=metadata) as stream:
            await stream.send_message(ask(testing, 1), end=True)
            assert len([r async for r in stream]) == 1
            await stream.recv_trailing_metadata()
        return echoed(stream.initial_metadata.items(), stream.trailing_metadata.items())

    assert run(body)


@pytest.mark.parametrize("text", [STATUS_TEXT, SPECIAL_TEXT], ids=["status_code_and_message", "special_status_message"])
def test_status_code_and_message(run, testing, text):
    async def body(stub):
        status = testing.pb.EchoStatus(code=2, message=text)
        unary = await failure(stub.UnaryCall(testing.pb.SimpleRequest(response_status=status)))
        return unary, await failure(stub.FullDuplexCall([ask(testing, status=(2, text))]))

    assert run(body) == ((grpclib.Status.UNKNOWN, text),) * 2


def test_unimplemented_method_and_service(run, testing):
    async def body(stub):
        return [(await failure(call(testing.Empty())))[0] for call in (stub.UnimplementedCall, stub.UnimplementedService)]

    assert run(body) == [grpclib.Status.UNIMPLEMENTED] * 2
