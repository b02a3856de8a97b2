# SPDX-License-Identifier: Apache-2.0
"""`weir slow-clients` against Weir, a server with known faults, and gRPC's own server: it finds what is there, and only that."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

import pytest

from bad_server_process import BadServer, alone_if_it_needs_quiet
from bench_run import METHOD, REQUEST, SMALL_REQUEST, BenchRun
from weir_process import ROOT, weir_binary

# What servers are given for what has to end, and the bench is told.
DEADLINE = "1s"
DEADLINES = [option for name in ("stall", "tail", "handshake", "frame", "request") for option in (f"--{name}-deadline", DEADLINE)]
NAMES = {
    "steady", "never-reads", "slow-reader", "trickle", "one-message-at-a-time", "zero-window", "zero-window-from-start",
    "stop-mid-message", "stop-before-trailers", "stall-then-recover-before", "stall-then-recover-after",
    "connection-window-hog", "sibling-starvation", "tcp-shut-http2-open", "window-shrink", "update-at-exhaustion",
    "no-settings-ack", "cancel-while-blocked", "vanish", "half-close", "goaway-while-blocked", "reset-storm",
    "ping-flood-unread", "settings-flood-unread", "idle-subscribers-then-burst", "slow-upload", "slow-headers",
    "slow-preface",
}
# All profiles in parts of about equal time, so that one part can run beside the other.
PARTS = [sorted(NAMES)[start::4] for start in range(4)]
# What a server that ignores stalls and buffers without bound cannot hide.
STALLING = {
    "never-reads", "zero-window", "zero-window-from-start", "stop-mid-message", "stop-before-trailers",
    "stall-then-recover-after", "connection-window-hog", "tcp-shut-http2-open", "goaway-while-blocked", "half-close",
}
# And where it is good all the same.
GOOD_ALL_THE_SAME = {
    "steady", "slow-reader", "one-message-at-a-time", "update-at-exhaustion", "slow-preface", "slow-upload",
}
# Each fault that a verdict claims to find, and a profile that must; the verdict is weak where the server does what matters, but
# badly, and "bad" is weak or fail where it depends on how fast the machine is. Any number of resets is no fault as long as
# nobody else notices, so "no-reset-limit" is not here.
FAULTS = {
    "ignores-stalls": {"never-reads": "fail", "tcp-shut-http2-open": "fail"},
    "ends-late": {"never-reads": "weak"},
    "buffers-without-bound": {"never-reads": "fail"},
    "resets-silently": {"never-reads": "weak"},
    "drops-connection": {"never-reads": "weak"},
    "no-message": {"never-reads": "weak"},
    "cuts-honest-readers": {"slow-reader": "fail"},
    "starves-siblings": {"sibling-starvation": "fail"},
    "one-connection-at-a-time": {"never-reads": "bad"},
    "leaks": {"never-reads": "fail"},
    "busy-loop": {"never-reads": "fail"},
    "violates-window": {"zero-window": "fail"},
    "silly-frames": {"trickle": "weak"},
    "answers-floods-unbounded": {"ping-flood-unread": "bad"},
    "no-settings-timeout": {"no-settings-ack": "weak"},
    "no-preface-deadline": {"slow-preface": "fail"},
    "no-header-deadline": {"slow-headers": "fail"},
    "no-request-deadline": {"slow-upload": "fail"},
    "ignores-resets": {"cancel-while-blocked": "fail"},
    "goaway-kills-streams": {"goaway-while-blocked": "fail"},
    "loses-data": {"stall-then-recover-before": "fail"},
    "window-shrink-breaks": {"window-shrink": "fail"},
    "forgets-update-at-exhaustion": {"update-at-exhaustion": "fail"},
}


def command(*options, timeout=60):
    """The command with these options: its exit code and what it said."""
    result = subprocess.run(
        [weir_binary(), "slow-clients", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, check=False)
    return result.returncode, result.stdout, result.stderr


def clear_line(code, errors, expected=2):
    """Whether it could not run and said why in one line."""
    return code == expected and errors.startswith("weir: ") and errors.count("\n") == 1 and len(errors) < 300


@pytest.mark.alone
def test_all_profiles_pass_against_weir(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    run = BenchRun(tmp_path, server.port, deadline=DEADLINE, pid=server.pid)
    assert run.code == 0 and set(run.verdicts.values()) == {"pass"}, run.told()
    assert set(run.verdicts) == NAMES
    assert run.report["isComplete"] and run.report["summary"]["pass"] == len(NAMES)
    for profile in run.report["profiles"]:
        assert profile["criterion"] and profile["figures"] and len(profile["samples"]) >= 2, profile["name"]
        assert profile["canary"]["calls"] > 0 and profile["process"]["isAlive"], profile["name"]
        assert all(sample["residentBytes"] for sample in profile["samples"]), profile["name"]
    suite = xml.etree.ElementTree.parse(run.junit_path).getroot()
    assert len(list(suite.iter("testcase"))) == len(NAMES) and not list(suite.iter("failure"))
    # A stream that never reads costs next to nothing, and is told why in words.
    stalled = run.profiles["never-reads"]
    assert stalled["figures"]["statusText"] == "8" and "stream_window" in stalled["figures"]["messageText"]
    # What the server held for clients that are gone is gone.
    server.wait_until_quiet()


@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
def test_a_server_that_ignores_stalls_and_buffers_fails_where_it_must(tmp_path, part):
    with BadServer("--fault", "ignores-stalls", "--fault", "buffers-without-bound") as server:
        run = BenchRun(
            tmp_path, server.port, profiles=",".join(part), deadline="1s", pid=server.process.pid, request=SMALL_REQUEST)
    assert run.code == 1, run.told()
    failed = {name for name, verdict in run.verdicts.items() if verdict == "fail"}
    assert STALLING & set(part) <= failed, run.told()
    # It treats those who read well, and knows its deadlines for what clients send.
    assert all(run.verdicts[name] == "pass" for name in GOOD_ALL_THE_SAME & set(part)), run.told()


@pytest.mark.alone
def test_the_same_server_without_faults_passes(tmp_path):
    with BadServer("--stall-deadline", DEADLINE) as server:
        run = BenchRun(tmp_path, server.port, deadline=DEADLINE, pid=server.process.pid)
    assert run.code == 0 and set(run.verdicts.values()) == {"pass"}, run.told()


@pytest.mark.parametrize("fault", alone_if_it_needs_quiet(FAULTS))
def test_each_fault_is_found(fault, tmp_path):
    expected = FAULTS[fault]
    with BadServer("--fault", fault) as server:
        run = BenchRun(tmp_path, server.port, profiles=",".join(expected), pid=server.process.pid)
    for profile, verdict in expected.items():
        assert run.verdicts[profile] in (("weak", "fail") if verdict == "bad" else (verdict,)), run.told()
    assert run.code == (1 if "fail" in run.verdicts.values() else 0)


@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
def test_it_runs_to_its_end_against_grpcio(tmp_path, part):
    # Verdicts of others' servers are for docs/slow-clients.md, not for a test: here they come after short waits.
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'protos'}", f"--python_out={stubs}",
         f"--grpc_python_out={stubs}", str(ROOT / "protos/weir/data/v1/data_service.proto")], check=True)
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "Benchmarks/Peers/python/server.py"), "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(stubs)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        assert line.startswith("listening on "), line
        run = BenchRun(
            tmp_path, int(line.rsplit(":", 1)[1]), profiles=",".join(part), deadline="300ms", duration="300ms", pid=server.pid,
            request=SMALL_REQUEST)
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()
    assert run.code in (0, 1) and run.report["isComplete"] and set(run.verdicts) == set(part), run.told()
    assert all(profile["process"]["isAlive"] for profile in run.report["profiles"]), run.told()


@pytest.mark.alone
def test_ctrl_c_ends_it_within_a_second_with_the_partial_report(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    file = tmp_path / "partial.json"
    process = subprocess.Popen(
        [weir_binary(), "slow-clients", "--target", server.target, "--method", METHOD, "--request-hex", REQUEST,
         "--profile", "steady,never-reads", "--duration", "1s", "--stall-deadline", "60s", "--json", str(file)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("steady: "), line
    server.wait_for(lambda s: s["suspended_senders"] >= 10, 10, "the streams that nobody reads")
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - sent < 1
    assert "ended before all profiles ran" in process.stdout.read()
    process.stdout.close()
    report = json.loads(file.read_text())
    assert not report["isComplete"]
    assert [profile["name"] for profile in report["profiles"]] == ["steady", "never-reads"]
    assert report["profiles"][1]["verdict"] == "inconclusive" and report["profiles"][1]["samples"]


def test_a_target_that_is_down_gives_one_clear_line():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, _, errors = command("--target", f"127.0.0.1:{port}", "--method", METHOD)
    assert clear_line(code, errors) and "refused" in errors, errors


@pytest.mark.parametrize("answer, word", [
    (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "HTTP/1"), (b"220 mail.example ESMTP\r\n", "HTTP/2"),
    (b"\x15\x03\x01\x00\x02\x02\x46", "TLS"), (b"", "HTTP/2"),
])
def test_a_target_that_does_not_speak_http2_gives_one_clear_line(answer, word):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            for _ in range(3):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    # The client goes away as soon as it has seen enough.
                    with contextlib.suppress(OSError):
                        connection.recv(1024)
                        connection.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        code, _, errors = command("--target", f"127.0.0.1:{listener.getsockname()[1]}", "--method", METHOD)
    assert clear_line(code, errors) and word in errors, errors


def test_a_target_without_the_method_gives_one_clear_line(start_weir):
    server = start_weir()
    code, _, errors = command("--target", server.target, "--method", "shop.v1.Shop/Watch")
    assert clear_line(code, errors) and "/shop.v1.Shop/Watch" in errors and "does not have" in errors, errors
    code, _, errors = command("--target", server.target, "--method", METHOD, "--request-hex", "0a026e6f")
    assert clear_line(code, errors) and "status 5" in errors, errors


@pytest.mark.parametrize("options, word", [
    (("--method", METHOD), "--target"), (("--target", "127.0.0.1:1"), "--method"),
    (("--target", "127.0.0.1", "--method", METHOD), "host:port"),
    (("--target", "192.0.2.1:80", "--method", METHOD), "--allow-remote"),
    (("--target", "127.0.0.1:1", "--method", "Watch"), "package.Service/Method"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--profile", "never"), "--list"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--request-hex", "0"), "hexadecimal"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--request-text", "a"), "--proto"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--stall-deadline", "soon"), "duration"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--streams", "100000"), "10000"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--json", "/nowhere/x.json"), "/nowhere/x.json"),
    (("--target", "127.0.0.1:1", "--method", METHOD, "--pid", "0"), "pid"),
    (("--compare", "/nowhere/a.json", "--html", "/tmp/x.html"), "/nowhere/a.json"), (("--nonsense",), "nonsense"),
])
def test_a_mistake_in_the_options_gives_one_clear_line(options, word):
    code, _, errors = command(*options)
    # Wrong use is 64, as with every command; a file that cannot be used is nobody's wrong word.
    expected = 2 if "nowhere" in word else 64
    assert clear_line(code, errors, expected) and word in errors, errors


def test_a_request_can_be_written_as_text(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    proto = str(ROOT / "protos/weir/data/v1/data_service.proto")
    base = ("--target", server.target, "--method", METHOD, "--profile", "steady", "--duration", "500ms")
    code, output, errors = command(
        *base, "--request-text", "max_chunks: 7 chunk_bytes: 1000", "--proto", proto, "-I", str(ROOT / "protos"),
        "--json", str(tmp_path / "a.json"))
    assert code == 0, output + errors
    control = json.loads((tmp_path / "a.json").read_text())["control"]
    assert control["largestMessageBytes"] in range(1000, 1020) and 7000 <= control["responseBytes"] < 7200
    code, _, errors = command(*base, "--request-text", "max_chunk: 7", "--proto", proto, "-I", str(ROOT / "protos"))
    assert clear_line(code, errors) and "max_chunk" in errors, errors
    code, _, errors = command(
        "--target", server.target, "--method", "weir.data.v1.DataService/Nothing", "--request-text", "", "--proto", proto,
        "-I", str(ROOT / "protos"))
    assert clear_line(code, errors, 64) and "Nothing" in errors, errors


def test_the_list_names_every_profile():
    code, output, _ = command("--list")
    assert code == 0 and NAMES <= set(output.split("\n"))


def test_output_that_nobody_reads_holds_up_neither_profiles_nor_the_end(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    file = tmp_path / "bench.json"
    process = subprocess.Popen(
        [weir_binary(), "slow-clients", "--target", server.target, "--method", METHOD, "--profile",
         "steady,slow-reader,one-message-at-a-time", "--duration", "500ms", "--stall-deadline", "1s", "--json", str(file)],
        stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    try:
        end = time.monotonic() + 60
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.05)
        report = json.loads(file.read_text())
        assert report["isComplete"] and len(report["profiles"]) == 3
        assert process.poll() is None, "the lines are not out yet"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130 and time.monotonic() - sent < 1
    finally:
        process.kill()
        process.wait(10)
        process.stderr.close()
        os.close(reader)


def test_a_report_that_cannot_be_written_leaves_the_others(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    base = ("--target", server.target, "--method", METHOD, "--profile", "steady", "--duration", "500ms")
    code, output, errors = command(*base, "--json", "/dev/full", "--html", str(tmp_path / "a.html"), "--junit", "/dev/full")
    assert code == 2 and errors.count("/dev/full cannot be written") == 2, errors
    assert (tmp_path / "a.html").stat().st_size > 1000 and "steady" in output


def test_a_process_that_is_not_the_server_is_warned_about(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    base = ("--target", server.target, "--method", METHOD, "--profile", "steady", "--duration", "500ms")
    code, _, errors = command(*base, "--pid", str(server.pid))
    assert code == 0 and errors == ""
    code, _, errors = command(*base, "--pid", str(os.getpid()))
    assert code == 0 and errors.startswith("weir: warning: ") and f"--pid {server.pid}" in errors, errors


def test_every_address_of_a_name_is_tried(start_weir, tmp_path):
    server = start_weir(*DEADLINES)
    code, output, errors = command(
        "--target", f"localhost:{server.port}", "--method", METHOD, "--profile", "steady", "--duration", "500ms")
    assert code == 0, output + errors
