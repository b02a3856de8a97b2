# SPDX-License-Identifier: Apache-2.0
"""gRPC's interoperability client in Ruby, as Debian's package `ruby-grpc` carries it: its cases, its checks, nothing of ours."""
import glob
import subprocess

import pytest

CLIENTS = glob.glob("/usr/lib/*/rubygems-integration/*/gems/grpc-*/src/ruby/pb/test/client.rb")
CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "custom_metadata", "unimplemented_method", "unimplemented_service",
    "client_compressed_unary", "client_compressed_streaming",
]

pytestmark = pytest.mark.skipif(not CLIENTS, reason="ruby-grpc is not installed")


@pytest.mark.parametrize("case", CASES)
def test_ruby(interop_server, case):
    result = subprocess.run(
        ["ruby", CLIENTS[0], "--server_host=127.0.0.1", f"--server_port={interop_server.port}", "--use_tls=false",
         f"--test_case={case}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout[-1000:] + result.stderr[-3000:]
    interop_server.wait_until_quiet()
