# SPDX-License-Identifier: Apache-2.0
"""The command itself: what it prints, how it refuses, how it drains."""
import re
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest

from conftest import NARROW
from weir_process import WeirProcess, run_weir, weir_binary

pytestmark = pytest.mark.alone

OPTIONS = [
    "--host", "--port", "--data", "--threads", "--stall-deadline", "--tail-deadline", "--stream-buffer",
    "--max-concurrent-streams", "--live-rate", "--log-level", "--drain-grace", "--handshake-deadline",
    "--frame-deadline", "--request-deadline",
]


@pytest.fixture
def raw_weir(tmp_path, data_directory):
    """Starts a server whose end the test itself looks at."""
    started = []

    def start(*options):
        process = WeirProcess(tmp_path / f"weir-{len(started)}.log", *options, data=data_directory)
        started.append(process)
        return process

    yield start
    for process in started:
        process.discard()


def test_the_first_line_has_the_address_and_the_output_a_command_to_try(raw_weir):
    server = raw_weir()
    first = server.output[0]
    assert server.target in first
    assert server.stop() == 0
    text = "".join(server.output) + server.log
    assert "synthetic" in text and "live" in text
    assert re.search(rf"\b(curl|nghttp|grpcurl|python3?|weir call)\b.*{server.port}", text)


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("help", "serve")])
def test_help_is_given_with_exit_code_0(arguments):
    result = run_weir(*arguments)
    assert result.returncode == 0 and "USAGE" in result.stdout.upper()


def test_the_help_of_serve_teaches_every_option_with_its_default_and_an_example():
    text = run_weir("serve", "--help").stdout
    assert [option for option in OPTIONS if option not in text] == []
    for default in ("127.0.0.1", "50051", "60s", "64KiB", "1000", "info", "30s"):
        assert default in text, default
    assert re.search(r"weir serve --\S+", text), "an example to copy"


