# SPDX-License-Identifier: Apache-2.0
"""Fixtures: generated Python stubs, files to stream, a server per test module or per test, channels."""
import importlib
import os
import pathlib
import random
import sys
import types

import grpc
import grpc_tools.protoc
import pytest

from interop_cases import load_api
from weir_process import ROOT, WeirProcess, interop_server_binary, weir_binary

MIB = 1 << 20
# 64 KiB windows that do not grow: the bandwidth-delay probe off.
NARROW = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65535)]
# Channels to one target share a connection unless told otherwise.
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]

LARGE = os.environ.get("WEIR_LARGE") == "1"


def pytest_collection_modifyitems(items):
    if not LARGE:
        skip = pytest.mark.skip(reason="large transfers run with WEIR_LARGE=1")
        for item in items:
            if "large" in item.keywords:
                item.add_marker(skip)


def pytest_configure(config):
    config.addinivalue_line("markers", "large: takes long; runs only with WEIR_LARGE=1")
    config.addinivalue_line("markers", "alone: holds bounds of time or memory, and runs with no other test beside it")
    if not os.access(weir_binary(), os.X_OK):
        raise pytest.UsageError(f"there is no server at {weir_binary()}; build it or set WEIR_BINARY")


@pytest.fixture(scope="session")
def stubs_path(tmp_path_factory):
    """A directory with the Python code that Google's generator makes of the service's proto."""
    out = tmp_path_factory.mktemp("stubs")
    bundled = pathlib.Path(grpc_tools.protoc.__file__).parent / "_proto"
    result = grpc_tools.protoc.main([
        "protoc", f"-I{ROOT / 'protos'}", f"-I{bundled}", f"--python_out={out}", f"--grpc_python_out={out}",
        str(ROOT / "protos/weir/data/v1/data_service.proto"),
    ])
    assert result == 0, "grpc_tools.protoc could not read the proto"
    return out


@pytest.fixture(scope="session")
def api(stubs_path):
    """The generated modules: `api.pb` the messages, `api.Stub` the stub."""
    sys.path.insert(0, str(stubs_path))
    messages = importlib.import_module("weir.data.v1.data_service_pb2")
    services = importlib.import_module("weir.data.v1.data_service_pb2_grpc")
    return types.SimpleNamespace(pb=messages, Stub=services.DataServiceStub)


def write_lines(path, count, seed):
    """A text of `count` lines of 0 to 160 characters, some of them not ASCII, the last without its newline."""
    chooser = random.Random(seed)
    words = "sluice weir dam eddy riffle überfall 堰 gauge spill crest".split(" ")
    with open(path, "wb") as file:
        for number in range(count):
            line = f"{number} " + " ".join(chooser.choices(words, k=chooser.randrange(0, 20))) if number % 17 else ""
            file.write(line.encode() + (b"\n" if number < count - 1 else b"end"))


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory):
    """Files to stream: random bytes, text, edge cases, and links that stay inside or leave."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    folder = tmp_path_factory.mktemp("data")
    chooser = random.Random(2026)
    (folder / "random-20m.bin").write_bytes(chooser.randbytes(20_000_000))
    write_lines(folder / "lines-100k.txt", 100_000, seed=1)
    if LARGE:
        write_lines(folder / "lines-1m.txt", 1_000_000, seed=2)
    (folder / "empty").write_bytes(b"")
    (folder / "three-lines.txt").write_bytes(b"one\n\nthree without newline")
    (folder / "longest-line.txt").write_bytes(b"a\n" + b"b" * (MIB - 1) + b"\nc\n")
    (folder / "line-too-long.txt").write_bytes(b"a\n" + b"b" * (MIB + 1) + b"\nc\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "nested.txt").write_bytes(b"nested\n")
    (folder / "link-inside").symlink_to("sub/nested.txt")
    (folder / "link-outside").symlink_to(outside / "secret.txt")
    (folder / "directory-outside").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture(scope="session")
def large_file(data_directory):
    """One more file there, of 200 MB, which not every run needs."""
    path = data_directory / "random-200m.bin"
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(os.urandom(1_000_000))
    return path


@pytest.fixture
def start_weir(tmp_path, data_directory):
    """Starts servers of a test's own; each must be quiet at its end, end with 0 on SIGTERM, and leave nothing."""
    started = []

    def start(*options, data=data_directory):
        process = WeirProcess(tmp_path / f"weir-{len(started)}.log", *options, data=data)
        started.append(process)
        return process

    yield start
    try:
        for process in started:
            if process.process.poll() is None:
                process.wait_until_quiet()
                assert process.stop() == 0, process.log[-2000:]
    finally:
        for process in started:
            process.discard()


@pytest.fixture(scope="module")
def weir(tmp_path_factory, data_directory):
    """A server with default options that the tests of a module share."""
    process = WeirProcess(tmp_path_factory.mktemp("log") / "weir.log", data=data_directory)
    try:
        yield process
        process.wait_until_quiet()
        assert process.stop() == 0, process.log[-2000:]
    finally:
        process.discard()


@pytest.fixture
def open_channel(start_weir):  # so that channels are closed before servers are looked at
    """Opens channels that are closed when the test ends. Each has a connection of its own."""
    channels = []

    def open_one(server, options=()):
        channel = grpc.insecure_channel(server.target, options=[*OWN_CONNECTION, *options])
        channels.append(channel)
        grpc.channel_ready_future(channel).result(timeout=10)
        return channel

    yield open_one
    for channel in channels:
        channel.close()


@pytest.fixture
def stub(weir, open_channel, api):
    """A stub with default client options on the shared server."""
    return api.Stub(open_channel(weir))


@pytest.fixture(scope="session")
def testing(tmp_path_factory):
    """The generated modules of grpc.testing: `testing.pb` the messages, `testing.Stub` the stub."""
    return load_api(tmp_path_factory.mktemp("testing"))


@pytest.fixture(scope="module")
def interop_server(tmp_path_factory):
    """A `weir-interop-server` that the tests of a module share; nothing may be left on it, and it ends with 0 on SIGTERM."""
    binary = interop_server_binary()
    assert os.access(binary, os.X_OK), f"there is no server at {binary}; build it or set WEIR_INTEROP_SERVER"
    process = WeirProcess(tmp_path_factory.mktemp("log") / "interop.log", server=[binary])
    try:
        yield process
        process.wait_until_quiet()
        assert process.stop() == 0, process.log[-2000:]
    finally:
        process.discard()


@pytest.fixture
def case_channel(interop_server, open_channel):
    """A channel of the test's own to the server of the interoperability cases."""
    return open_channel(interop_server)


@pytest.fixture
def cases(case_channel, testing):
    """A stub with default client options on it."""
    return testing.Stub(case_channel)
