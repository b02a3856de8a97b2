# SPDX-License-Identifier: Apache-2.0
"""`weir-interop-server` can be started by scripts that were made for gRPC's own interoperability servers."""
import subprocess

import pytest

from weir_process import WeirProcess, interop_server_binary


@pytest.mark.parametrize("options", [
    ["--port=0"], ["--port", "0"], ["-port=0"], ["-port", "0"], ["--port=0", "--use_tls=false"],
    ["--use_tls", "false", "--port=0"], ["-use_tls=false", "-use_alts=false", "-port=0"], ["--port=0", "--nouse_tls"],
    ["--use_alts=False", "--use_tls=0", "--port=0", "--tls_cert_file=/nowhere/server.pem", "--tls_key_file", "/nowhere/server.key",
     "--alts_handshaker_service_address="],
], ids=" ".join)
def test_flags_of_other_servers_are_taken(tmp_path, options):
    # The port is given by the options.
    process = WeirProcess(tmp_path / "log", *options, server=[interop_server_binary()], port=None)
    try:
        assert process.stop() == 0, process.log
    finally:
        process.discard()


@pytest.mark.parametrize("options, word", [
    (["--use_tls=true"], "no TLS yet"), (["--use_tls"], "no TLS yet"), (["-use_tls=true"], "no TLS yet"),
    (["--use_tls", "--port=0"], "no TLS yet"), (["--port=0", "--use_tls", "1"], "no TLS yet"),
    (["--use_alts=true"], "no ALTS"), (["--use_tls=maybe"], "maybe"), (["--use_tls", "maybe"], "no TLS yet"),
    (["--nonsense=1"], "nonsense"), (["--port=99999"], "65535"), (["--port=x"], "x"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_it_cannot_do_it_says(options, word):
    result = subprocess.run(
        [interop_server_binary(), *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode != 0 and result.stdout == ""
    assert result.stderr.startswith("Error: ") and word in result.stderr.split("\n", 1)[0]


def test_help_names_every_flag():
    result = subprocess.run([interop_server_binary(), "--help"], capture_output=True, text=True, timeout=20, check=True)
    assert all(name in result.stdout for name in ("--port", "--host", "--threads", "--use_tls", "--use_alts"))