def assert_refused(result, *words):
    """One clear line on standard error and an exit code of sysexits."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert 64 <= result.returncode <= 78, (result.returncode, result.stderr)
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word.lower() in lines[0].lower(), lines[0]


def test_a_port_in_use_is_refused_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = str(taken.getsockname()[1])
        assert_refused(run_weir("serve", "--port", port), port)


@pytest.mark.parametrize("make", ["missing", "file"])
def test_a_bad_directory_is_refused_in_one_line(tmp_path, make):
    path = tmp_path / "data"
    if make == "file":
        path.write_text("a file")
    assert_refused(run_weir("serve", "--port", "0", "--data", str(path)), str(path))


@pytest.mark.parametrize("option, value", [
    ("--stall-deadline", "soon"), ("--stall-deadline", "-1s"), ("--stall-deadline", ""), ("--tail-deadline", "10"),
    ("--drain-grace", "1fortnight"), ("--stall-deadline", "99999999999999999999s"), ("--stream-buffer", "64potatoes"),
    ("--stream-buffer", "0"), ("--port", "65536"), ("--port", "-1"), ("--threads", "0"), ("--threads", "many"),
    ("--max-concurrent-streams", "0"), ("--live-rate", "0"), ("--live-rate", "nan"), ("--log-level", "loud"),
    ("--host", "not a host"), ("--handshake-deadline", "0s"), ("--frame-deadline", "0s"), ("--request-deadline", "0s"),
    ("--request-deadline", "1KiB"),
])
def test_a_bad_value_is_refused_in_one_line_that_names_the_option(option, value):
    arguments = ["serve", f"{option}={value}"] + ([] if option == "--port" else ["--port", "0"])
    result = run_weir(*arguments)
    assert_refused(result)
    line = result.stderr.strip().lower()
    assert option[2:] in line or (value and value.lower() in line), line


def test_an_unknown_option_is_refused_in_one_line():
    assert_refused(run_weir("serve", "--stal-deadline", "2s"), "--stal-deadline")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_with_0(raw_weir, number):
    server = raw_weir()
    begun = time.monotonic()
    server.signal(number)
    assert server.wait() == 0
    assert time.monotonic() - begun < 2


def test_a_server_with_an_idle_client_ends_at_once_with_0(raw_weir, open_channel):
    server = raw_weir()
    open_channel(server)
    begun = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - begun < 2


def test_a_stream_that_runs_when_the_server_drains_is_finished(raw_weir, open_channel, api):
    server = raw_weir("--live-rate", "20", "--drain-grace", "20s")
    stub = api.Stub(open_channel(server))
    call = stub.StreamData(api.pb.StreamRequest(dataset="live", max_chunks=30), timeout=30)
    got = [next(call)]
    server.signal(signal.SIGTERM)
    got += list(call)
    assert len(got) == 30 and call.code() == grpc.StatusCode.OK
    assert server.wait() == 0


def test_a_draining_server_takes_no_new_calls(raw_weir, open_channel, api):
    server = raw_weir("--drain-grace", "20s")
    stub = api.Stub(open_channel(server))
    call = stub.StreamData(api.pb.StreamRequest(dataset="live"), timeout=30)
    next(call)
    server.signal(signal.SIGTERM)
    server.wait_until_connections_are_refused()
    next(call)
    with pytest.raises(grpc.RpcError) as error:
        stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=2)
    assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    call.cancel()
    assert server.wait() == 0


@pytest.mark.parametrize("dataset", ["live", "synthetic"])
def test_a_stream_that_outlasts_the_grace_period_is_cut_at_it(raw_weir, open_channel, api, dataset):
    server = raw_weir("--drain-grace", "1s")
    stub = api.Stub(open_channel(server, NARROW))
    call = stub.StreamData(api.pb.StreamRequest(dataset=dataset, chunk_bytes=1000), timeout=30)
    next(call)
    begun = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert 0.9 <= time.monotonic() - begun <= 2.5
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE, error.value


def test_a_second_signal_ends_the_server_at_once(raw_weir, open_channel, api):
    server = raw_weir("--drain-grace", "60s")
    stub = api.Stub(open_channel(server))
    call = stub.StreamData(api.pb.StreamRequest(dataset="live"), timeout=60)
    next(call)
    server.signal(signal.SIGTERM)
    # Only when the first signal has been taken in is the second one a second one.
    server.wait_until_connections_are_refused()
    assert server.process.poll() is None, "the stream was to keep the server waiting"
    begun = time.monotonic()
    server.signal(signal.SIGTERM)
    server.wait(5)
    assert time.monotonic() - begun < 1
    with pytest.raises(grpc.RpcError):
        list(call)


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_any_number_of_threads_serves(raw_weir, open_channel, api, threads):
    server = raw_weir("--threads", threads)
    totals = []

    def one():
        stub = api.Stub(open_channel(server))
        request = api.pb.StreamRequest(max_chunks=100)
        totals.append(sum(len(chunk.payload) for chunk in stub.StreamData(request, timeout=30)))

    workers = [threading.Thread(target=one) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert totals == [1_600_000] * 8
    assert server.stop() == 0


def test_flags_come_before_the_environment_before_the_file(tmp_path, monkeypatch):
    file = tmp_path / "server.json"
    file.write_text("""{
      // of all three the flag wins
      "stallDeadline": "1s", "tailDeadline": "1s", "drainGrace": "1s", "port": 0,
      "methods": { "weir.data.v1.DataService/StreamData": { "idleDeadline": "10m" } }
    }""")
    monkeypatch.setenv("WEIR_STALL_DEADLINE", "2s")
    monkeypatch.setenv("WEIR_TAIL_DEADLINE", "2s")
    result = run_weir("serve", "--config", str(file), "--stall-deadline", "3s", "--print-config")
    assert result.returncode == 0, result.stderr
    shown = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert shown["stallDeadline"] == ["3s", "--stall-deadline"]
    assert shown["tailDeadline"] == ["2s", "WEIR_TAIL_DEADLINE"]
    assert shown["drainGrace"] == ["1s", f"{file}:3"] and shown["port"] == ["0", f"{file}:3"]
    assert shown["methods.weir.data.v1.DataService/StreamData.idleDeadline"] == ["10m", f"{file}:4"]
    assert shown["streamBuffer"] == ["64KiB", "default"]


@pytest.mark.parametrize("text, words", [
    ('{"stallDeadlin": "1s"}', ["server.json:1", "stallDeadlin is no setting", "did you mean stallDeadline?"]),
    ('{\n"streamBuffer": "64potatoes"}', ["server.json:2", "streamBuffer", "64KiB"]),
    ('{"streamBuffer": "64KiB",}', ["server.json:1"]),
    ('{"methods": {"shop.v1.Shop": {"tailDeadline": "5s"}}}', ["server.json:1", "shop.v1.Shop", "weir.data.v1.DataService"]),
    ('{"methods": {"weir.data.v1.DataService": {"port": 1}}}', ["server.json:1", "port", "stallDeadline"]),
    ('{"streamBuffer": "8MiB"}', ["server.json:1", "connectionSendBudget"]),
])
def test_a_mistake_in_the_file_is_refused_with_its_place_and_its_fix(tmp_path, text, words):
    file = tmp_path / "server.json"
    file.write_text(text)
    result = run_weir("serve", "--port", "0", "--config", str(file))
    assert result.returncode == 64
    assert_refused(result, *words)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    result = run_weir("serve", "--config", str(tmp_path / "none.json"))
    assert result.returncode == 66
    assert_refused(result, "none.json")


@pytest.mark.parametrize("arguments", [
    ("--help",), ("serve", "--help"), ("serve", "--print-config"), ("serve", "--port", "0"), ("slow-clients", "--list"),
])
def test_output_that_cannot_be_written_is_told_and_no_success(arguments):
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(
            [weir_binary(), *arguments], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20,
            check=False)
    assert result.returncode == 74
    assert_refused(result, "standard output cannot be written")
