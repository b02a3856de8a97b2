# SPDX-License-Identifier: Apache-2.0
"""weir.data.v1.DataService over Python grpcio, synchronous or (with --aio) grpc.aio: data set "synthetic" only."""
import argparse
import asyncio
import concurrent.futures
import signal
import struct
import sys

import grpc
import grpc.aio

from weir.data.v1 import data_service_pb2 as pb
from weir.data.v1 import data_service_pb2_grpc as services

LARGEST_CHUNK = 1 << 20
OFFSETS = 65_536
DEFAULT_CHUNK = 16_000
MASK = 2**64 - 1
OPTIONS = [("grpc.so_reuseport", 0)]


def make_pattern():
    """1 MiB and 64 KiB of SplitMix64 from 0, little-endian; every chunk is a slice of it."""
    numbers = []
    state = 0
    for _ in range((LARGEST_CHUNK + OFFSETS) // 8):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(mixed ^ (mixed >> 31))
    return struct.pack(f"<{len(numbers)}Q", *numbers)


PATTERN = make_pattern()


def refusal(request):
    """The status and text for a request that cannot be answered, or None."""
    if request.dataset not in ("", "synthetic"):
        return grpc.StatusCode.NOT_FOUND, "there is only the data set synthetic"
    if request.chunk_bytes > LARGEST_CHUNK:
        return grpc.StatusCode.INVALID_ARGUMENT, f"chunk_bytes is over {LARGEST_CHUNK}"
    return None


def chunks(request):
    """The messages of one call."""
    size = request.chunk_bytes or DEFAULT_CHUNK
    sequence = request.start_sequence
    end = sequence + request.max_chunks if request.max_chunks else None
    while sequence != end:
        offset = sequence * 4099 % OFFSETS
        yield pb.DataChunk(sequence=sequence, payload=PATTERN[offset:offset + size])
        sequence += 1


class Service(services.DataServiceServicer):
    """A thread for each call; `yield` waits while the call may not send."""

    def StreamData(self, request, context):  # noqa: N802
        wrong = refusal(request)
        if wrong:
            context.abort(*wrong)
        yield from chunks(request)


class AsyncService(services.DataServiceServicer):
    """A task for each call; `write` waits while the call may not send."""

    async def StreamData(self, request, context):  # noqa: N802
        wrong = refusal(request)
        if wrong:
            await context.abort(*wrong)
        for chunk in chunks(request):
            await context.write(chunk)


def serve(port, threads):
    """The synchronous server, until a signal."""
    # Blocked before the library makes its threads, so that only this one takes them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(threads), options=OPTIONS)
    services.add_DataServiceServicer_to_server(Service(), server)
    print(f"listening on 127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}", flush=True)
    server.start()
    signal.sigwait(signals)
    server.stop(None).wait()


async def serve_async(port):
    """The asynchronous server, until a signal."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = grpc.aio.server(options=OPTIONS)
    services.add_DataServiceServicer_to_server(AsyncService(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print(f"listening on 127.0.0.1:{bound}", flush=True)
    await ended.wait()
    await server.stop(None)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--aio", action="store_true", help="grpc.aio instead of threads")
    parser.add_argument("--threads", type=int, default=1000, help="calls at a time, without --aio (default 1000)")
    options = parser.parse_args()
    if options.aio:
        asyncio.run(serve_async(options.port))
    else:
        serve(options.port, options.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
