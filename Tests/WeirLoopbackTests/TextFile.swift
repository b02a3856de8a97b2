// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads text files of this package.
enum TextFile {
    /// The file's text; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}

/// Lines without the white space around them.
struct Lines {
    private let lines: [String]

    init(_ text: String) {
        lines = text.split(separator: "\n").map { line in
            let front = line.drop { $0 == " " }
            return String(front.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// The lines between each pair of these two.
    func blocks(after start: String, until end: String) -> [[String]] {
        var blocks: [[String]] = []
        var block: [String]?
        for line in lines {
            if line == start {
                block = []
            } else if line == end, let lines = block {
                blocks.append(lines)
                block = nil
            } else {
                block?.append(line)
            }
        }
        return blocks
    }

    /// Whether these lines stand here, one behind the other.
    func contains(_ block: [String]) -> Bool {
        guard let first = block.first else { return false }
        return lines.indices.contains { index in
            lines[index] == first && lines[index...].starts(with: block)
        }
    }
}
