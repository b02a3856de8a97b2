# SPDX-License-Identifier: Apache-2.0
"""What arrives is what was sent: whole files, side by side, resumed, through clients with default options."""
import asyncio
import concurrent.futures
import hashlib
import itertools

import grpc.aio
import pytest

TIMEOUT = 120


@pytest.fixture(scope="module", autouse=True)
def with_the_large_file(large_file):
    """The server finds it when it starts."""


def file_digest(path, skip_bytes=0):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        file.seek(skip_bytes)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def stream_digest(chunks, first_sequence=0):
    """SHA-256 of the payloads, and their number; sequences must count up from `first_sequence` with nothing dropped."""
    digest = hashlib.sha256()
    count = 0
    for expected, chunk in zip(itertools.count(first_sequence), chunks):
        assert (chunk.sequence, chunk.dropped) == (expected, 0)
        digest.update(chunk.payload)
        count += 1
    return digest.hexdigest(), count


@pytest.mark.parametrize("name, framing", [
    ("random-200m.bin", "FRAMING_BYTES"),
    ("random-20m.bin", "FRAMING_LINES"),
    ("lines-100k.txt", "FRAMING_BYTES"),
    ("lines-100k.txt", "FRAMING_LINES"),
    pytest.param("random-200m.bin", "FRAMING_LINES", marks=pytest.mark.large),
    pytest.param("lines-1m.txt", "FRAMING_BYTES", marks=pytest.mark.large),
    pytest.param("lines-1m.txt", "FRAMING_LINES", marks=pytest.mark.large),
])
def test_a_file_arrives_with_equal_sha256(stub, api, data_directory, name, framing):
    path = data_directory / name
    request = api.pb.StreamRequest(dataset=name, framing=api.pb.Framing.Value(framing))
    digest, count = stream_digest(stub.StreamData(request, timeout=10 * TIMEOUT))
    assert digest == file_digest(path)
    if framing == "FRAMING_BYTES":
        assert count == -(-path.stat().st_size // 16_000)
    else:
        with open(path, "rb") as file:
            assert count == sum(1 for _ in file)


def test_lines_are_split_where_the_file_splits_them(stub, api, data_directory):
    request = api.pb.StreamRequest(dataset="lines-100k.txt", framing=api.pb.FRAMING_LINES)
    with open(data_directory / "lines-100k.txt", "rb") as file:
        for line, chunk in itertools.zip_longest(file, stub.StreamData(request, timeout=TIMEOUT)):
            assert chunk is not None and chunk.payload == line


def test_sixteen_streams_at_once_over_one_channel_arrive_whole(stub, api, data_directory):
    request = api.pb.StreamRequest(dataset="random-20m.bin")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: stream_digest(stub.StreamData(request, timeout=TIMEOUT)), range(16)))
    assert results == [(file_digest(data_directory / "random-20m.bin"), 1250)] * 16


@pytest.mark.parametrize("name, framing, first", [
    ("random-20m.bin", "FRAMING_BYTES", 777), ("lines-100k.txt", "FRAMING_LINES", 50_001),
])
def test_a_cancelled_stream_is_resumed_where_it_was_left(stub, api, data_directory, name, framing, first):
    value = api.pb.Framing.Value(framing)
    call = stub.StreamData(api.pb.StreamRequest(dataset=name, framing=value), timeout=TIMEOUT)
    begun = [next(call).payload for _ in range(first)]
    call.cancel()
    skip_bytes = sum(map(len, begun))
    rest = api.pb.StreamRequest(dataset=name, framing=value, start_sequence=first)
    digest, count = stream_digest(stub.StreamData(rest, timeout=TIMEOUT), first_sequence=first)
    assert digest == file_digest(data_directory / name, skip_bytes) and count > 0


def test_the_asyncio_client_reads_the_same_bytes(weir, api, data_directory):
    async def read():
        digest = hashlib.sha256()
        async with grpc.aio.insecure_channel(weir.target) as channel:
            request = api.pb.StreamRequest(dataset="random-20m.bin", chunk_bytes=65536)
            async for chunk in api.Stub(channel).StreamData(request, timeout=TIMEOUT):
                digest.update(chunk.payload)
        return digest.hexdigest()

    assert asyncio.run(read()) == file_digest(data_directory / "random-20m.bin")


def test_synthetic_bytes_are_the_same_each_time(stub, api):
    def chunks(**fields):
        return [(c.sequence, c.payload) for c in stub.StreamData(api.pb.StreamRequest(**fields), timeout=TIMEOUT)]

    first = chunks(dataset="synthetic", max_chunks=500, chunk_bytes=1000)
    assert [s for s, _ in first] == list(range(500)) and {len(p) for _, p in first} == {1000}
    assert chunks(dataset="", max_chunks=500, chunk_bytes=1000) == first
    assert chunks(max_chunks=100, chunk_bytes=1000, start_sequence=400) == first[400:]
    assert len({p for _, p in first}) > 1


def test_reading_a_large_file_holds_little_memory(weir, stub, api):
    before = weir.resident_bytes()
    highest = before
    call = stub.StreamData(api.pb.StreamRequest(dataset="random-200m.bin", chunk_bytes=1 << 20), timeout=TIMEOUT)
    for _ in call:
        highest = max(highest, weir.resident_bytes())
    assert highest - before < 32 << 20
