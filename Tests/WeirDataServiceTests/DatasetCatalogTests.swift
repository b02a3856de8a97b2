// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOPosix
import Testing

@testable import WeirDataService

@Suite("The catalog of data sets", .timeLimit(.minutes(5)))
struct DatasetCatalogTests {
    @Test("A directory that cannot be used is refused with its path and the reason")
    func unusableRoot() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", text: "x")
        let cases = [
            (directory.path("missing"), "No such file or directory"), (directory.path("file"), "Not a directory"),
            ("", "this is no path"), ("a\0b", "this is no path"),
        ]
        for (path, reason) in cases {
            #expect(throws: DatasetError.rootUnusable("data directory '\(path)': \(reason)")) {
                _ = try DatasetCatalog(root: path, liveRate: 1, threadPool: .singleton)
            }
        }
        #expect(directory.openDescriptors() == 0)
    }

    @Test("The directory may be given through a link, with a slash behind it or relative")
    func rootSpellings() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("data/file", text: "x")
        try directory.link("alias", to: "data")
        let relative = String(repeating: "../", count: 40) + directory.path("data").dropFirst()
        for path in [directory.path("alias"), directory.path("data/"), directory.path("data/../alias/."), relative] {
            let catalog = try DatasetCatalog(root: path, liveRate: 1, threadPool: .singleton)
            var reader = try await catalog.open(DatasetRequest(name: "file"))
            #expect(try await reader.next()?.text == "x", "\(path)")
        }
    }

    @Test("The root of the file system can be the directory")
    func fileSystemRoot() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", text: "x")
        let catalog = try DatasetCatalog(root: "/", liveRate: 1, threadPool: .singleton)
        var reader = try await catalog.open(DatasetRequest(name: String(directory.path("file").dropFirst())))
        #expect(try await reader.next()?.text == "x")
    }

    @Test("A directory that is exchanged for a link to another one serves nothing of the other")
    func exchangedRoot() async throws {
        let parent = try TemporaryDirectory()
        try parent.write("data/file", text: "inside")
        try parent.write("other/file", text: "outside")
        let catalog = try DatasetCatalog(root: parent.path("data"), liveRate: 1, threadPool: .singleton)
        try #require(rename(parent.path("data"), parent.path("moved")) == 0)
        try parent.link("data", to: "other")
        await #expect(throws: DatasetError.notFound) { _ = try await catalog.open(DatasetRequest(name: "file")) }
        let listing = try await catalog.listing()
        #expect(listing.entries.map(\.name) == ["synthetic", "live"])
        #expect(!listing.isComplete)
        #expect(parent.openDescriptors() == 0)
    }

    @Test(
        "A chunk size is refused one byte over the limit, whatever the data set",
        arguments: ["", "synthetic", "live", "file", "missing"], [DatasetRequest.Framing.bytes, .lines])
    func chunkLimit(name: String, framing: DatasetRequest.Framing) async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("file", text: "x\n")
        for size in [UInt32(1_048_577), .max] {
            let request = DatasetRequest(name: name, maxChunks: 1, chunkBytes: size, framing: framing)
            let outcome = await fixture.failure(request)
            let text = "chunk_bytes is \(size), and may be at most 1048576"
            #expect(outcome.error as? DatasetError == .invalid(text))
        }
        let allowed = DatasetRequest(name: name, maxChunks: 1, chunkBytes: 1_048_576, framing: framing)
        let outcome = await fixture.failure(allowed)
        #expect(outcome.error as? DatasetError == (name == "missing" ? .notFound : nil))
    }

    @Test(
        "A rate of live is refused outside its range",
        arguments: [0, -1, 0.000_999, 1_000_001, .infinity, .nan, -.infinity])
    func badRate(_ rate: Double) throws {
        let error = #expect(throws: DatasetError.self) {
            _ = try DatasetCatalog(root: nil, liveRate: rate, threadPool: .singleton)
        }
        #expect("\(error ?? .notFound)" == "the rate of live is \(rate) per second, and must be from 0.001 to 1000000")
    }

    @Test("A rate of live is accepted at both ends of its range", arguments: [0.001, 1, 1_000_000])
    func goodRate(_ rate: Double) throws {
        _ = try DatasetCatalog(root: nil, liveRate: rate, threadPool: .singleton)
    }

    @Test("A thread pool that does not run makes files unavailable, and leaves computed data sets alone")
    func stoppedPool() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", text: "x")
        let pool = NIOThreadPool(numberOfThreads: 1)
        let catalog = try DatasetCatalog(root: directory.path, liveRate: 1, threadPool: pool)
        let expected = DatasetError.unavailable("the service is stopping")
        await #expect(throws: expected) { _ = try await catalog.open(DatasetRequest(name: "file")) }
        await #expect(throws: expected) { _ = try await catalog.list() }
        var reader = try await catalog.open(DatasetRequest(name: ""))
        #expect(try await reader.next() != nil)
    }

    @Test("A pool that stops in the middle of a stream ends it with the same error")
    func poolStopsMidStream() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", sampleBytes(100_000))
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let catalog = try DatasetCatalog(root: directory.path, liveRate: 1, threadPool: pool)
        var reader = try await catalog.open(DatasetRequest(name: "file"))
        #expect(try await reader.next()?.sequence == 0)
        try await pool.shutdownGracefully()
        let error = await #expect(throws: DatasetError.self) {
            while try await reader.next() != nil {}
        }
        #expect(error == .unavailable("the service is stopping"))
    }

    @Test("Every error has a text that a client can act on, and no text names a path")
    func texts() {
        let texts: [(DatasetError, String)] = [
            (.notFound, "no data set has this name"),
            (.fileChanged, "the data set became shorter while it was read; start again"),
            (.unavailable("too many open files"), "the data set cannot be read now: too many open files"),
            (.readFailed("Input/output error"), "the data set could not be read: Input/output error"),
            (
                .lineTooLong(sequence: 7),
                "line 7 is longer than 1048576 bytes; ask for this data set in bytes, or resume behind that line"
            ),
        ]
        for (error, text) in texts { #expect("\(error)" == text) }
    }

    @Test(
        "What the kernel says about a name is hidden, and what it says about the process is not",
        arguments: [
            (ENOENT, DatasetError.notFound), (ENOTDIR, .notFound), (ELOOP, .notFound), (ENAMETOOLONG, .notFound),
            (EACCES, .notFound), (EPERM, .notFound), (ENXIO, .notFound), (ESTALE, .notFound),
            (EMFILE, .unavailable("too many open files")), (ENFILE, .unavailable("too many open files")),
            (ENOMEM, .unavailable("out of memory")), (EAGAIN, .unavailable("the file is held by another process")),
            (EIO, .readFailed("Input/output error")),
        ])
    func kernelErrors(code: Int32, error: DatasetError) {
        #expect(DatasetError.opening(code) == error)
    }
}
