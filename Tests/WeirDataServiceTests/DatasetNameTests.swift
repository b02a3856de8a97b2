// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOPosix
import Testing

@testable import WeirDataService

@Suite("Names of data sets", .timeLimit(.minutes(5)))
struct DatasetNameTests {
    private func fixture() throws -> DatasetFixture {
        let fixture = try DatasetFixture()
        try fixture.directory.write("plain", text: "inside")
        try fixture.directory.write("a/b/deep", text: "inside")
        return fixture
    }

    @Test(
        "A name that leaves the directory is answered exactly like a missing file",
        arguments: [
            "missing", "..", "../x", "a/../plain", "a/b/../../plain", "a/..", ".", "./plain", "a/./b/deep", "/",
            "/plain",
            "/etc/passwd", "//plain", "a//b/deep", "plain/", "a/", "a", "a/b", "plain/x", "plain\0", "pla\0in", "\0",
            "plain\n", "%2e%2e/plain", "..\\plain", "PLAIN", " plain", "synthetic/", "/live", "live\0",
            String(repeating: "n", count: 255), String(repeating: "n", count: 256),
            String(repeating: "n", count: 40_000), String(repeating: "a/", count: 3_000) + "plain",
        ])
    func leavingName(_ name: String) async throws {
        let fixture = try fixture()
        let outcome = await fixture.failure(DatasetRequest(name: name))
        #expect(outcome.error as? DatasetError == .notFound)
        #expect("\(DatasetError.notFound)" == "no data set has this name")
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test(
        "Files of the directory and of its subdirectories open by their relative names",
        arguments: ["plain", "a/b/deep"])
    func relativeName(_ name: String) async throws {
        let chunks = try await fixture().chunks(DatasetRequest(name: name))
        #expect(chunks.map(\.text) == ["inside"])
    }

    @Test(
        "Names that merely look like dots are names", arguments: ["...", "..a", "a..", ".hidden", "a.b", "x/...", "\\"])
    func dottedName(_ name: String) async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write(name, text: "dots")
        #expect(try await fixture.chunks(DatasetRequest(name: name)).map(\.text) == ["dots"])
        #expect(try await fixture.listedFiles() == [name])
    }

    @Test("A link that stays inside opens what it points to")
    func linkInside() async throws {
        let fixture = try fixture()
        try fixture.directory.link("relative", to: "a/b/deep")
        try fixture.directory.link("absolute", to: fixture.directory.path("plain"))
        try fixture.directory.link("a/up", to: "../plain")
        try fixture.directory.link("dir", to: "a/b")
        try fixture.directory.link("chain", to: "relative")
        for name in ["relative", "absolute", "a/up", "dir/deep", "chain"] {
            #expect(try await fixture.chunks(DatasetRequest(name: name)).map(\.text) == ["inside"], "\(name)")
        }
    }

    @Test("A link that leads outside, nowhere or in a circle is answered exactly like a missing file")
    func linkOutside() async throws {
        let fixture = try fixture()
        let outside = try TemporaryDirectory()
        try outside.write("secret", text: "outside")
        try outside.write("sub/secret", text: "outside")
        // A sibling whose path begins with the directory's own must not pass for a child of it.
        let sibling = fixture.directory.path + "x"
        try #require(mkdir(sibling, 0o755) == 0)
        defer { rmdir(sibling) }
        try #require(symlink(outside.path("secret"), sibling + "/secret") == 0)
        defer { unlink(sibling + "/secret") }
        try #require(Glibc.link(outside.path("secret"), sibling + "/hard") == 0)
        defer { unlink(sibling + "/hard") }
        let links = [
            ("passwd", "/etc/passwd"), ("secret", outside.path("secret")), ("out", outside.path), ("self", "self"),
            ("one", "two"), ("two", "one"), ("gone", "nothing"), ("up", ".."), ("root", "/"), ("sibling", sibling),
            ("siblingfile", sibling + "/hard"), ("null", "/dev/null"), ("proc", "/proc/self/environ"),
            ("here", "."),
        ]
        for (name, target) in links { try fixture.directory.link(name, to: target) }
        let names =
            links.map(\.0) + [
                "out/secret", "out/sub/secret", "root/etc/passwd", "sibling/secret", "sibling/hard", "gone/x", "self/x",
                "up/\(outside.path.split(separator: "/").last ?? "")/secret",
            ]
        for name in names {
            let outcome = await fixture.failure(DatasetRequest(name: name))
            #expect(outcome.error as? DatasetError == .notFound, "\(name)")
        }
        #expect(try await fixture.listedFiles() == ["a/b/deep", "plain"])
        #expect(fixture.directory.openDescriptors() == 0)
        #expect(outside.openDescriptors() == 0)
    }

