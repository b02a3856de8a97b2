# SPDX-License-Identifier: Apache-2.0
"""Checks peers that are built with a Python grpcio client: each byte of 64 MiB, limits, errors, and the end on SIGTERM.

    .venv-interop/bin/python Benchmarks/Peers/check.py [NAME]...
"""
import hashlib
import pathlib
import re
import signal
import subprocess
import sys
import time

import grpc

PEERS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(PEERS / ".build" / "python"))
sys.path.insert(0, str(PEERS / "python"))

from server import PATTERN, pb, services  # noqa: E402

NAMES = ["cpp", "go", "python", "python-aio"]
CHUNK, CHUNKS = 65_536, 1024


def payload(sequence, size):
    """What every peer streams under the name synthetic."""
    offset = sequence * 4099 % 65_536
    return PATTERN[offset:offset + size]


def refused(call):
    """The status of a call that must fail."""
    try:
        for _ in call:
            pass
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def check(port):
    """Asserts what is promised of a peer; returns the seconds that 64 MiB took."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = services.DataServiceStub(channel)
        begun = time.monotonic()
        digest, count = hashlib.sha256(), 0
        for chunk in stub.StreamData(pb.StreamRequest(chunk_bytes=CHUNK, max_chunks=CHUNKS), timeout=120):
            assert chunk.sequence == count, f"message {chunk.sequence} in place of {count}"
            digest.update(chunk.payload)
            count += 1
        seconds = time.monotonic() - begun
        expected = hashlib.sha256()
        for number in range(CHUNKS):
            expected.update(payload(number, CHUNK))
        assert count == CHUNKS and digest.digest() == expected.digest(), f"{count} messages, or not these bytes"
        request = pb.StreamRequest(dataset="synthetic", start_sequence=70_000, max_chunks=3)
        answer = [(chunk.sequence, chunk.payload) for chunk in stub.StreamData(request, timeout=20)]
        assert answer == [(number, payload(number, 16_000)) for number in range(70_000, 70_003)]
        endless = stub.StreamData(pb.StreamRequest(), timeout=60)
        for _ in range(1000):
            next(endless)
        endless.cancel()
        assert refused(stub.StreamData(pb.StreamRequest(dataset="x"), timeout=20)) is grpc.StatusCode.NOT_FOUND
        too_long = stub.StreamData(pb.StreamRequest(chunk_bytes=(1 << 20) + 1), timeout=20)
        assert refused(too_long) is grpc.StatusCode.INVALID_ARGUMENT
    return seconds


def main(names):
    """Starts, checks and stops each peer."""
    for name in names or NAMES:
        process = subprocess.Popen([PEERS / "start", name, "0"], stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
            assert found, f"{name} printed {line!r}"
            seconds = check(int(found.group(1)))
            process.send_signal(signal.SIGTERM)
            code = process.wait(20)
            assert code == 0, f"{name} ended with {code}"
        finally:
            process.kill()
            process.wait()
        print(f"{name}: 64 MiB in {seconds:.2f} s, and all else as promised", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
