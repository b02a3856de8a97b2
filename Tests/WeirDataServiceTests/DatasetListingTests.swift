// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import WeirDataService

@Suite("The list of data sets", .timeLimit(.minutes(5)))
struct DatasetListingTests {
    @Test("Computed data sets come first, then all files of the tree in the order of their names' bytes")
    func order() async throws {
        let fixture = try DatasetFixture()
        for name in ["b", "a/z", "a/b/c", "a.txt", "B", "\u{e4}", "a-1", "x/y"] { try fixture.directory.write(name) }
        try fixture.directory.makeDirectory("empty/inner")
        let listing = try await fixture.catalog.listing()
        #expect(listing.isComplete)
        #expect(
            listing.entries.map(\.name)
                == ["synthetic", "live", "B", "a-1", "a.txt", "a/b/c", "a/z", "b", "x/y", "\u{e4}"])
        #expect(listing.entries.prefix(2).map(\.kind) == [.synthetic, .live])
        #expect(listing.entries.prefix(2).allSatisfy { $0.sizeBytes == nil && $0.modified == nil })
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test("A file has its size and the time of its last change, also before 1970")
    func sizeAndTime() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("file", sampleBytes(12_345))
        try fixture.directory.write("old")
        func touch(_ name: String, _ seconds: Int, _ nanoseconds: Int) throws {
            let times = [
                timespec(tv_sec: seconds, tv_nsec: nanoseconds), timespec(tv_sec: seconds, tv_nsec: nanoseconds),
            ]
            try #require(utimensat(AT_FDCWD, fixture.directory.path(name), times, 0) == 0)
        }
        try touch("file", 1_700_000_000, 123_456_789)
        try touch("old", -1_000, 5)
        let files = try await fixture.catalog.list().filter { $0.kind == .file }
        #expect(
            files == [
                DatasetEntry(
                    name: "file", kind: .file, sizeBytes: 12_345,
                    modified: DatasetEntry.Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)),
                DatasetEntry(
                    name: "old", kind: .file, sizeBytes: 0,
                    modified: DatasetEntry.Timestamp(seconds: -1_000, nanoseconds: 5)),
            ])
    }

    @Test("Every name that is listed can be opened")
    func listedNamesOpen() async throws {
        let fixture = try DatasetFixture()
        for name in ["a", "d/e/f", "with space", "new\nline", "\\", "\u{1F600}"] {
            try fixture.directory.write(name, text: "x")
        }
        try fixture.directory.link("link", to: "d/e/f")
        let files = try await fixture.listedFiles()
        #expect(files.count == 7)
        for name in files { #expect(try await fixture.chunks(DatasetRequest(name: name)).map(\.text) == ["x"]) }
    }

    @Test(
        "Links to directories are not followed, so circles end and nothing is listed twice; links to files are listed")
    func links() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("a/file", text: "four")
        try fixture.directory.link("a/up", to: "..")
        try fixture.directory.link("a/self", to: ".")
        try fixture.directory.link("b", to: "a")
        try fixture.directory.link("outside", to: "/etc")
        try fixture.directory.link("passwd", to: "/etc/passwd")
        try fixture.directory.link("latest", to: "a/file")
        let listing = try await fixture.catalog.listing()
        #expect(listing.isComplete)
        #expect(listing.entries.dropFirst(2).map(\.name) == ["a/file", "latest"])
        #expect(listing.entries.last?.sizeBytes == 4)
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test("Names that are not UTF-8 are not listed, nor is what lies under them")
    func invalidNames() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("good")
        for bytes in [[0xFF], [0xC3], [0x61, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            let path = (Array(fixture.directory.path("").utf8) + bytes + [0]).map { CChar(bitPattern: $0) }
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
            try #require(descriptor >= 0)
            close(descriptor)
        }
        let directory = (Array(fixture.directory.path("").utf8) + [0xFE, 0]).map { CChar(bitPattern: $0) }
        try #require(mkdir(directory, 0o755) == 0)
        defer { rmdir(directory) }
        let listing = try await fixture.catalog.listing()
        #expect(listing.entries.dropFirst(2).map(\.name) == ["good"])
        for bytes in [[0xFF], [0xC3], [0x61, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            let path = (Array(fixture.directory.path("").utf8) + bytes + [0]).map { CChar(bitPattern: $0) }
            Glibc.unlink(path)
        }
    }

    @Test(
        "A list has at most the entries of its limit and says when there are more",
        arguments: [(7, true), (8, false), (0, true), (20, false)])
    func entryLimit(files: Int, complete: Bool) async throws {
        let fixture = try DatasetFixture(limits: DatasetListing.Limits(entries: 9))
        for number in 0..<files { try fixture.directory.write("d\(number % 3)/f\(number)") }
        let listing = try await fixture.catalog.listing()
        #expect(listing.entries.count == min(files + 2, 9))
        #expect(listing.isComplete == complete)
        #expect(listing.entries.prefix(2).map(\.name) == ["synthetic", "live"])
    }

    @Test("The service lists 10,000 entries and not one more")
    func serviceEntryLimit() async throws {
        let fixture = try DatasetFixture()
        for number in 0..<9_998 { try fixture.directory.write("f\(number)") }
        var listing = try await fixture.catalog.listing()
        #expect(listing.entries.count == 10_000)
        #expect(listing.isComplete)
        try fixture.directory.write("one more")
        listing = try await fixture.catalog.listing()
        #expect(listing.entries.count == 10_000)
        #expect(!listing.isComplete)
    }

    @Test("The service lists names of 32 components and not one more; deeper ones open all the same")
    func depthLimit() async throws {
        let fixture = try DatasetFixture()
        let deepest = String(repeating: "d/", count: 31) + "file"
        try fixture.directory.write(deepest)
        var listing = try await fixture.catalog.listing()
        #expect(listing.entries.dropFirst(2).map(\.name) == [deepest])
        #expect(listing.isComplete)
        let tooDeep = String(repeating: "d/", count: 32) + "file"
        try fixture.directory.write(tooDeep, text: "x")
        listing = try await fixture.catalog.listing()
        #expect(listing.entries.dropFirst(2).map(\.name) == [deepest])
        #expect(!listing.isComplete)
        #expect(try await fixture.chunks(DatasetRequest(name: tooDeep)).count == 1)
    }

    @Test(
        "A list looks at a limited number of names, whether they are listed or not",
        arguments: [(10, true), (11, false)])
    func nameLimit(names: Int, complete: Bool) async throws {
        let fixture = try DatasetFixture(limits: DatasetListing.Limits(examinedNames: 10))
        for number in 0..<names - 2 { try fixture.directory.makeDirectory("d\(number)") }
        try fixture.directory.makeDirectory("d0/e")
        try fixture.directory.write("d0/f")
        let listing = try await fixture.catalog.listing()
        #expect(listing.isComplete == complete)
    }

    @Test("A cancelled task gets no list")
    func cancellation() async throws {
        let catalog = try DatasetFixture().catalog
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await catalog.list()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
