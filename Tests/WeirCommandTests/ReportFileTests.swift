// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import WeirCommand

/// How reports are written.
struct ReportFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/weir-report-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in names(in: folder) { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    private func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func content(_ path: String) throws -> String {
        String(decoding: try ReportFile.read(path, atMost: 1 << 20), as: UTF8.self)
    }

    @Test("whoever has the old report open reads the old report")
    func replaced() throws {
        try withFolder { folder in
            let path = "\(folder)/report.json"
            try ReportFile.write("the old one", to: path)
            let reader = open(path, O_RDONLY)
            defer { close(reader) }
            chmod(path, 0o640)
            try ReportFile.write("new", to: path)
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = read(reader, &bytes, bytes.count)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "the old one")
            #expect(try content(path) == "new")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
            #expect(names(in: folder) == ["report.json"], "nothing is left behind")
        }
    }

    @Test("the file behind a link is replaced, and not the link")
    func linked() throws {
        try withFolder { folder in
            try ReportFile.write("old", to: "\(folder)/real")
            try #require(symlink("\(folder)/real", "\(folder)/link") == 0)
            try ReportFile.write("new", to: "\(folder)/link")
            #expect(try content("\(folder)/real") == "new")
            var status = stat()
            #expect(lstat("\(folder)/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        }
    }

    @Test("a device is written as it is, and says what is wrong with it")
    func device() throws {
        try ReportFile.write("x", to: "/dev/null")
        #expect(throws: CommandFailure.self) { try ReportFile.write("x", to: "/dev/full") }
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("a report that cannot be written keeps no other from being written, and all failures are told")
    func several() throws {
        try withFolder { folder in
            let failure = #expect(throws: CommandFailure.self) {
                try ReportFile.writeAll([
                    ("\(folder)/missing/a", { "a" }), ("\(folder)/b", { "b" }), (nil, { "none" }),
                    ("\(folder)/missing/c", { "c" }), ("\(folder)/d", { "d" }),
                ])
            }
            #expect(failure?.message.contains("missing/a") == true && failure?.message.contains("missing/c") == true)
            #expect(failure?.code == .couldNotRun)
            #expect(names(in: folder) == ["b", "d"])
        }
    }

    @Test("looking whether a file can be written leaves no trace")
    func checked() throws {
        try withFolder { folder in
            try ReportFile.checkIsWritable("\(folder)/report.json")
            #expect(names(in: folder) == [])
            #expect(throws: CommandFailure.self) { try ReportFile.checkIsWritable("\(folder)/missing/report.json") }
        }
    }
}
