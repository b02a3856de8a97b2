# SPDX-License-Identifier: Apache-2.0
"""What clients see that do not speak gRPC, or not HTTP/2: curl, nghttp, a TLS client, and frames written by hand."""
import shutil
import socket
import ssl
import subprocess

import pytest

from wire_client import SERVICE, WireClient


def curl(*options):
    """Runs curl; returns what it printed and its exit code."""
    result = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "10", *options],
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    return result.stdout.decode(), result.returncode


H2 = "--http2-prior-knowledge"


def test_the_tools_are_here():
    assert shutil.which("curl") and shutil.which("nghttp")


@pytest.mark.parametrize("options", [["--http1.1"], ["--http2"], ["--http1.1", "--data", "a=b"], ["--http1.0"]])
def test_curl_without_prior_knowledge_prints_what_to_do(weir, options):
    output, code = curl("-i", *options, f"http://{weir.target}/")
    assert code == 0 and output.startswith("HTTP/1.1 505 ")
    assert "gRPC" in output and "--http2-prior-knowledge" in output


def test_curl_with_a_large_body_over_http1_prints_what_to_do(weir, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(300_000))
    output, _ = curl("-i", "--http1.1", "-H", "expect:", "--data-binary", f"@{body}", f"http://{weir.target}/a/b")
    assert output.startswith("HTTP/1.1 505 ") and "gRPC" in output


@pytest.mark.parametrize("options, path, status, text", [
    ([], "/", "200", "gRPC"), (["--data", "a=b"], "/", "200", "gRPC"), ([], "/healthz", "200", "serving"),
    ([], "/index.html", "404", "POST /package.Service/Method"), (["-X", "DELETE"], "/", "405", "GET, HEAD, POST"),
    ([], f"/{SERVICE}/StreamData", "405", "POST"),
    (["-H", "content-type: application/json", "--data", "{}"], f"/{SERVICE}/StreamData", "415", "application/grpc"),
    (["-H", "x: " + "a" * 20_000], "/", "431", "16384"),
])
def test_curl_prints_a_text_with_every_answer(weir, options, path, status, text):
    output, code = curl("-i", H2, *options, f"http://{weir.target}{path}")
    assert code == 0 and output.startswith(f"HTTP/2 {status}") and text in output
    length = next(line for line in output.splitlines() if line.startswith("content-length: "))
    assert int(length.split(": ")[1]) == len(output.split("\r\n\r\n", 1)[1])


def test_curl_head_has_no_body(weir):
    output, code = curl("--head", H2, f"http://{weir.target}/")
    assert code == 0 and output.startswith("HTTP/2 200") and output.endswith("\r\n\r\n")


def test_nghttp_gets_and_posts_the_page(weir, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"x" * 10_000)
    for options in ([], ["-d", str(body)], ["-d", str(body), "--trailer", "x-checksum: 1"]):
        result = subprocess.run(["nghttp", *options, f"http://{weir.target}/"], capture_output=True, timeout=30,
                                check=False)
        assert result.returncode == 0 and b"gRPC" in result.stdout, result


def test_a_body_over_the_limit_is_413_and_the_connection_goes_on(weir):
    with WireClient(weir.port) as client:
        stream_id = client.begin(replace={":path": "/", "content-type": "text/plain"})
        sent = 0
        stream = client.streams[stream_id]
        while not stream.over and sent < 1_000_000:
            room = min(client.connection.local_flow_control_window(stream_id), 16_384)
            if room:
                client.send(stream_id, bytes(room))
                sent += room
            client.pump(0.01 if room else 0.2)
        assert stream.headers[":status"] == "413" and b"65536" in stream.data and sent < 300_000
        assert stream.reset_code in (None, 0)
        assert client.finish(client.call("ListDatasets", b""), 5).status == 0
    weir.wait_until_quiet()


def test_a_refusal_is_sent_before_a_body_ends_that_nobody_wants(weir):
    with WireClient(weir.port) as client:
        stream = client.finish(client.begin(replace={"content-type": "application/json"}), 5)
        assert stream.headers[":status"] == "415" and b"application/grpc" in stream.data and stream.ended


def test_a_window_of_one_byte_gets_the_text_a_byte_at_a_time(weir):
    with WireClient(weir.port, initial_window=1) as client:
        stream_id = client.begin(replace={":method": "GET", ":path": "/healthz", "content-type": None}, end_stream=True)
        stream = client.streams[stream_id]
        client.pump_until(lambda: len(stream.data) == 1, 5, "the first byte")
        client.grant(1_000, stream_id)
        assert bytes(client.finish(stream_id, 5).data) == b"serving\n"


def test_tls_on_a_plaintext_port_ends_at_once_and_is_logged(start_weir):
    server = start_weir()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain)
    server.wait_until_quiet()
    assert "TLS" in server.log and "plaintext" in server.log
