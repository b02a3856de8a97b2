# SPDX-License-Identifier: Apache-2.0
"""gRPC's interoperability cases with grpc.aio as the client."""
import asyncio

import grpc
import pytest

from interop_cases import (
    ECHO_INITIAL, ECHO_TRAILING, LARGE_RESPONSE, REQUEST_SIZES, RESPONSE_SIZES, SPECIAL_TEXT, STATUS_TEXT, ask, echoed,
    large, run_aio, upload,
)


async def code_of(call):
    """The code and the text that awaiting `call` ends with."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


@pytest.fixture
def run(interop_server, testing):
    """Runs `body(stub)` on a connection of its own; nothing may be left on the server afterwards."""
    yield lambda body: run_aio(interop_server, testing, body)
    interop_server.wait_until_quiet()


def test_empty_and_large_unary(run, testing):
    async def body(stub):
        assert await stub.EmptyCall(testing.Empty()) == testing.Empty()
        return len((await stub.UnaryCall(large(testing))).payload.body)

    assert run(body) == LARGE_RESPONSE


def test_client_streaming(run, testing):
    async def body(stub):
        call = stub.StreamingInputCall()
        for size in REQUEST_SIZES:
            await call.write(upload(testing, size))
        await call.done_writing()
        return (await call).aggregated_payload_size

    assert run(body) == 74922


def test_server_streaming(run, testing):
    async def body(stub):
        return [len(r.payload.body) async for r in stub.StreamingOutputCall(ask(testing, *RESPONSE_SIZES))]

    assert run(body) == list(RESPONSE_SIZES)


def test_ping_pong(run, testing):
    async def body(stub):
        call = stub.FullDuplexCall()
        for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
            await call.write(ask(testing, response_size, size=request_size))
            assert len((await call.read()).payload.body) == response_size
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF
        return await call.code()

    assert run(body) == grpc.StatusCode.OK


def test_empty_stream(run):
    async def body(stub):
        call = stub.FullDuplexCall()
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF
        return await call.code()

    assert run(body) == grpc.StatusCode.OK


@pytest.mark.parametrize("after_response", [False, True])
def test_cancel_after_begin_and_after_first_response(run, testing, after_response):
    async def body(stub):
        call = stub.FullDuplexCall()
        await call.write(ask(testing, 31415, size=27182))
        if after_response:
            await call.read()
        call.cancel()
        return await call.code()

    assert run(body) == grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("timeout", [0.001, 0.3])
def test_timeout_on_sleeping_server(run, testing, timeout):
    async def body(stub):
        call = stub.FullDuplexCall(iter([ask(testing, 1, size=27182, interval_us=20_000_000)]), timeout=timeout)
        return await code_of(call.read())

    assert run(body)[0] == grpc.StatusCode.DEADLINE_EXCEEDED


def test_custom_metadata(run, testing):
    async def body(stub):
        sent = grpc.aio.Metadata(ECHO_INITIAL, ECHO_TRAILING)
        call = stub.UnaryCall(testing.pb.SimpleRequest(response_size=1), metadata=sent)
        await call
        assert echoed(await call.initial_metadata(), await call.trailing_metadata())
        call = stub.FullDuplexCall(metadata=sent)
        await call.write(ask(testing, 1))
        await call.done_writing()
        assert len([r async for r in call]) == 1
        return echoed(await call.initial_metadata(), await call.trailing_metadata())

    assert run(body)


@pytest.mark.parametrize("text", [STATUS_TEXT, SPECIAL_TEXT], ids=["status_code_and_message", "special_status_message"])
def test_status_code_and_message(run, testing, text):
    async def body(stub):
        status = testing.pb.EchoStatus(code=2, message=text)
        unary = await code_of(stub.UnaryCall(testing.pb.SimpleRequest(response_status=status)))
        call = stub.FullDuplexCall()
        await call.write(ask(testing, status=(2, text)))
        return unary, (await call.code(), await call.details())

    assert run(body) == ((grpc.StatusCode.UNKNOWN, text),) * 2


def test_unimplemented_method(run, testing):
    async def body(stub):
        return (await code_of(stub.UnimplementedCall(testing.Empty())))[0]

    assert run(body) == grpc.StatusCode.UNIMPLEMENTED


def test_rpc_soak_fifty_at_once(run, testing):
    async def body(stub):
        sizes = []
        for _ in range(10):
            sizes += [len(r.payload.body) for r in await asyncio.gather(*(stub.UnaryCall(large(testing)) for _ in range(50)))]
        return sizes

    assert run(body) == [LARGE_RESPONSE] * 500
