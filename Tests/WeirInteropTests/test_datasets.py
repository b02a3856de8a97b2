# SPDX-License-Identifier: Apache-2.0
"""The data sets: what is listed, what a name may reach, where the limits are."""
import os

import grpc
import pytest

from conftest import MIB, NARROW


def failure(stub, request):
    with pytest.raises(grpc.RpcError) as error:
        list(stub.StreamData(request, timeout=30))
    return error.value


def payloads(stub, request):
    return [chunk.payload for chunk in stub.StreamData(request, timeout=30)]


def test_listing_names_every_regular_file_with_its_size_and_time(stub, api, data_directory):
    listed = {d.name: d for d in stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10).datasets}
    assert listed["synthetic"].kind == api.pb.KIND_SYNTHETIC
    assert listed["live"].kind == api.pb.KIND_LIVE
    files = {name: d for name, d in listed.items() if d.kind == api.pb.KIND_FILE}
    expected = {
        str(path.relative_to(data_directory)): path.stat()
        for path in data_directory.rglob("*") if path.is_file() and not path.is_symlink() and not path.is_fifo()
    }
    assert set(expected) <= set(files)
    assert set(files) - set(expected) <= {"link-inside"}
    for name, stat in expected.items():
        assert files[name].size_bytes == stat.st_size
        assert files[name].modified.ToNanoseconds() == stat.st_mtime_ns


def test_every_listed_file_can_be_streamed(stub, api):
    for dataset in stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10).datasets:
        if dataset.kind == api.pb.KIND_FILE and dataset.size_bytes < 1000:
            assert sum(map(len, payloads(stub, api.pb.StreamRequest(dataset=dataset.name)))) == dataset.size_bytes


def test_names_that_leave_the_directory_are_not_found_and_tell_nothing(stub, api, data_directory):
    names = [
        "../secret.txt", "..", ".", "/etc/passwd", "sub/../../etc/passwd", "link-outside",
        "directory-outside/secret.txt", "directory-outside", "sub", "sub/", "pipe", "/", "//etc/passwd",
        "sub//nested.txt", "./three-lines.txt", "three-lines.txt/", "sub/../three-lines.txt", "three-lines.txt\0.png",
        "a" * 5000, "no-such-file", str(data_directory / "three-lines.txt"), "../" * 40 + "etc/passwd",
    ]
    texts = set()
    for name in names:
        error = failure(stub, api.pb.StreamRequest(dataset=name))
        assert error.code() == grpc.StatusCode.NOT_FOUND, (name, error.code(), error.details())
        told = error.details().replace(name, "")
        assert str(data_directory) not in told and "passwd" not in told and "secret" not in told
        texts.add(error.details().replace(name, "NAME") if name.isprintable() and len(name) < 100 else "NAME")
    texts.discard("NAME")
    assert len(texts) == 1, f"the text tells the cases apart: {texts}"


def test_links_that_stay_inside_are_followed(stub, api):
    assert payloads(stub, api.pb.StreamRequest(dataset="link-inside")) == [b"nested\n"]


@pytest.mark.parametrize("framing", ["FRAMING_BYTES", "FRAMING_LINES"])
def test_an_empty_file_is_a_stream_without_chunks(stub, api, framing):
    assert payloads(stub, api.pb.StreamRequest(dataset="empty", framing=api.pb.Framing.Value(framing))) == []


def test_the_last_line_may_lack_its_newline(stub, api):
    request = api.pb.StreamRequest(dataset="three-lines.txt", framing=api.pb.FRAMING_LINES)
    assert payloads(stub, request) == [b"one\n", b"\n", b"three without newline"]


@pytest.mark.parametrize("start, maximum, expected", [
    (0, 1, [b"one"]), (1, 2, [b"\n\nt", b"hre"]), (7, 0, [b"wli", b"ne"]), (8, 5, [b"ne"]), (9, 0, []), (10, 1, []),
    (2**64 - 1, 0, []), (0, 2**64 - 1, None), (2**64 - 1, 2**64 - 1, []),
])
def test_start_and_maximum_choose_the_chunks(stub, api, start, maximum, expected):
    request = api.pb.StreamRequest(dataset="three-lines.txt", chunk_bytes=3, start_sequence=start, max_chunks=maximum)
    got = payloads(stub, request)
    assert got == expected if expected is not None else b"".join(got) == b"one\n\nthree without newline"


