# SPDX-License-Identifier: Apache-2.0
"""Ordinary HTTP/2 tools get correct answers: curl, nghttp and h2load, each with a request that a shell could make."""
import re
import shutil
import subprocess

import pytest

from wire_client import SERVICE, length_prefixed, split_messages

GRPC_HEADERS = ["-H", "content-type: application/grpc", "-H", "te: trailers"]


def run(*command, timeout=60):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)


def url(server, method="StreamData"):
    return f"http://{server.target}/{SERVICE}/{method}"


@pytest.fixture
def request_file(tmp_path, api):
    """Writes a request message to a file, as the tools' body."""
    def write(**fields):
        path = tmp_path / "request"
        path.write_bytes(length_prefixed(api.pb.StreamRequest(**fields).SerializeToString()))
        return path

    return write


def curl(server, tmp_path, *options, method="StreamData"):
    """Runs curl; returns its response head with the trailers, and the body."""
    body = tmp_path / "body"
    head = tmp_path / "head"
    result = run("curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "30",
                 "--output", str(body), "--dump-header", str(head), *options, url(server, method))
    assert result.returncode == 0, result.stderr
    return head.read_text(), body.read_bytes() if body.exists() else b""


def curl_as(server, tmp_path, content_type, *options):
    """Posts with this content type; returns the response's head."""
    fields = ["-X", "POST", "-H", f"content-type: {content_type}", "-H", "te: trailers"]
    return curl(server, tmp_path, *fields, *options)[0]


def test_the_tools_are_here():
    assert all(shutil.which(tool) for tool in ("curl", "nghttp", "h2load"))


def test_curl_gets_the_file_and_the_status(weir, tmp_path, request_file, data_directory):
    body = request_file(dataset="random-20m.bin", chunk_bytes=65_536)
    head, received = curl(weir, tmp_path, *GRPC_HEADERS, "--data-binary", f"@{body}")
    assert head.startswith("HTTP/2 200") and "content-type: application/grpc" in head
    assert re.search(r"^grpc-status: 0\r?$", head, re.MULTILINE)
    messages, rest = split_messages(received)
    assert rest == b"" and len(messages) == -(-20_000_000 // 65_536)


def test_curl_messages_decode_to_the_file(weir, api, tmp_path, request_file, data_directory):
    body = request_file(dataset="lines-100k.txt", chunk_bytes=16_000)
    _, received = curl(weir, tmp_path, *GRPC_HEADERS, "--data-binary", f"@{body}")
    messages, rest = split_messages(received)
    payloads = [api.pb.DataChunk.FromString(message).payload for message in messages]
    assert rest == b"" and b"".join(payloads) == (data_directory / "lines-100k.txt").read_bytes()


def test_nghttp_gets_every_message_and_the_trailers(weir, api, request_file):
    body = request_file(max_chunks=100, chunk_bytes=1000)
    plain = run("nghttp", *GRPC_HEADERS, "-d", str(body), url(weir))
    assert plain.returncode == 0, plain.stderr
    messages, rest = split_messages(plain.stdout)
    chunks = [api.pb.DataChunk.FromString(message) for message in messages]
    assert rest == b"" and [c.sequence for c in chunks] == list(range(100))
    assert {len(c.payload) for c in chunks} == {1000}

    verbose = run("nghttp", "-nv", *GRPC_HEADERS, "-d", str(body), url(weir)).stdout.decode()
    assert ":status: 200" in verbose and "content-type: application/grpc" in verbose
    assert re.search(r"grpc-status: 0$", verbose, re.MULTILINE)


@pytest.mark.parametrize("calls, connections, streams, chunks, size, threads", [
    (2000, 4, 50, 1, 100, 1),
    (200, 4, 10, 100, 1000, 1),
    (64, 2, 8, 16, 65_536, 1),
    (10, 10, 1, 1000, 1, 1),
])
def test_h2load_accounts_for_every_byte(weir, api, request_file, calls, connections, streams, chunks, size, threads):
    body = request_file(max_chunks=chunks, chunk_bytes=size)
    result = run("h2load", "-n", str(calls), "-c", str(connections), "-m", str(streams), "-t", str(threads),
                 "-d", str(body), *GRPC_HEADERS, url(weir))
    output = result.stdout.decode()
    assert result.returncode == 0, output
    per_call = sum(
        len(length_prefixed(api.pb.DataChunk(sequence=n, payload=bytes(size)).SerializeToString()))
        for n in range(chunks))
    assert f"requests: {calls} total, {calls} started, {calls} done, {calls} succeeded, 0 failed" in output
    assert f"status codes: {calls} 2xx, 0 3xx, 0 4xx, 0 5xx" in output
    data = int(re.search(r"traffic: .*, \S+ \((\d+)\) data", output).group(1))
    assert data == calls * per_call


def test_a_get_request_is_answered_405_with_what_is_allowed(weir, tmp_path):
    head, _ = curl(weir, tmp_path, *GRPC_HEADERS)
    assert head.startswith("HTTP/2 405")
    assert re.search(r"^allow: POST\r?$", head, re.MULTILINE)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/grpcx", "application/grp"])
def test_a_wrong_content_type_is_answered_415(weir, tmp_path, content_type):
    # Without a body: a refusal is complete before a body is, and curl 7.88 then gives up in the middle of its upload.
    head = curl_as(weir, tmp_path, content_type)
    assert head.startswith("HTTP/2 415")


@pytest.mark.parametrize("content_type", [
    "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
])
def test_every_form_of_the_grpc_content_type_is_served(weir, tmp_path, request_file, content_type):
    head = curl_as(weir, tmp_path, content_type, "--data-binary", f"@{request_file(max_chunks=1)}")
    assert head.startswith("HTTP/2 200") and re.search(r"^grpc-status: 0\r?$", head, re.MULTILINE)
