# SPDX-License-Identifier: Apache-2.0
"""Client-streaming and bidirectional calls, seen by grpc.aio."""
import asyncio

import grpc
import pytest

from interop_cases import REQUEST_SIZES, RESPONSE_SIZES, ask, upload

MOST_UNREAD = 2 << 20


def run(server, testing, body):
    """Runs `body(stub)` in a loop and a connection of its own."""
    async def main():
        async with grpc.aio.insecure_channel(server.target) as channel:
            return await asyncio.wait_for(body(testing.Stub(channel)), 60)

    return asyncio.run(main())


def test_client_streaming(interop_server, testing):
    async def body(stub):
        call = stub.StreamingInputCall()
        for size in REQUEST_SIZES:
            await call.write(upload(testing, size))
        await call.done_writing()
        return (await call).aggregated_payload_size

    assert run(interop_server, testing, body) == 74922


def test_ping_pong(interop_server, testing):
    async def body(stub):
        call = stub.FullDuplexCall()
        for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
            await call.write(ask(testing, response_size, size=request_size))
            assert len((await call.read()).payload.body) == response_size
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF
        return await call.code()

    assert run(interop_server, testing, body) == grpc.StatusCode.OK


def test_empty_stream(interop_server, testing):
    async def body(stub):
        call = stub.FullDuplexCall()
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF
        return await call.code()

    assert run(interop_server, testing, body) == grpc.StatusCode.OK


@pytest.mark.parametrize("after_response", [False, True])
def test_cancel(interop_server, testing, after_response):
    async def body(stub):
        call = stub.FullDuplexCall()
        await call.write(ask(testing, 31415, size=27182))
        if after_response:
            await call.read()
        call.cancel()
        return await call.code()

    assert run(interop_server, testing, body) == grpc.StatusCode.CANCELLED
    interop_server.wait_until_quiet(connections=0)


def test_a_handler_that_does_not_read_stops_its_client(interop_server, testing):
    count, size = 1_000, 10_000

    async def body(stub):
        call = stub.FullDuplexCall()
        await call.write(ask(testing, 1, interval_us=2_000_000))
        written = 0

        async def write():
            nonlocal written
            for _ in range(count):
                await call.write(ask(testing, 1, size=size))
                written += 1
            await call.done_writing()

        writer = asyncio.create_task(write())
        before, steady = -1, 0
        while steady < 20:
            await asyncio.sleep(0.02)
            steady = steady + 1 if written == before else 0
            before = written
        assert written * size < MOST_UNREAD
        responses = 0
        while await call.read() != grpc.aio.EOF:
            responses += 1
        await writer
        return responses

    assert run(interop_server, testing, body) == count + 1