@pytest.mark.parametrize("size, count", [(1, 20_000), (0, 2), (MIB, 1)])
def test_chunk_sizes_within_the_limit_are_kept(stub, api, size, count):
    for dataset in ("synthetic", "random-20m.bin"):
        got = payloads(stub, api.pb.StreamRequest(dataset=dataset, chunk_bytes=size, max_chunks=count))
        assert [len(p) for p in got] == [size or 16_000] * count


@pytest.mark.parametrize("size", [MIB + 1, 2**32 - 1])
@pytest.mark.parametrize("dataset", ["synthetic", "random-20m.bin", "live"])
def test_larger_chunks_are_refused_with_the_limit(stub, api, dataset, size):
    error = failure(stub, api.pb.StreamRequest(dataset=dataset, chunk_bytes=size))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "1048576" in error.details().replace(",", "") or "1 MiB" in error.details()


def test_a_line_of_the_largest_size_passes_and_a_longer_one_fails_clearly(stub, api):
    lines = payloads(stub, api.pb.StreamRequest(dataset="longest-line.txt", framing=api.pb.FRAMING_LINES))
    assert [len(line) for line in lines] == [2, MIB, 2]
    call = stub.StreamData(api.pb.StreamRequest(dataset="line-too-long.txt", framing=api.pb.FRAMING_LINES), timeout=30)
    assert next(call).payload == b"a\n"
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "1048576" in error.value.details().replace(",", "") or "1 MiB" in error.value.details()


def test_an_unknown_framing_is_refused_or_read_as_bytes(stub, api):
    # Open enums: a client of a later version may say 7. What must not happen is a trap.
    request = api.pb.StreamRequest.FromString(b"\x0a\x0fthree-lines.txt\x28\x07")
    try:
        assert b"".join(payloads(stub, request)) == b"one\n\nthree without newline"
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED)


def changing_file(tmp_path):
    folder = tmp_path / "changing"
    folder.mkdir()
    path = folder / "file"
    path.write_bytes(os.urandom(8 * MIB))
    return folder, path


def test_a_file_that_shrinks_in_mid_stream_ends_in_a_clear_status(start_weir, open_channel, api, tmp_path):
    folder, path = changing_file(tmp_path)
    server = start_weir(data=folder)
    call = api.Stub(open_channel(server, NARROW)).StreamData(
        api.pb.StreamRequest(dataset="file"), timeout=30)
    next(call)
    server.wait_for(lambda s: s["suspended_senders"] == 1, 5, "a stream in its middle")
    os.truncate(path, 3 * MIB)
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    assert error.value.code() in (
        grpc.StatusCode.DATA_LOSS, grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION)
    assert error.value.details() and str(folder) not in error.value.details()


def test_a_file_that_is_removed_in_mid_stream_is_read_to_its_end_or_ends_in_a_clear_status(
        start_weir, open_channel, api, tmp_path):
    folder, path = changing_file(tmp_path)
    content = path.read_bytes()
    server = start_weir(data=folder)
    call = api.Stub(open_channel(server, NARROW)).StreamData(
        api.pb.StreamRequest(dataset="file"), timeout=30)
    got = [next(call).payload]
    server.wait_for(lambda s: s["suspended_senders"] == 1, 5, "a stream in its middle")
    path.unlink()
    try:
        got += [chunk.payload for chunk in call]
        assert b"".join(got) == content
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.ABORTED, grpc.StatusCode.NOT_FOUND)


def test_live_never_ends_and_keeps_its_rate(start_weir, open_channel, api):
    server = start_weir("--live-rate", "100")
    stub = api.Stub(open_channel(server))
    chunks = list(stub.StreamData(api.pb.StreamRequest(dataset="live", max_chunks=50, start_sequence=10), timeout=10))
    assert chunks[0].sequence == 10 and len(chunks) == 50
    assert all(b.sequence - a.sequence == b.dropped + 1 for a, b in zip(chunks, chunks[1:]))
    with pytest.raises(grpc.RpcError) as error:
        list(stub.StreamData(api.pb.StreamRequest(dataset="live"), timeout=0.5))
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_without_a_directory_there_are_the_made_up_data_sets(tmp_path, open_channel, api, start_weir):
    server = start_weir(data=None)
    stub = api.Stub(open_channel(server))
    kinds = {d.name: d.kind for d in stub.ListDatasets(api.pb.ListDatasetsRequest(), timeout=10).datasets}
    assert kinds == {"synthetic": api.pb.KIND_SYNTHETIC, "live": api.pb.KIND_LIVE}
