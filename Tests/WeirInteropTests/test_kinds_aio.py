# SPDX-License-Identifier: Apache-2.0
"""Backpressure against the client, seen by grpc.aio."""
import asyncio

import grpc
import pytest

from interop_cases import ask, run_aio

pytestmark = pytest.mark.alone

MOST_UNREAD = 2 << 20


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

    assert run_aio(interop_server, testing, body) == count + 1