    @Test("A pipe, a socket and a directory are no data sets, and a pipe does not block")
    func specialFiles() async throws {
        let fixture = try fixture()
        try fixture.directory.makePipe("pipe")
        try fixture.directory.link("topipe", to: "pipe")
        for name in ["pipe", "topipe", "a"] {
            for framing in [DatasetRequest.Framing.bytes, .lines] {
                let outcome = await fixture.failure(DatasetRequest(name: name, framing: framing))
                #expect(outcome.error as? DatasetError == .notFound, "\(name)")
            }
        }
        #expect(try await fixture.listedFiles() == ["a/b/deep", "plain"])
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test("A link that is turned back and forth while it is opened never leads outside")
    func racingLink() async throws {
        let fixture = try fixture()
        let directory = fixture.directory
        let outside = try TemporaryDirectory()
        try outside.write("deep", text: "outside")
        try directory.link("turning", to: "a/b")
        try await withThrowingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    for target in [outside.path, directory.path("a/b")] {
                        try directory.link("next", to: target)
                        try #require(rename(directory.path("next"), directory.path("turning")) == 0)
                    }
                    await Task.yield()
                }
            }
            for _ in 0..<300 {
                let outcome = await fixture.failure(DatasetRequest(name: "turning/deep"))
                #expect(outcome.chunks.map(\.text) == (outcome.error == nil ? ["inside"] : []))
                #expect(try await fixture.listedFiles().filter { $0.hasPrefix("turning") }.isEmpty)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(outside.openDescriptors() == 0)
    }

    @Test("Names compare as bytes, so two ways to write one letter are two names")
    func namesAreBytes() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("\u{e9}", text: "composed")
        try fixture.directory.write("e\u{301}", text: "decomposed")
        #expect(try await fixture.chunks(DatasetRequest(name: "\u{e9}")).map(\.text) == ["composed"])
        #expect(try await fixture.chunks(DatasetRequest(name: "e\u{301}")).map(\.text) == ["decomposed"])
        let listed = try await fixture.listedFiles().map { Array($0.utf8) }
        #expect(listed == [Array("e\u{301}".utf8), Array("\u{e9}".utf8)])
    }

    @Test("A file named like a computed data set is hidden by it")
    func hiddenFile() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("synthetic", text: "file")
        try fixture.directory.write("live", text: "file")
        try fixture.directory.write("x/live", text: "file")
        let chunk = try await fixture.chunks(DatasetRequest(name: "synthetic", maxChunks: 1, chunkBytes: 4)).first
        #expect(chunk?.text != "file")
        #expect(try await fixture.catalog.list().map(\.name) == ["synthetic", "live", "x/live"])
    }

    @Test("Without a directory there are the computed data sets and no others")
    func noDirectory() async throws {
        let catalog = try DatasetCatalog(root: nil, liveRate: 1, threadPool: .singleton)
        #expect(try await catalog.list().map(\.name) == ["synthetic", "live"])
        await #expect(throws: DatasetError.notFound) { _ = try await catalog.open(DatasetRequest(name: "plain")) }
    }

    @Test(
        "A file without read permission is answered like a missing file and is not listed", .enabled(if: geteuid() != 0)
    )
    func unreadableFile() async throws {
        let fixture = try fixture()
        try fixture.directory.write("closed", text: "x")
        try #require(chmod(fixture.directory.path("closed"), 0) == 0)
        let outcome = await fixture.failure(DatasetRequest(name: "closed"))
        #expect(outcome.error as? DatasetError == .notFound)
        #expect(try await fixture.listedFiles() == ["a/b/deep", "plain"])
    }
}
